#include "schema/aggregate.h"
