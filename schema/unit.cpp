#include "schema/unit.h"
