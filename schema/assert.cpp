#include "schema/assert.h"

#include <cstdio>
#include <cstdlib>

namespace pollux::schema {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: this is a bug in pollux: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace pollux::schema
