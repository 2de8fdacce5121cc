// A disk in memory that can fail: it knows what was synced and loses the rest with the power, returns errors
// at a chosen operation, fills up, and lets tests damage single bytes.
#pragma once

#include <rocksdb/env.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace pollux::faults {

/// What a chosen operation does instead of succeeding.
enum class Fault : std::uint8_t {
  none,
  input_output,  ///< EIO; what a failed sync was to make durable will never be.
  short_write,   ///< Half of the bytes are written, then EIO. Other operations: EIO.
  no_space,      ///< Half of the bytes are written, then ENOSPC. Reads succeed.
  power_loss,    ///< This and every later operation fails, until `power_on`.
};

/// Which operations a fault can hit.
enum class Operations : std::uint8_t { all, writing };

/// How a disk treats a sync.
enum class Syncing : std::uint8_t {
  honest,
  pretended,  ///< Syncs succeed and make nothing durable.
};

/// A file system in memory under `/`. Thread-safe.
///
/// Durable is: of a file, what it held at its last sync; of a directory, its entries at its last sync. When
/// the power fails, what is not durable is kept, lost or torn at random: entries up to some operation, the
/// bytes written since the last sync by sectors, each as written, zero, garbage, or beyond the end of file.
class SimulatedDisk {
 public:
  explicit SimulatedDisk(Syncing syncing = Syncing::honest);
  ~SimulatedDisk();

  /// What RocksDB opens. Lives as long as the disk.
  rocksdb::Env& env();

  /// Operations so far, of the kind that `fail_at` counts.
  std::uint64_t operations(Operations which) const;
  /// Lets the operation fail that comes after `count` others, counted from now on; once, or from then on.
  void fail_at(std::uint64_t count, Fault fault, Operations which = Operations::all, bool lasting = false);
  /// No fault from now on.
  void mend();
  /// Whether the fault has struck, and what it hit (operation and path).
  bool struck() const;
  std::string victim() const;

  /// Ends a power loss, or makes one: what was not durable is decided by `random`. All locks are gone, and
  /// files still open are cut off from the disk.
  void power_on(std::mt19937_64& random);

  /// Bytes that files may hold together; beyond it writes fail with ENOSPC, or for a quota with EDQUOT.
  void set_capacity(std::uint64_t bytes);
  void set_quota(std::uint64_t bytes);
  std::uint64_t used() const;

  /// Paths of all files, sorted.
  std::vector<std::string> files() const;
  std::string read(const std::string& path) const;
  /// Durable at once.
  void write(const std::string& path, std::string contents);
  void remove(const std::string& path);

  /// Everything on it, as an independent disk without faults.
  std::unique_ptr<SimulatedDisk> copy() const;
  /// The same, with other syncs from now on.
  std::unique_ptr<SimulatedDisk> copy(Syncing syncing) const;

 private:
  class Files;
  std::shared_ptr<Files> files_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace pollux::faults
