#include "server/cli/data_directories.h"

namespace pollux::server::cli {

schema::Result<std::vector<DomainDirectory>> data_directories(const std::string& directory,
                                                              const std::string& domain) {
  const auto division = actors::read_division(directory);
  if (!division.ok()) return division.error();
  if (!*division && domain.empty()) return std::vector<DomainDirectory>{{"", directory}};
  if (!*division) {
    return schema::Error{schema::ErrorCode::invalid, "this directory is not divided into domains", directory,
                         "leave out --domain"};
  }
  std::vector<DomainDirectory> found;
  std::string known;
  for (const std::string& name : (**division).domains) {
    known += (known.empty() ? "" : ", ") + name;
    if (domain.empty() || domain == name) found.push_back({name, directory + "/" + name});
  }
  if (!found.empty()) return found;
  return schema::Error{schema::ErrorCode::invalid, "there is no domain `" + domain + "` in it", directory,
                       "it has " + known};
}

}  // namespace pollux::server::cli
