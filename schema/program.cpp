#include "schema/program.h"
