#include "schema/model.h"
