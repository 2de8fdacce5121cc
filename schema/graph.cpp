#include "schema/graph.h"
