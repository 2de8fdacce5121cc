// The data directories of a twin's domains, for the verbs that look into them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/plant/plant_directory.h"
#include "schema/result.h"

namespace pollux::server::cli {

/// Where the data of one domain lie.
struct DomainDirectory {
  std::string domain;  ///< Empty where the directory is that of a model of one domain.
  std::string path;
};

/// Those in `directory`: of each domain, or of `domain` alone where that is not empty, or the directory
/// itself where it holds none. Errors: invalid (there is no such domain), corrupt, io.
schema::Result<std::vector<DomainDirectory>> data_directories(const std::string& directory,
                                                              const std::string& domain);

}  // namespace pollux::server::cli
