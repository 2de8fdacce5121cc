#include "actors/twin.h"
