#include "actors/storage/rocksdb_faults.h"

#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace pollux::actors {

namespace fs = std::filesystem;
using schema::Error;
using schema::ErrorCode;

const char* const kDamageAdvice =
    "nothing was changed; copy the directory away for analysis and restore it from a backup, or start with a "
    "new "
    "directory and replay the sources; do not delete single files";

void RocksdbWarnings::Logv(const char* format, va_list arguments) {
  std::array<char, kBytesMax> line;
  std::vsnprintf(line.data(), line.size(), format, arguments);
  const std::scoped_lock lock(mutex_);
  if (lines_.size() == kKept) lines_.pop_front();
  lines_.emplace_back(line.data());
}

std::string RocksdbWarnings::text() const {
  const std::scoped_lock lock(mutex_);
  std::string all;
  for (const std::string& line : lines_) all += line + "\n";
  return all;
}

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool is_held_lock(const std::string& text) {
  return contains(text, "While lock file") || contains(text, "lock hold by current process");
}

// RocksDB has no code for EDQUOT, only the system's text. It is got over as a full disk is: the store is
// opened again, which writes what its logs hold to new files, and the same append is repeated.
bool is_used_up_quota(const std::string& text) {
  return contains(text, std::generic_category().message(EDQUOT));
}

// The first file of the directory that a text names, by its path or by its name alone.
std::optional<std::string> file_named_in(rocksdb::Env& env, const std::string& text,
                                         const std::string& directory) {
  constexpr auto kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  if (const auto at = text.find(directory + "/"); at != std::string::npos) {
    const auto name = at + directory.size() + 1;
    fs::path file = text.substr(at, text.find_first_not_of(kNameCharacters, name) - at);
    // Where an .sst is missing, RocksDB looks for it under its name of long ago and reports that.
    if (file.extension() == ".ldb") file.replace_extension(".sst");
    return file.string();
  }
  std::vector<std::string> names;  // none in an unreadable directory; the directory itself is reported then
  env.GetChildren(directory, &names).PermitUncheckedError();
  for (const std::string& name : names) {
    if (name.size() > 2 && contains(text, name)) return directory + "/" + name;
  }
  return std::nullopt;
}

/// The first table whose blocks do not match their checksums; nothing when all do.
std::optional<std::string> damaged_table(rocksdb::Env& env, const std::string& directory) {
  rocksdb::Options options;
  options.env = &env;
  std::vector<std::string> names;
  env.GetChildren(directory, &names).PermitUncheckedError();
  std::ranges::sort(names);
  for (const std::string& name : names) {
    if (!name.ends_with(".sst")) continue;
    rocksdb::SstFileReader table(options);
    const std::string path = directory + "/" + name;
    if (!table.Open(path).ok() || !table.VerifyChecksum().ok()) return path;
  }
  return std::nullopt;
}

// RocksDB mostly names the damaged file in its status, sometimes only in its log. Where it fails to open a
// table it names the MANIFEST that the table is listed in, and where CURRENT is damaged the file it then
// names.
std::string damaged_file(rocksdb::Env& env, const std::string& status, const std::string& warnings,
                         const std::string& directory) {
  const auto file = file_named_in(env, status, directory);
  if (!file) return file_named_in(env, warnings, directory).value_or(directory);
  if (!contains(*file, "/MANIFEST-")) return *file;
  if (env.FileExists(*file).IsNotFound()) return directory + "/CURRENT, which names " + *file;
  return damaged_table(env, directory).value_or(*file);
}

}  // namespace

Error explain_status(rocksdb::Env& env, const rocksdb::Status& status, const std::string& warnings,
                     const std::string& directory, const std::string& doing) {
  const std::string text = status.ToString();
  if (is_held_lock(text)) {
    return {ErrorCode::conflict,
            "cannot " + doing + ": it is in use by a running pollux (its LOCK file is held)", directory,
            "stop the other process first (`fuser " + directory +
                "/LOCK` names it), or choose another directory; do not delete the LOCK file"};
  }
  if (status.IsNoSpace() || is_used_up_quota(text)) {
    return {ErrorCode::no_space, "cannot " + doing + ": the disk is full (" + text + ")", directory,
            "free some space there, or raise the quota: pollux then goes on by itself, and answers reads "
            "meanwhile; nothing "
            "acknowledged is lost; send again what was refused"};
  }
  const std::string file = damaged_file(env, text, warnings, directory);
  const bool file_is_gone = contains(text, "No such file");
  if (status.IsCorruption() || status.IsInvalidArgument() || status.IsNotSupported() || file_is_gone) {
    return {ErrorCode::corrupt, "cannot " + doing + ": the stored data is damaged: " + text, file,
            kDamageAdvice};
  }
  return {ErrorCode::io, "cannot " + doing + ": " + text, file,
          "check space, permissions and the disk's health, then start again; nothing acknowledged is lost"};
}

}  // namespace pollux::actors
