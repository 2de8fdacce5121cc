#include "schema/assert.h"

#include <cstdio>
#include <cstdlib>

namespace pollux::schema {

void assertion_failed(const char* condition, const char* reason, const char* file, int line) {
  std::fprintf(stderr, "pollux: a bug at %s:%d: %s (%s)\n", file, line, reason, condition);
  std::abort();
}

}  // namespace pollux::schema
