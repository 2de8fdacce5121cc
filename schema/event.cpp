#include "schema/event.h"
