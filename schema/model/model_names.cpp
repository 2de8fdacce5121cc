// The words of the model as people write and read them.
#include "schema/diagnostic.h"
#include "schema/model/model.h"

namespace pollux::schema {

std::string Model::nearest_entity(std::string_view id) const {
  return nearest_name(id, ids());
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::asset:
      return "asset";
    case Kind::process:
      return "process";
    case Kind::constraint:
      return "constraint";
    case Kind::flow:
      return "flow";
    case Kind::resource:
      return "resource";
  }
  return "";
}

const char* name_of(Role role) {
  switch (role) {
    case Role::parameter:
      return "parameter";
    case Role::observed:
      return "observed";
    case Role::derived:
      return "derived";
    case Role::state:
      return "state";
    case Role::memory:
      return "memory";
  }
  return "";
}

const char* name_of(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::critical:
      return "critical";
  }
  return "";
}

const char* name_of(Statistic statistic) {
  switch (statistic) {
    case Statistic::min:
      return "min";
    case Statistic::max:
      return "max";
    case Statistic::mean:
      return "mean";
    case Statistic::stddev:
      return "stddev";
    case Statistic::quantile:
      return "quantile";
  }
  return "";
}

}  // namespace pollux::schema
