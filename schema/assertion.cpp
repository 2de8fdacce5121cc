#include "schema/assertion.h"

#include <cstdio>
#include <cstdlib>

namespace pollux::schema {

void assertion_failed(const char* condition, const char* meaning, const char* file, int line) {
  std::fprintf(stderr, "pollux: a bug: %s (%s) at %s:%d\n", meaning, condition, file, line);
  std::abort();
}

}  // namespace pollux::schema
