#include "schema/model_file.h"
