#include "schema/result.h"

namespace pollux::schema {

std::string Error::text() const {
  std::string line = where.empty() ? message : where + ": " + message;
  if (!advice.empty()) line += " (" + advice + ")";
  return line;
}

}  // namespace pollux::schema
