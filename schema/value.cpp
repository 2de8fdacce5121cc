#include "schema/value.h"

#include <cstdlib>

namespace pollux::schema {

const char* name_of(Quality quality) {
  switch (quality) {
    case Quality::good:
      return "good";
    case Quality::uncertain:
      return "uncertain";
    case Quality::stale:
      return "stale";
    case Quality::bad:
      return "bad";
    case Quality::unknown:
      return "unknown";
  }
  std::abort();
}

const char* name_of(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "none";
    case Reason::not_yet_observed:
      return "not_yet_observed";
    case Reason::reported_by_source:
      return "reported_by_source";
    case Reason::no_recent_event:
      return "no_recent_event";
    case Reason::division_by_zero:
      return "division_by_zero";
    case Reason::not_a_number:
      return "not_a_number";
    case Reason::overflow:
      return "overflow";
    case Reason::empty_input:
      return "empty_input";
    case Reason::input_not_good:
      return "input_not_good";
    case Reason::plugin_failed:
      return "plugin_failed";
  }
  std::abort();
}

const char* name_of(ValueType type) {
  switch (type) {
    case ValueType::number:
      return "number";
    case ValueType::boolean:
      return "boolean";
    case ValueType::symbol:
      return "symbol";
  }
  std::abort();
}

}  // namespace pollux::schema
