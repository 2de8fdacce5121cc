#include "actors/storage/durable_note.h"

#include <sodium.h>

#include <array>
#include <cstring>
#include <string_view>

namespace pollux::actors {
namespace {

constexpr std::string_view kMagic = "pollux durable 1";
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kContentBytes = kMagic.size() + 4 * kNumberBytes;
constexpr std::size_t kHashBytes = 16;
/// Within one sector, which a disk writes whole or not at all.
constexpr std::size_t kBytes = kContentBytes + kHashBytes;

using Bytes = std::array<char, kBytes>;

void hash(std::string_view content, char* into) {
  crypto_generichash(reinterpret_cast<unsigned char*>(into), kHashBytes,
                     reinterpret_cast<const unsigned char*>(content.data()), content.size(), nullptr, 0);
}

Bytes encode(const DurableExtent& extent) {
  Bytes bytes{};
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  std::size_t at = kMagic.size();
  for (const std::uint64_t number :
       {extent.sequence, extent.manifest_number, extent.manifest_bytes, std::uint64_t{extent.each_write}}) {
    for (std::size_t i = 0; i < kNumberBytes; ++i) bytes[at++] = static_cast<char>(number >> (8 * i));
  }
  hash({bytes.data(), kContentBytes}, bytes.data() + kContentBytes);
  return bytes;
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = kNumberBytes; i-- > 0;)
    number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

}  // namespace

DurableNote::DurableNote(rocksdb::Env& env, std::string directory)
    : env_(env), directory_(std::move(directory)), path_(directory_ + "/DURABLE") {}

std::optional<DurableExtent> DurableNote::read() const {
  std::string bytes;
  if (!rocksdb::ReadFileToString(&env_, path_, &bytes).ok() || bytes.size() != kBytes) return std::nullopt;
  std::array<char, kHashBytes> expected{};
  hash(std::string_view(bytes).substr(0, kContentBytes), expected.data());
  if (!bytes.starts_with(kMagic) ||
      std::memcmp(expected.data(), bytes.data() + kContentBytes, kHashBytes) != 0)
    return std::nullopt;
  const std::size_t at = kMagic.size();
  return DurableExtent{number_at(bytes, at), number_at(bytes, at + kNumberBytes),
                       number_at(bytes, at + 2 * kNumberBytes), number_at(bytes, at + 3 * kNumberBytes) != 0};
}

void DurableNote::replace(const DurableExtent& extent) {
  file_.reset();
  extent_ = extent;
  const Bytes bytes = encode(extent);
  const std::string fresh = path_ + ".dbtmp";
  std::unique_ptr<rocksdb::Directory> entries;
  const bool written = rocksdb::WriteStringToFile(&env_, {bytes.data(), bytes.size()}, fresh, true).ok() &&
                       env_.RenameFile(fresh, path_).ok() && env_.NewDirectory(directory_, &entries).ok() &&
                       entries->Fsync().ok();
  if (!written || !env_.NewRandomRWFile(path_, &file_, rocksdb::EnvOptions()).ok()) file_.reset();
}

void DurableNote::advance(rocksdb::SequenceNumber sequence) {
  extent_.sequence = sequence;
  if (file_ == nullptr) return;
  const Bytes bytes = encode(extent_);
  if (!file_->Write(0, {bytes.data(), bytes.size()}).ok()) file_.reset();
}

}  // namespace pollux::actors
