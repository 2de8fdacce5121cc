#include "schema/epoch_codec.h"
