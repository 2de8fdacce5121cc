#include "actors/snapshot/snapshot_store.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace pollux::actors {

using schema::Error;
using schema::ErrorCode;
using schema::Position;
using schema::Result;

namespace {

constexpr std::string_view kExtension = ".snapshot";
constexpr std::string_view kUnfinished = ".unfinished";
constexpr std::size_t kDigits = 20;

/// So many digits that names are in the order of positions.
std::string name_at(Position position) {
  const std::string digits = std::to_string(position);
  return std::string(kDigits - digits.size(), '0').append(digits).append(kExtension);
}

std::optional<Position> position_of(std::string_view name) {
  if (name.size() != kDigits + kExtension.size() || !name.ends_with(kExtension)) return std::nullopt;
  Position position = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, position);
  if (error != std::errc() || end != name.data() + kDigits) return std::nullopt;
  return position;
}

Error failed(const rocksdb::Status& status, const std::string& doing, const std::string& path) {
  const std::string text = status.ToString();
  if (status.IsNoSpace()) {
    return {ErrorCode::no_space, "cannot " + doing + ": the disk is full (" + text + ")", path,
            "free some space there; the twin goes on, and the next snapshot is tried in its turn"};
  }
  const ErrorCode code =
      status.IsNotFound() || status.IsPathNotFound() ? ErrorCode::not_found : ErrorCode::io;
  return {code, "cannot " + doing + ": " + text, path, "check space, permissions and the disk"};
}

}  // namespace

SnapshotFile::SnapshotFile(rocksdb::Env& env, std::string directory, std::string name)
    : env_(env), directory_(std::move(directory)), name_(std::move(name)) {}

SnapshotFile::~SnapshotFile() {
  if (file_ == nullptr) return;
  file_->Close().PermitUncheckedError();  // it is thrown away
  file_.reset();
  env_.DeleteFile(directory_ + "/" + name_ + std::string(kUnfinished)).PermitUncheckedError();
}

Result<void> SnapshotFile::open() {
  const std::string path = directory_ + "/" + name_ + std::string(kUnfinished);
  rocksdb::EnvOptions options;
  options.use_mmap_writes = false;
  const auto status = env_.NewWritableFile(path, &file_, options);
  return status.ok() ? Result<void>() : failed(status, "write a snapshot", path);
}

Result<void> SnapshotFile::append(std::string_view bytes) {
  const auto status = file_->Append(rocksdb::Slice(bytes.data(), bytes.size()));
  if (!status.ok()) return failed(status, "write a snapshot", directory_ + "/" + name_);
  bytes_ += bytes.size();
  return {};
}

Result<void> SnapshotFile::finish() {
  const std::string path = directory_ + "/" + name_;
  const std::string unfinished = path + std::string(kUnfinished);
  auto status = file_->Flush();
  if (status.ok()) status = file_->Fsync();
  if (status.ok()) status = file_->Close();
  if (!status.ok()) return failed(status, "write a snapshot", unfinished);
  status = env_.RenameFile(unfinished, path);
  if (!status.ok()) return failed(status, "name a snapshot", unfinished);
  file_.reset();
  // The folder may be as new as the file.
  for (const std::string& folder : {directory_, directory_.substr(0, directory_.rfind('/'))}) {
    std::unique_ptr<rocksdb::Directory> directory;
    status = env_.NewDirectory(folder, &directory);
    if (status.ok()) status = directory->Fsync();
    if (!status.ok()) return failed(status, "sync the folder of a snapshot", folder);
  }
  return {};
}

SnapshotStore::SnapshotStore(const std::string& data, rocksdb::Env* env)
    : env_(env == nullptr ? *rocksdb::Env::Default() : *env), directory_(data + "/" + kFolder) {}

Result<std::vector<StoredSnapshot>> SnapshotStore::list() const {
  std::vector<std::string> names;
  if (env_.FileExists(directory_).IsNotFound()) return std::vector<StoredSnapshot>{};
  const auto status = env_.GetChildren(directory_, &names);
  if (!status.ok()) return failed(status, "list the snapshots", directory_);
  std::vector<StoredSnapshot> found;
  for (const std::string& name : names) {
    const auto position = position_of(name);
    if (!position) continue;
    StoredSnapshot snapshot{directory_ + "/" + name, *position, 0};
    const auto sized = env_.GetFileSize(snapshot.path, &snapshot.bytes);
    if (!sized.ok()) return failed(sized, "look at a snapshot", snapshot.path);
    found.push_back(std::move(snapshot));
  }
  std::ranges::sort(found, std::greater<>(), &StoredSnapshot::position);
  return found;
}

Result<std::string> SnapshotStore::read_first(const StoredSnapshot& snapshot, std::uint64_t bytes) const {
  std::unique_ptr<rocksdb::SequentialFile> file;
  auto status = env_.NewSequentialFile(snapshot.path, &file, rocksdb::EnvOptions());
  if (!status.ok()) return failed(status, "read a snapshot", snapshot.path);
  std::string content(std::min(bytes, snapshot.bytes), '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    rocksdb::Slice part;
    status = file->Read(content.size() - size, &part, content.data() + size);
    if (!status.ok()) return failed(status, "read a snapshot", snapshot.path);
    if (part.empty()) break;  // it has become shorter, which its checksums will tell
    if (part.data() != content.data() + size) std::copy_n(part.data(), part.size(), content.data() + size);
    size += part.size();
  }
  content.resize(size);
  return content;
}

Result<std::string> SnapshotStore::read(const StoredSnapshot& snapshot) const {
  return read_first(snapshot, snapshot.bytes);
}

Result<SnapshotInfo> SnapshotStore::describe(const StoredSnapshot& snapshot) const {
  const auto bytes = read_first(snapshot, kSnapshotInfoBytes);
  if (!bytes.ok()) return bytes.error();
  return read_snapshot_info(*bytes, snapshot.path);
}

Result<std::unique_ptr<SnapshotFile>> SnapshotStore::create(Position position) {
  auto status = env_.CreateDirIfMissing(directory_);
  if (!status.ok()) return failed(status, "make the folder of the snapshots", directory_);
  std::vector<std::string> names;
  status = env_.GetChildren(directory_, &names);
  if (!status.ok()) return failed(status, "list the snapshots", directory_);
  for (const std::string& name : names) {
    if (!name.ends_with(kUnfinished)) continue;
    status = env_.DeleteFile(directory_ + "/" + name);
    if (!status.ok()) return failed(status, "remove an unfinished snapshot", directory_ + "/" + name);
  }
  std::unique_ptr<SnapshotFile> file(new SnapshotFile(env_, directory_, name_at(position)));
  if (auto opened = file->open(); !opened.ok()) return opened.error();
  return file;
}

Result<void> SnapshotStore::keep(Position newest, std::size_t count, const std::set<Position>& unusable) {
  const auto all = list();
  if (!all.ok()) return all.error();
  std::size_t kept = 0;
  for (const StoredSnapshot& snapshot : *all) {
    const bool usable = snapshot.position <= newest && !unusable.contains(snapshot.position);
    if (usable && kept < count) {
      ++kept;
      continue;
    }
    const auto status = env_.DeleteFile(snapshot.path);
    if (!status.ok()) return failed(status, "remove an old snapshot", snapshot.path);
  }
  return {};
}

Result<void> copy_snapshots(const SnapshotStore& from, SnapshotStore& to) {
  const auto all = from.list();
  if (!all.ok()) return all.error();
  for (const StoredSnapshot& snapshot : *all) {
    const auto bytes = from.read(snapshot);
    if (!bytes.ok()) return bytes.error();
    auto file = to.create(snapshot.position);
    if (!file.ok()) return file.error();
    if (auto written = (*file)->append(*bytes); !written.ok()) return written;
    if (auto finished = (*file)->finish(); !finished.ok()) return finished;
  }
  return {};
}

}  // namespace pollux::actors
