// The data directory of a model of several domains: which domains lie in it, and backups of all of them.
// Format: DIRECTORY.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/journal/journal.h"
#include "actors/plant/plant.h"
#include "schema/model/model.h"
#include "schema/result.h"

namespace pollux::actors {

/// The division a directory was made for.
struct DirectoryDivision {
  std::string twin;
  std::vector<std::string> domains;
};

/// What the note in a data or backup directory says; nothing where there is none: then it is that of a model
/// of one domain, or new. Errors: corrupt, io.
schema::Result<std::optional<DirectoryDivision>> read_division(const std::string& directory);

/// Checks that a data directory is one for the domains of `model`; one that is new becomes it. Errors:
/// conflict, where it was made for another division; corrupt; io.
schema::Result<void> prepare_directory(const std::string& directory, const schema::Model& model);

/// Where the data of a domain lie: a sub-directory of its name; of the only one, the directory itself.
std::string directory_of(const std::string& directory, const schema::Model& model,
                         schema::DomainIndex domain);

/// Adds a backup of each domain to `directory`, by `take(name, its directory there)`, and notes which of them
/// belong together. Errors: those of `take`; conflict, where `directory` has backups of another division; io.
using TakeBackup =
    std::function<schema::Result<BackupInfo>(const std::string& domain, const std::string& directory)>;
schema::Result<PlantBackup> back_up_domains(const DirectoryDivision& division, const std::string& directory,
                                            const TakeBackup& take);

/// The same of a data directory of several domains that no server has open.
schema::Result<PlantBackup> back_up_plant_directory(const DirectoryDivision& division,
                                                    const std::string& data, const std::string& directory);

/// Those of all domains together, oldest first. Errors: corrupt, io.
schema::Result<std::vector<PlantBackup>> list_plant_backups(const std::string& directory);

/// Makes `data` what all domains were when backup `number` (0: the newest) was taken. Errors: as
/// `restore_backup`.
schema::Result<PlantBackup> restore_plant_backup(const DirectoryDivision& division,
                                                 const std::string& directory, std::uint32_t number,
                                                 const std::string& data);

}  // namespace pollux::actors
