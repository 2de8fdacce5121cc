#include "monitoring/logging.h"
