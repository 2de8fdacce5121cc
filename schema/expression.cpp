#include "schema/expression.h"
