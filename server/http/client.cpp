#include "server/http/client.h"
