#include "actors/storage/write_ahead_log.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pollux::actors {

using rocksdb::SequenceNumber;
using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

constexpr std::size_t kBlockBytes = 32u << 10;
constexpr std::size_t kFragmentHeaderBytes = 7;  // masked CRC-32C, size (2 bytes), kind
constexpr std::size_t kBatchHeaderBytes = 12;    // sequence number (8 bytes), count

enum class FragmentKind : std::uint8_t { whole = 1, first = 2, middle = 3, last = 4 };

struct Fragment {
  FragmentKind kind{};
  std::string_view bytes;
};

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}

/// CRC-32C (Castagnoli); RocksDB's own is not in its public headers.
std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = make_crc_table();
  std::uint32_t crc = ~0u;
  for (const char c : bytes) crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

/// The fragment at this place, where there is an intact one.
std::optional<Fragment> fragment_at(std::string_view log, std::size_t at) {
  const std::size_t end = std::min(log.size(), (at / kBlockBytes + 1) * kBlockBytes);
  if (end - at < kFragmentHeaderBytes) return std::nullopt;
  const auto kind = static_cast<std::uint8_t>(log[at + 6]);
  if (kind < 1 || kind > 4) return std::nullopt;
  const std::size_t size = little_endian(log.substr(at + 4, 2));
  if (size > end - at - kFragmentHeaderBytes) return std::nullopt;
  constexpr std::uint32_t kMaskDelta = 0xa282ead8u;
  const std::uint32_t crc = crc32c(log.substr(at + 6, 1 + size));
  if (little_endian(log.substr(at, 4)) != ((crc >> 15 | crc << 17) + kMaskDelta)) return std::nullopt;
  return Fragment{static_cast<FragmentKind>(kind), log.substr(at + kFragmentHeaderBytes, size)};
}

/// Puts fragments together to writes.
class Writes {
 public:
  SequenceNumber proven() const { return proven_; }

  void add(const Fragment& fragment) {
    if (fragment.kind == FragmentKind::whole || fragment.kind == FragmentKind::first) write_.clear();
    if (fragment.kind == FragmentKind::first) begun_ = true;
    if (fragment.kind == FragmentKind::whole || begun_) write_.append(fragment.bytes);
    if (fragment.kind == FragmentKind::whole || (fragment.kind == FragmentKind::last && begun_)) complete();
    if (fragment.kind == FragmentKind::whole || fragment.kind == FragmentKind::last) begun_ = false;
  }
  void interrupt() { begun_ = false; }

 private:
  void complete() {
    const SequenceNumber begins = sequence_of_write(write_);
    if (begins > 0) proven_ = std::max(proven_, begins - 1);
  }

  std::string write_;
  bool begun_ = false;
  SequenceNumber proven_ = 0;
};

SequenceNumber proven_by(std::string_view log) {
  Writes writes;
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t left_in_block = kBlockBytes - at % kBlockBytes;
    if (left_in_block < kFragmentHeaderBytes) {
      at += left_in_block;
    } else if (const auto fragment = fragment_at(log, at)) {
      writes.add(*fragment);
      at += kFragmentHeaderBytes + fragment->bytes.size();
    } else {
      writes.interrupt();
      ++at;
    }
  }
  return writes.proven();
}

}  // namespace

SequenceNumber sequence_of_write(std::string_view write) {
  return write.size() < kBatchHeaderBytes ? 0 : little_endian(write.substr(0, 8));
}

std::size_t intact_bytes(std::string_view log) {
  std::size_t at = 0;
  while (at < log.size()) {
    const std::size_t left_in_block = kBlockBytes - at % kBlockBytes;
    const auto fragment = left_in_block < kFragmentHeaderBytes ? std::nullopt : fragment_at(log, at);
    if (left_in_block >= kFragmentHeaderBytes && !fragment) return at;
    at += fragment ? kFragmentHeaderBytes + fragment->bytes.size() : left_in_block;
  }
  return log.size();
}

Result<SequenceNumber> sequence_proven_by_logs(rocksdb::Env& env, const std::string& directory) {
  std::vector<std::string> names;
  auto status = env.GetChildren(directory, &names);
  SequenceNumber proven = 0;
  for (const std::string& name : names) {
    if (!status.ok()) break;
    if (!std::string_view(name).ends_with(".log")) continue;
    std::string log;
    status = rocksdb::ReadFileToString(&env, directory + "/" + name, &log);
    proven = std::max(proven, proven_by(log));
  }
  if (status.ok()) return proven;
  return Error{ErrorCode::io, "cannot read the write-ahead log: " + status.ToString(), directory,
               "check permissions and the disk's health, then start again"};
}

}  // namespace pollux::actors
