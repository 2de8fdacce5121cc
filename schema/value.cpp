#include "schema/value.h"
