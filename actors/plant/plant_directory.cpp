#include "actors/plant/plant_directory.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "actors/storage/backup.h"

namespace pollux::actors {

namespace fs = std::filesystem;
using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

// No domain can have these names: theirs have no dot.
constexpr const char* kDivisionFile = "pollux.domains";
constexpr const char* kBackupsFile = "pollux.backups";
constexpr std::string_view kDivisionMagic = "pollux domains 1";
constexpr std::string_view kBackupsMagic = "pollux backups 1";
constexpr const char* kReplayAdvice =
    "use the model that declares these domains, or a new directory and send the events again; what is "
    "recorded is not moved from one domain to another";

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "`" : ", `") + name + "`";
  return text;
}

Result<void> write_durably(const std::string& directory, const char* name, const std::string& text) {
  rocksdb::Env& env = *rocksdb::Env::Default();
  const std::string path = directory + "/" + name;
  const std::string fresh = path + ".new";
  std::unique_ptr<rocksdb::Directory> entries;
  rocksdb::Status status = env.CreateDirIfMissing(directory);
  if (status.ok()) status = rocksdb::WriteStringToFile(&env, text, fresh, true);
  if (status.ok()) status = env.RenameFile(fresh, path);
  if (status.ok()) status = env.NewDirectory(directory, &entries);
  if (status.ok()) status = entries->Fsync();
  if (status.ok()) return {};
  return Error{ErrorCode::io, "cannot be written: " + status.ToString(), path,
               "check space, permissions and the disk"};
}

Result<void> make_directories(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error) return {};
  return Error{ErrorCode::io, "cannot be made: " + error.message(), directory, "check the permissions"};
}

/// The lines after the first, which must be `magic`; nothing where there is no such file.
Result<std::optional<std::vector<std::string>>> read_lines(const std::string& directory, const char* name,
                                                           std::string_view magic) {
  using Lines = std::vector<std::string>;
  const std::string path = directory + "/" + name;
  std::error_code ignored;  // what cannot be looked at is not there
  if (!fs::exists(path, ignored)) return std::optional<Lines>();
  std::string text;
  const auto status = rocksdb::ReadFileToString(rocksdb::Env::Default(), path, &text);
  if (!status.ok()) return Error{ErrorCode::io, "cannot be read: " + status.ToString(), path, ""};
  std::istringstream in(text);
  Lines lines;
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  if (lines.empty() || lines.front() != magic) {
    return Error{ErrorCode::corrupt, "this does not begin with `" + std::string(magic) + "`", path,
                 "use the version of pollux that wrote it, or a backup"};
  }
  lines.erase(lines.begin());
  return std::optional(std::move(lines));
}

std::string text_of(const DirectoryDivision& division) {
  std::string text = std::string(kDivisionMagic) + "\ntwin " + division.twin + "\n";
  for (const std::string& name : division.domains) text += "domain " + name + "\n";
  return text;
}

DirectoryDivision division_of(const schema::Model& model) {
  DirectoryDivision division{model.name(), {}};
  for (schema::DomainIndex d = 0; d < model.domain_count(); ++d) {
    division.domains.push_back(model.domain_name(d));
  }
  return division;
}

/// Those of `these` that `others` lack.
std::vector<std::string> lacking(const std::vector<std::string>& these,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> result;
  for (const std::string& name : these) {
    if (std::ranges::find(others, name) == others.end()) result.push_back(name);
  }
  return result;
}

Result<void> check_same(const DirectoryDivision& made_for, const DirectoryDivision& wanted,
                        const std::string& directory) {
  if (made_for.twin != wanted.twin) {
    return Error{
        ErrorCode::conflict,
        "this directory belongs to twin `" + made_for.twin + "`, the model is of twin `" + wanted.twin + "`",
        directory, "use the directory of `" + wanted.twin + "`, or a new one"};
  }
  const auto gone = lacking(made_for.domains, wanted.domains);
  const auto fresh = lacking(wanted.domains, made_for.domains);
  if (gone.empty() && fresh.empty()) return {};
  std::string what = "this directory was made for the domains " + list_of(made_for.domains);
  if (!gone.empty()) what += "; the model no longer has " + list_of(gone);
  if (!fresh.empty()) what += "; " + list_of(fresh) + (fresh.size() == 1 ? " is" : " are") + " new";
  return Error{ErrorCode::conflict, std::move(what), directory, kReplayAdvice};
}

std::string line_of(const DirectoryDivision& division, const PlantBackup& backup) {
  std::string line = std::to_string(backup.whole.number) + " " + std::to_string(backup.whole.taken) + " " +
                     std::to_string(backup.whole.bytes);
  for (std::size_t d = 0; d < division.domains.size(); ++d) {
    line += " " + division.domains[d] + " " + std::to_string(backup.domains[d].number) + " " +
            std::to_string(backup.domains[d].taken) + " " + std::to_string(backup.domains[d].bytes);
  }
  return line;
}

std::optional<PlantBackup> parse_line(const DirectoryDivision& division, const std::string& line) {
  std::istringstream in(line);
  PlantBackup backup;
  in >> backup.whole.number >> backup.whole.taken >> backup.whole.bytes;
  for (const std::string& name : division.domains) {
    std::string found;
    BackupInfo& info = backup.domains.emplace_back();
    in >> found >> info.number >> info.taken >> info.bytes;
    if (!in || found != name) return std::nullopt;
  }
  return backup;
}

Result<std::vector<PlantBackup>> read_backups(const DirectoryDivision& division,
                                              const std::string& directory) {
  const auto lines = read_lines(directory, kBackupsFile, kBackupsMagic);
  if (!lines.ok()) return lines.error();
  std::vector<PlantBackup> all;
  if (!*lines) return all;
  for (const std::string& line : **lines) {
    const auto backup = parse_line(division, line);
    if (!backup) {
      return Error{ErrorCode::corrupt, "`" + line + "` does not say which backups belong together",
                   directory + "/" + kBackupsFile, ""};
    }
    all.push_back(*backup);
  }
  return all;
}

/// Of a directory that has backups of several domains.
Result<DirectoryDivision> division_of_backups(const std::string& directory) {
  const auto division = read_division(directory);
  if (!division.ok()) return division.error();
  if (*division) return **division;
  return Error{ErrorCode::not_found, "there are no backups of several domains in this directory", directory,
               "name the directory that `pollux backup` wrote to"};
}

}  // namespace

Result<std::optional<DirectoryDivision>> read_division(const std::string& directory) {
  const auto lines = read_lines(directory, kDivisionFile, kDivisionMagic);
  if (!lines.ok()) return lines.error();
  if (!*lines) return std::optional<DirectoryDivision>();
  DirectoryDivision division;
  for (const std::string& line : **lines) {
    if (line.starts_with("twin ")) division.twin = line.substr(5);
    if (line.starts_with("domain ")) division.domains.push_back(line.substr(7));
  }
  if (division.domains.size() > 1) return std::optional(std::move(division));
  return Error{ErrorCode::corrupt, "this names fewer than two domains", directory + "/" + kDivisionFile,
               "restore it from a backup of the directory"};
}

Result<void> prepare_directory(const std::string& directory, const schema::Model& model) {
  const auto made_for = read_division(directory);
  if (!made_for.ok()) return made_for.error();
  if (model.domain_count() == 1) {
    if (!*made_for) return {};
    return Error{ErrorCode::conflict,
                 "this directory was made for the domains " + list_of((**made_for).domains) + " of twin `" +
                     (**made_for).twin + "`, and the model is not divided",
                 directory, kReplayAdvice};
  }
  const DirectoryDivision wanted = division_of(model);
  if (*made_for) return check_same(**made_for, wanted, directory);
  std::error_code ignored;
  if (fs::is_regular_file(fs::path(directory) / "CURRENT", ignored)) {
    return Error{ErrorCode::conflict,
                 "this directory was made for a model that is not divided, and the model has the domains " +
                     list_of(wanted.domains),
                 directory, kReplayAdvice};
  }
  for (const std::string& name : wanted.domains) {
    if (!fs::exists(fs::path(directory) / name / "CURRENT", ignored)) continue;
    return Error{ErrorCode::conflict,
                 "this directory holds data of domain `" + name + "` but lacks the file " + kDivisionFile +
                     ", which is written before them and by a restore after them",
                 directory, "if it comes of a restore that was broken off, remove it and restore again"};
  }
  if (auto made = make_directories(directory); !made.ok()) return made;
  return write_durably(directory, kDivisionFile, text_of(wanted));
}

std::string directory_of(const std::string& directory, const schema::Model& model,
                         schema::DomainIndex domain) {
  return model.domain_count() == 1 ? directory : directory + "/" + model.domain_name(domain);
}

Result<PlantBackup> back_up_domains(const DirectoryDivision& division, const std::string& directory,
                                    const TakeBackup& take) {
  const auto known = read_division(directory);
  if (!known.ok()) return known.error();
  if (*known) {
    if (auto same = check_same(**known, division, directory); !same.ok()) return same.error();
  } else if (auto made = make_directories(directory); !made.ok()) {
    return made.error();
  }
  // The order in which they were noted is the order of the lines.
  const DirectoryDivision& noted = *known ? **known : division;
  if (!*known) {
    if (auto written = write_durably(directory, kDivisionFile, text_of(division)); !written.ok())
      return written.error();
  }
  auto all = read_backups(noted, directory);
  if (!all.ok()) return all.error();
  PlantBackup backup;
  backup.whole.number = all->empty() ? 1 : all->back().whole.number + 1;
  for (const std::string& name : noted.domains) {
    const auto taken = take(name, directory + "/" + name);
    if (!taken.ok()) return taken.error();
    backup.domains.push_back(*taken);
    backup.whole.taken = std::max(backup.whole.taken, taken->taken);
    backup.whole.bytes += taken->bytes;
  }
  all->push_back(backup);
  std::string text = std::string(kBackupsMagic) + "\n";
  for (const PlantBackup& each : *all) text += line_of(noted, each) + "\n";
  if (auto written = write_durably(directory, kBackupsFile, text); !written.ok()) return written.error();
  return backup;
}

Result<PlantBackup> back_up_plant_directory(const DirectoryDivision& division, const std::string& data,
                                            const std::string& directory) {
  return back_up_domains(division, directory, [&](const std::string& domain, const std::string& own) {
    return back_up_directory(data + "/" + domain, own);
  });
}

Result<std::vector<PlantBackup>> list_plant_backups(const std::string& directory) {
  const auto division = division_of_backups(directory);
  if (!division.ok()) return division.error();
  return read_backups(*division, directory);
}

Result<PlantBackup> restore_plant_backup(const DirectoryDivision& division, const std::string& directory,
                                         std::uint32_t number, const std::string& data) {
  const auto all = read_backups(division, directory);
  if (!all.ok()) return all.error();
  const auto wanted =
      number == 0 && !all->empty()
          ? std::prev(all->end())
          : std::ranges::find_if(*all, [&](const PlantBackup& each) { return each.whole.number == number; });
  if (wanted == all->end()) {
    return Error{ErrorCode::not_found, "cannot restore: there is no such backup", directory,
                 "`pollux restore --list` shows what there is"};
  }
  std::error_code error;
  if (fs::exists(data, error) && !fs::is_empty(data, error)) {
    return Error{ErrorCode::conflict, "this directory is not empty; nothing was changed", data,
                 "restore to a new directory, then move it where it is to be"};
  }
  if (auto made = make_directories(data); !made.ok()) return made.error();
  for (std::size_t d = 0; d < division.domains.size(); ++d) {
    const std::string& name = division.domains[d];
    const auto restored =
        restore_backup(directory + "/" + name, wanted->domains[d].number, data + "/" + name);
    if (!restored.ok()) return restored.error();
  }
  // Last: without it nothing takes what is here for a whole.
  if (auto written = write_durably(data, kDivisionFile, text_of(division)); !written.ok())
    return written.error();
  return *wanted;
}

}  // namespace pollux::actors
