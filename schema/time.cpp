#include "schema/time.h"
