#include "actors/journal.h"
