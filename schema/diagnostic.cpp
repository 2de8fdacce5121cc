#include "schema/diagnostic.h"
