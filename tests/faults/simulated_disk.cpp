#include "tests/faults/simulated_disk.h"

#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace pollux::faults {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

/// What a storage device writes whole or not at all.
constexpr std::size_t kSectorBytes = 512;

struct Inode {
  std::string data;
  std::string durable;
  /// From, to: what a failed sync was about. The kernel forgets that it is unwritten, so a later sync that
  /// succeeds does not write it either.
  std::vector<std::pair<std::size_t, std::size_t>> forgotten;
};
using InodePtr = std::shared_ptr<Inode>;
using Names = std::map<std::string, InodePtr>;

/// One change of a directory's entries, atomic: names set or (where null) taken away.
struct DirectoryChange {
  std::string directory;
  std::vector<std::pair<std::string, InodePtr>> names;
};

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string normal(std::string path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || out.empty() || out.back() != '/') out += c;
  }
  if (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

void change_names(const DirectoryChange& change, Names& to) {
  for (const auto& [name, inode] : change.names) {
    if (inode) to[name] = inode;
    if (!inode) to.erase(name);
  }
}

/// What the power loss leaves of a file: sector by sector, what was written since the last sync is there, or
/// zero, or garbage, or (from some sector on) not there at all.
std::string torn(const Inode& inode, std::mt19937_64& random) {
  const std::string& now = inode.data;
  const std::string& durable = inode.durable;
  if (now == durable || random() % 3 == 0) return durable;
  const std::size_t common = static_cast<std::size_t>(
      std::mismatch(now.begin(),
                    now.begin() + static_cast<std::ptrdiff_t>(std::min(now.size(), durable.size())),
                    durable.begin())
          .first -
      now.begin());
  if (common < durable.size()) return random() % 2 == 0 ? durable : now;  // replaced, not appended to
  std::string left = now.substr(0, common + random() % (now.size() - common + 1));
  const bool only_cut = random() % 2 == 0;
  for (std::size_t at = common; !only_cut && at < left.size(); at = (at / kSectorBytes + 1) * kSectorBytes) {
    const std::size_t end = std::min(left.size(), (at / kSectorBytes + 1) * kSectorBytes);
    const auto fate = random() % 4;
    for (std::size_t i = at; fate > 1 && i < end; ++i)
      left[i] = fate == 2 ? '\0' : static_cast<char>(random());
  }
  return left;
}

}  // namespace

/// The disk's state; the files that RocksDB holds open share it.
class SimulatedDisk::Files final : public rocksdb::FileSystem,
                                   public std::enable_shared_from_this<SimulatedDisk::Files> {
 public:
  explicit Files(Syncing syncing) : syncing_(syncing) { directories_ = durable_directories_ = {"/"}; }

  const char* Name() const override { return "pollux.SimulatedDisk"; }

  // --- control
  struct Plan {
    std::uint64_t countdown = 0;
    Fault fault = Fault::none;
    Operations which = Operations::all;
    bool lasting = false;
    bool struck = false;
    std::string victim;
  };

  Syncing syncing() const { return syncing_; }
  std::uint64_t operations(Operations which) const {
    const std::scoped_lock lock(mutex_);
    return which == Operations::all ? all_ : writing_;
  }
  void plan(Plan plan) {
    const std::scoped_lock lock(mutex_);
    plan_ = std::move(plan);
  }
  Plan plan() const {
    const std::scoped_lock lock(mutex_);
    return plan_;
  }

  void power_on(std::mt19937_64& random) {
    const std::scoped_lock lock(mutex_);
    const std::size_t kept = unsynced_.empty() ? 0 : random() % (unsynced_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) apply_durably(unsynced_[i]);
    unsynced_.clear();
    std::map<const Inode*, InodePtr> survivors;  // one for all names of a file
    Names names;
    for (const auto& [name, inode] : durable_names_) {
      InodePtr& survivor = survivors[inode.get()];
      if (!survivor) {
        survivor = std::make_shared<Inode>();
        survivor->data = survivor->durable = torn(*inode, random);
      }
      names[name] = survivor;
    }
    names_ = durable_names_ = std::move(names);
    directories_ = durable_directories_;
    locks_.clear();
    plan_ = {};
  }

  void set_capacity(std::uint64_t bytes, bool is_quota) {
    const std::scoped_lock lock(mutex_);
    capacity_ = bytes;
    capacity_is_quota_ = is_quota;
  }
  std::uint64_t used() const {
    const std::scoped_lock lock(mutex_);
    return used_bytes();
  }
  std::vector<std::string> files() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> all;
    for (const auto& [name, inode] : names_) all.push_back(name);
    return all;
  }
  std::string contents(const std::string& path) const {
    const std::scoped_lock lock(mutex_);
    const auto found = names_.find(normal(path));
    return found == names_.end() ? "" : found->second->data;
  }
  void put(const std::string& path, std::string contents) {
    const std::scoped_lock lock(mutex_);
    auto inode = std::make_shared<Inode>();
    inode->data = inode->durable = std::move(contents);
    names_[normal(path)] = durable_names_[normal(path)] = std::move(inode);
  }
  void take(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    names_.erase(normal(path));
    durable_names_.erase(normal(path));
  }
  std::shared_ptr<Files> copy(Syncing syncing) const {
    const std::scoped_lock lock(mutex_);
    auto other = std::make_shared<Files>(syncing);
    for (const auto& [name, inode] : names_) other->put(name, inode->data);
    other->directories_ = other->durable_directories_ = directories_;
    return other;
  }

  // --- what open files do
  IOStatus append(const InodePtr& inode, const std::string& path, Slice data) {
    const std::scoped_lock lock(mutex_);
    const Fault fault = strike(true, "append to " + path);
    const std::uint64_t room = capacity_ - std::min(capacity_, used_bytes());
    const bool interrupted = fault == Fault::power_loss && std::exchange(dying_, false);
    if (interrupted) inode->data.append(data.data(), data.size());
    if (fault == Fault::none && data.size() <= room) {
      inode->data.append(data.data(), data.size());
      return IOStatus::OK();
    }
    if (fault == Fault::short_write || fault == Fault::no_space)
      inode->data.append(data.data(), data.size() / 2);
    if (fault == Fault::none) inode->data.append(data.data(), room);
    if (fault == Fault::none && capacity_is_quota_)
      return IOStatus::IOError("While writing: " + path, "Disk quota exceeded");
    return fault == Fault::none ? no_space(path) : failure(fault, path);
  }

  IOStatus sync(const InodePtr& inode, const std::string& path) {
    const std::scoped_lock lock(mutex_);
    const Fault fault = strike(true, "sync " + path);
    if (fault != Fault::none) {
      if (fault != Fault::power_loss && inode->data.size() > inode->durable.size())
        inode->forgotten.emplace_back(inode->durable.size(), inode->data.size());
      return failure(fault, path);
    }
    if (syncing_ == Syncing::pretended) return IOStatus::OK();
    inode->durable = inode->data;
    for (const auto& [from, to] : inode->forgotten) {
      for (std::size_t i = from; i < std::min(to, inode->durable.size()); ++i) inode->durable[i] = '\xdb';
    }
    return IOStatus::OK();
  }

  IOStatus overwrite(const InodePtr& inode, const std::string& path, std::uint64_t offset, Slice data) {
    const std::scoped_lock lock(mutex_);
    if (const Fault fault = strike(true, "overwrite " + path); fault != Fault::none)
      return failure(fault, path);
    if (inode->data.size() < offset + data.size()) inode->data.resize(offset + data.size());
    std::memcpy(inode->data.data() + offset, data.data(), data.size());
    return IOStatus::OK();
  }

  IOStatus cut(const InodePtr& inode, const std::string& path, std::uint64_t size) {
    const std::scoped_lock lock(mutex_);
    if (const Fault fault = strike(true, "truncate " + path); fault != Fault::none)
      return failure(fault, path);
    inode->data.resize(size);
    return IOStatus::OK();
  }

  IOStatus read(const InodePtr& inode, const std::string& path, std::uint64_t offset, std::size_t n,
                Slice* result, char* scratch) {
    const std::scoped_lock lock(mutex_);
    *result = Slice(scratch, 0);
    if (const Fault fault = strike(false, "read " + path); fault != Fault::none) return failure(fault, path);
    if (offset >= inode->data.size()) return IOStatus::OK();
    const std::size_t size = std::min(n, inode->data.size() - offset);
    std::memcpy(scratch, inode->data.data() + offset, size);
    *result = Slice(scratch, size);
    return IOStatus::OK();
  }

  IOStatus sync_directory(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    if (const Fault fault = strike(true, "sync directory " + path); fault != Fault::none)
      return failure(fault, path);
    if (syncing_ == Syncing::pretended) return IOStatus::OK();
    std::vector<DirectoryChange> others;
    for (DirectoryChange& change : unsynced_) {
      if (change.directory == path) apply_durably(change);
      if (change.directory != path) others.push_back(std::move(change));
    }
    unsynced_ = std::move(others);
    return IOStatus::OK();
  }

  // --- rocksdb::FileSystem
  IOStatus NewSequentialFile(const std::string& name, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext*) override;
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext*) override;
  IOStatus NewWritableFile(const std::string& name, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) override;
  IOStatus NewRandomRWFile(const std::string& name, const FileOptions&,
                           std::unique_ptr<rocksdb::FSRandomRWFile>* result, IODebugContext*) override;
  IOStatus NewDirectory(const std::string& name, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) override;

  IOStatus FileExists(const std::string& name, const IOOptions&, IODebugContext*) override {
    const std::scoped_lock lock(mutex_);
    if (const Fault fault = strike(false, "look for " + name); fault != Fault::none)
      return failure(fault, name);
    const bool exists = names_.contains(normal(name)) || directories_.contains(normal(name));
    return exists ? IOStatus::OK() : IOStatus::NotFound();
  }
  IOStatus GetChildren(const std::string& directory, const IOOptions&, std::vector<std::string>* children,
                       IODebugContext*) override {
    const std::scoped_lock lock(mutex_);
    children->clear();
    if (const Fault fault = strike(false, "list " + directory); fault != Fault::none)
      return failure(fault, directory);
    if (!directories_.contains(normal(directory))) return missing(directory);
    for (const auto& [name, inode] : names_) {
      if (parent_of(name) == normal(directory)) children->push_back(name.substr(name.rfind('/') + 1));
    }
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions&, IODebugContext*) override {
    const std::scoped_lock lock(mutex_);
    if (const Fault fault = strike(true, "delete " + name); fault != Fault::none) return failure(fault, name);
    if (!names_.contains(normal(name))) return missing(name);
    change({parent_of(normal(name)), {{normal(name), nullptr}}});
    return IOStatus::OK();
  }
  IOStatus CreateDir(const std::string& name, const IOOptions& options, IODebugContext* context) override {
    if (FileExists(name, options, context).ok()) return IOStatus::IOError(name, "exists");
    return CreateDirIfMissing(name, options, context);
  }
  IOStatus CreateDirIfMissing(const std::string& name, const IOOptions&, IODebugContext*) override {
    const std::scoped_lock lock(mutex_);
    const bool is_new = !directories_.contains(normal(name));
    if (const Fault fault = strike(is_new, "make directory " + name); fault != Fault::none)
      return failure(fault, name);
    if (names_.contains(normal(name))) return IOStatus::IOError(name, "Not a directory");
    if (directories_.contains(normal(name))) return IOStatus::OK();
    if (!directories_.contains(parent_of(normal(name)))) return missing(name);
    directories_.insert(normal(name));
    unsynced_.push_back({parent_of(normal(name)), {{normal(name) + "/", std::make_shared<Inode>()}}});
    return IOStatus::OK();
  }
  IOStatus DeleteDir(const std::string& name, const IOOptions&, IODebugContext*) override {
    return IOStatus::NotSupported("DeleteDir " + name);
  }
  IOStatus GetFileSize(const std::string& name, const IOOptions&, std::uint64_t* size,
                       IODebugContext*) override {
    const std::scoped_lock lock(mutex_);
    if (const Fault fault = strike(false, "size of " + name); fault != Fault::none)
      return failure(fault, name);
    const auto found = names_.find(normal(name));
    if (found == names_.end()) return missing(name);
    *size = found->second->data.size();
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, std::uint64_t* time,
                                   IODebugContext*) override {
    *time = 0;
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      IODebugContext*) override {
    return link(from, to, true);
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions&,
                    IODebugContext*) override {
    return link(from, to, false);
  }
  IOStatus LockFile(const std::string& name, const IOOptions&, rocksdb::FileLock** lock,
                    IODebugContext*) override {
    const std::scoped_lock guard(mutex_);
    *lock = nullptr;
    const bool is_new = !names_.contains(normal(name));
    if (const Fault fault = strike(is_new, "lock " + name); fault != Fault::none) return failure(fault, name);
    if (!locks_.insert(normal(name)).second)
      return IOStatus::IOError("While lock file: " + name, "Resource temporarily unavailable");
    if (!names_.contains(normal(name)))
      change({parent_of(normal(name)), {{normal(name), std::make_shared<Inode>()}}});
    *lock = new Lock(normal(name));
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    const std::scoped_lock guard(mutex_);
    const std::unique_ptr<Lock> mine(static_cast<Lock*>(lock));
    locks_.erase(mine->name);
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string* path, IODebugContext*) override {
    *path = "/test";
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* out,
                           IODebugContext*) override {
    *out = path;
    return IOStatus::OK();
  }
  IOStatus GetFreeSpace(const std::string&, const IOOptions&, std::uint64_t* bytes,
                        IODebugContext*) override {
    const std::scoped_lock lock(mutex_);
    // How much of a quota is left is not told.
    const std::uint64_t size = capacity_is_quota_ ? std::numeric_limits<std::uint64_t>::max() / 2 : capacity_;
    *bytes = size - std::min(size, used_bytes());
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is, IODebugContext*) override {
    const std::scoped_lock lock(mutex_);
    *is = directories_.contains(normal(path));
    return IOStatus::OK();
  }

 private:
  struct Lock final : rocksdb::FileLock {
    explicit Lock(std::string its) : name(std::move(its)) {}
    std::string name;
  };

  /// Counts an operation; the fault that strikes it.
  Fault strike(bool writes, const std::string& what) {
    ++all_;
    if (writes) ++writing_;
    const bool dead = plan_.struck && plan_.fault == Fault::power_loss;
    if (dead) return Fault::power_loss;
    if (plan_.fault == Fault::none || (plan_.struck && !plan_.lasting)) return Fault::none;
    if (!writes && (plan_.which == Operations::writing || plan_.fault == Fault::no_space)) return Fault::none;
    if (plan_.countdown > 0) {
      --plan_.countdown;
      return Fault::none;
    }
    dying_ = !plan_.struck;
    if (!plan_.struck) plan_.victim = what;
    plan_.struck = true;
    return plan_.fault;
  }

  static IOStatus no_space(const std::string& path) {
    return IOStatus::NoSpace("While writing: " + path, "No space left on device");
  }
  static IOStatus failure(Fault fault, const std::string& path) {
    if (fault == Fault::no_space) return no_space(path);
    return IOStatus::IOError("While using: " + path,
                             fault == Fault::power_loss ? "the power is gone" : "Input/output error");
  }
  static IOStatus missing(const std::string& path) {
    return IOStatus::PathNotFound("While opening: " + path, "No such file or directory");
  }

  std::uint64_t used_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [name, inode] : names_) bytes += inode->data.size();
    return bytes;
  }

  void change(DirectoryChange change) {
    change_names(change, names_);
    unsynced_.push_back(std::move(change));
  }
  void apply_durably(const DirectoryChange& change) {
    const std::string& name = change.names.front().first;
    if (name.back() == '/') {
      durable_directories_.insert(name.substr(0, name.size() - 1));
    } else if (durable_directories_.contains(change.directory)) {
      change_names(change, durable_names_);
    }
  }

  IOStatus link(const std::string& from, const std::string& to, bool take_away) {
    const std::scoped_lock lock(mutex_);
    if (const Fault fault = strike(true, "link " + from + " as " + to); fault != Fault::none)
      return failure(fault, from);
    const auto found = names_.find(normal(from));
    if (found == names_.end()) return missing(from);
    DirectoryChange both{parent_of(normal(to)), {{normal(to), found->second}}};
    if (take_away) both.names.emplace_back(normal(from), nullptr);
    change(std::move(both));
    return IOStatus::OK();
  }

  const Syncing syncing_;
  mutable std::mutex mutex_;
  Names names_, durable_names_;
  std::set<std::string> directories_, durable_directories_;
  std::vector<DirectoryChange> unsynced_;  // in order
  std::set<std::string> locks_;
  std::uint64_t capacity_ = std::numeric_limits<std::uint64_t>::max() / 2;
  bool capacity_is_quota_ = false;
  std::uint64_t all_ = 0;
  std::uint64_t writing_ = 0;
  Plan plan_;
  bool dying_ = false;  // the operation under way is the first that lacks power
};

namespace {

/// A file held open.
template <class Base, class Files>
class Open : public Base {
 public:
  Open(std::shared_ptr<Files> files, InodePtr inode, std::string path)
      : files_(std::move(files)), inode_(std::move(inode)), path_(std::move(path)) {}

 protected:
  const std::shared_ptr<Files> files_;
  const InodePtr inode_;
  const std::string path_;
};

template <class Files>
class SequentialFile final : public Open<rocksdb::FSSequentialFile, Files> {
 public:
  using Open<rocksdb::FSSequentialFile, Files>::Open;
  IOStatus Read(std::size_t n, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    const IOStatus status = this->files_->read(this->inode_, this->path_, at_, n, result, scratch);
    at_ += result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t n) override {
    at_ += n;
    return IOStatus::OK();
  }

 private:
  std::uint64_t at_ = 0;
};

template <class Files>
class RandomAccessFile final : public Open<rocksdb::FSRandomAccessFile, Files> {
 public:
  using Open<rocksdb::FSRandomAccessFile, Files>::Open;
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return this->files_->read(this->inode_, this->path_, offset, n, result, scratch);
  }
};

template <class Files>
class WritableFile final : public Open<rocksdb::FSWritableFile, Files> {
 public:
  using Open<rocksdb::FSWritableFile, Files>::Open;
  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return this->files_->append(this->inode_, this->path_, data);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    return this->files_->cut(this->inode_, this->path_, size);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    return this->files_->sync(this->inode_, this->path_);
  }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return this->inode_->data.size(); }
  bool IsSyncThreadSafe() const override { return true; }
};

template <class Files>
class OverwritableFile final : public Open<rocksdb::FSRandomRWFile, Files> {
 public:
  using Open<rocksdb::FSRandomRWFile, Files>::Open;
  IOStatus Write(std::uint64_t offset, const Slice& data, const IOOptions&, IODebugContext*) override {
    return this->files_->overwrite(this->inode_, this->path_, offset, data);
  }
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return this->files_->read(this->inode_, this->path_, offset, n, result, scratch);
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    return this->files_->sync(this->inode_, this->path_);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
};

template <class Files>
class Directory final : public Open<rocksdb::FSDirectory, Files> {
 public:
  using Open<rocksdb::FSDirectory, Files>::Open;
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return this->files_->sync_directory(this->path_);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
};

}  // namespace

IOStatus SimulatedDisk::Files::NewSequentialFile(const std::string& name, const FileOptions&,
                                                 std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                                 IODebugContext*) {
  const std::scoped_lock lock(mutex_);
  result->reset();
  if (const Fault fault = strike(false, "open " + name); fault != Fault::none) return failure(fault, name);
  const auto found = names_.find(normal(name));
  if (found == names_.end()) return missing(name);
  *result = std::make_unique<SequentialFile<Files>>(shared_from_this(), found->second, normal(name));
  return IOStatus::OK();
}

IOStatus SimulatedDisk::Files::NewRandomAccessFile(const std::string& name, const FileOptions&,
                                                   std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                                   IODebugContext*) {
  const std::scoped_lock lock(mutex_);
  result->reset();
  if (const Fault fault = strike(false, "open " + name); fault != Fault::none) return failure(fault, name);
  const auto found = names_.find(normal(name));
  if (found == names_.end()) return missing(name);
  *result = std::make_unique<RandomAccessFile<Files>>(shared_from_this(), found->second, normal(name));
  return IOStatus::OK();
}

IOStatus SimulatedDisk::Files::NewWritableFile(const std::string& name, const FileOptions&,
                                               std::unique_ptr<rocksdb::FSWritableFile>* result,
                                               IODebugContext*) {
  const std::scoped_lock lock(mutex_);
  result->reset();
  if (const Fault fault = strike(true, "create " + name); fault != Fault::none) return failure(fault, name);
  if (!directories_.contains(parent_of(normal(name)))) return missing(name);
  auto inode = std::make_shared<Inode>();
  change({parent_of(normal(name)), {{normal(name), inode}}});
  *result = std::make_unique<WritableFile<Files>>(shared_from_this(), inode, normal(name));
  return IOStatus::OK();
}

IOStatus SimulatedDisk::Files::NewRandomRWFile(const std::string& name, const FileOptions&,
                                               std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                               IODebugContext*) {
  const std::scoped_lock lock(mutex_);
  result->reset();
  if (const Fault fault = strike(false, "open " + name); fault != Fault::none) return failure(fault, name);
  const auto found = names_.find(normal(name));
  if (found == names_.end()) return missing(name);
  *result = std::make_unique<OverwritableFile<Files>>(shared_from_this(), found->second, normal(name));
  return IOStatus::OK();
}

IOStatus SimulatedDisk::Files::NewDirectory(const std::string& name, const IOOptions&,
                                            std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) {
  const std::scoped_lock lock(mutex_);
  result->reset();
  if (const Fault fault = strike(false, "open directory " + name); fault != Fault::none)
    return failure(fault, name);
  if (!directories_.contains(normal(name))) return missing(name);
  *result = std::make_unique<Directory<Files>>(shared_from_this(), nullptr, normal(name));
  return IOStatus::OK();
}

namespace {

/// RocksDB's background threads sleep a second after each failure, which no test waits for.
class SleeplessClock final : public rocksdb::SystemClockWrapper {
 public:
  SleeplessClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "pollux.SleeplessClock"; }
  void SleepForMicroseconds(int) override { std::this_thread::yield(); }
};

class DiskEnv final : public rocksdb::EnvWrapper {
 public:
  explicit DiskEnv(const std::shared_ptr<rocksdb::FileSystem>& files)
      : EnvWrapper(rocksdb::NewCompositeEnv(files)) {
    file_system_ = files;
    system_clock_ = std::make_shared<SleeplessClock>();
  }
};

}  // namespace

SimulatedDisk::SimulatedDisk(Syncing syncing)
    : files_(std::make_shared<Files>(syncing)), env_(std::make_unique<DiskEnv>(files_)) {}
SimulatedDisk::~SimulatedDisk() = default;

rocksdb::Env& SimulatedDisk::env() {
  return *env_;
}
std::uint64_t SimulatedDisk::operations(Operations which) const {
  return files_->operations(which);
}
void SimulatedDisk::fail_at(std::uint64_t count, Fault fault, Operations which, bool lasting) {
  files_->plan({count, fault, which, lasting, false, {}});
}
void SimulatedDisk::mend() {
  files_->plan({});
}
bool SimulatedDisk::struck() const {
  return files_->plan().struck;
}
std::string SimulatedDisk::victim() const {
  return files_->plan().victim;
}
void SimulatedDisk::power_on(std::mt19937_64& random) {
  files_->power_on(random);
}
void SimulatedDisk::set_capacity(std::uint64_t bytes) {
  files_->set_capacity(bytes, false);
}

void SimulatedDisk::set_quota(std::uint64_t bytes) {
  files_->set_capacity(bytes, true);
}
std::uint64_t SimulatedDisk::used() const {
  return files_->used();
}
std::vector<std::string> SimulatedDisk::files() const {
  return files_->files();
}
std::string SimulatedDisk::read(const std::string& path) const {
  return files_->contents(path);
}
void SimulatedDisk::write(const std::string& path, std::string contents) {
  files_->put(path, std::move(contents));
}
void SimulatedDisk::remove(const std::string& path) {
  files_->take(path);
}
std::unique_ptr<SimulatedDisk> SimulatedDisk::copy() const {
  return copy(files_->syncing());
}
std::unique_ptr<SimulatedDisk> SimulatedDisk::copy(Syncing syncing) const {
  auto other = std::make_unique<SimulatedDisk>(syncing);
  other->files_ = files_->copy(syncing);
  other->env_ = std::make_unique<DiskEnv>(other->files_);
  return other;
}

}  // namespace pollux::faults
