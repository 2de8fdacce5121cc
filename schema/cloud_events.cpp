#include "schema/cloud_events.h"
