#include "actors/snapshot/snapshot_format.h"

#include <cstring>
#include <optional>
#include <utility>

#include "actors/storage/byte_codec.h"

namespace pollux::actors {

using schema::Error;
using schema::ErrorCode;
using schema::Result;
using namespace snapshot_format;

namespace {

constexpr const char* kAdvice =
    "an older snapshot or the journal is used in its place; the file may be deleted, and the disk is worth a "
    "look";

/// Of the block's number as well, so that blocks that changed places do not pass.
Checksum checksum_of(std::uint64_t number, Section section, std::string_view payload) {
  std::string head;
  ByteWriter(head).fixed(number);
  head.push_back(static_cast<char>(section));
  crypto_generichash_blake2b_state state;
  Checksum sum;
  crypto_generichash_blake2b_init(&state, nullptr, 0, sum.size());
  crypto_generichash_blake2b_update(&state, reinterpret_cast<const unsigned char*>(head.data()), head.size());
  crypto_generichash_blake2b_update(&state, reinterpret_cast<const unsigned char*>(payload.data()),
                                    payload.size());
  crypto_generichash_blake2b_final(&state, sum.data(), sum.size());
  return sum;
}

void put_u32(std::string& bytes, std::uint32_t x) {
  for (unsigned i = 0; i < 4; ++i, x >>= 8) bytes.push_back(static_cast<char>(x));
}
std::uint32_t get_u32(std::string_view bytes) {
  std::uint32_t x = 0;
  for (unsigned i = 4; i-- > 0;) x = x << 8 | static_cast<unsigned char>(bytes[i]);
  return x;
}

journal_format::Hash final_hash(crypto_generichash_blake2b_state state) {
  journal_format::Hash hash;
  crypto_generichash_blake2b_final(&state, hash.data(), hash.size());
  return hash;
}

std::string encode(const SnapshotInfo& info) {
  std::string bytes;
  ByteWriter out(bytes);
  out.number(info.position);
  out.difference(info.clock, 0);
  out.difference(info.taken, 0);
  out.text(info.twin);
  out.text(info.model_version);
  out.fixed(info.shape);
  bytes.append(reinterpret_cast<const char*>(info.record.data()), info.record.size());
  out.number(info.entities);
  out.number(info.identities);
  out.number(info.misfits.size());
  for (const schema::Misfit& misfit : info.misfits) {
    out.text(misfit.why);
    out.number(misfit.events);
    out.number(misfit.values);
  }
  out.difference(info.held_from, 0);
  return bytes;
}

std::optional<SnapshotInfo> decode_info(std::string_view bytes) {
  ByteReader in(bytes);
  SnapshotInfo info;
  info.position = in.number();
  info.clock = in.difference(0);
  info.taken = in.difference(0);
  info.twin = in.text();
  info.model_version = in.text();
  info.shape = in.fixed();
  for (unsigned char& byte : info.record) byte = in.byte();
  info.entities = in.number();
  info.identities = in.number();
  info.misfits.resize(in.count(3));
  for (schema::Misfit& misfit : info.misfits) {
    misfit.why = in.text();
    misfit.events = in.number();
    misfit.values = in.number();
  }
  // Before memory could drop what late events need, this was not written.
  if (!in.at_end()) info.held_from = in.difference(0);
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return info;
}

/// Goes through the blocks and checks each.
class Walk {
 public:
  Walk(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {
    crypto_generichash_blake2b_init(&whole_, nullptr, 0, sizeof(journal_format::Hash));
  }

  Result<void> header() {
    if (bytes_.size() < kFileHeaderBytes) {
      return damaged("it ends at byte " + std::to_string(bytes_.size()) + ", within its header");
    }
    if (bytes_.substr(0, kMagic.size()) != kMagic) return damaged("it does not begin as a snapshot does");
    const std::uint32_t version = get_u32(bytes_.substr(kMagic.size()));
    if (version != kVersion) {
      return damaged("it has format version " + std::to_string(version) + ", and this pollux reads version " +
                     std::to_string(kVersion));
    }
    at_ = kFileHeaderBytes;
    return {};
  }

  Result<SnapshotView::Block> next() {
    const std::string name = "block " + std::to_string(number_) + " at byte " + std::to_string(at_);
    const std::string_view left = bytes_.substr(at_);
    if (left.empty()) return damaged("it was cut short: its last block is missing after " + name);
    if (left.size() < kBlockHeaderBytes) return damaged("it was cut short within the header of " + name);
    const auto section = static_cast<Section>(left[0]);
    const std::size_t size = get_u32(left.substr(1));
    if (section < Section::description || section > Section::seal || size > kBlockBytesMax) {
      return damaged(name + " is damaged: its header makes no sense");
    }
    const std::string named = name + " (" + name_of(section) + ")";
    if (left.size() - kBlockHeaderBytes < size) return damaged(named + " is damaged, or cut short");
    const std::string_view payload = left.substr(kBlockHeaderBytes, size);
    const Checksum sum = checksum_of(number_, section, payload);
    if (std::memcmp(sum.data(), left.data() + 5, sum.size()) != 0) return damaged(named + " is damaged");
    before_ = final_hash(whole_);
    crypto_generichash_blake2b_update(&whole_, sum.data(), sum.size());
    const SnapshotView::Block block{section, at_, payload};
    ++number_;
    at_ += kBlockHeaderBytes + size;
    return block;
  }

  /// REQUIRES: the last block has been read.
  Result<void> check_seal(std::string_view payload, std::string& digest) const {
    ByteReader in(payload);
    digest = in.text();
    const std::uint64_t bytes = in.fixed();
    const std::uint64_t blocks = in.fixed();
    journal_format::Hash hash;
    for (unsigned char& byte : hash) byte = in.byte();
    const std::uint64_t seal_at = at_ - kBlockHeaderBytes - payload.size();
    if (!in.ok() || !in.at_end() || bytes != seal_at || blocks != number_ - 1 || hash != before_)
      return damaged("its last block does not fit what stands before it");
    if (at_ != bytes_.size())
      return damaged("something follows its last block at byte " + std::to_string(at_));
    return {};
  }

  Error damaged(std::string message) const {
    return {ErrorCode::corrupt, "the snapshot cannot be used: " + std::move(message), where_, kAdvice};
  }

 private:
  const std::string_view bytes_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::uint64_t number_ = 0;
  crypto_generichash_blake2b_state whole_;
  journal_format::Hash before_{};  // of the checksums before the newest block
};

Result<SnapshotInfo> read_description(Walk& walk) {
  if (auto header = walk.header(); !header.ok()) return header.error();
  const auto first = walk.next();
  if (!first.ok()) return first.error();
  auto info = first->section == Section::description ? decode_info(first->payload) : std::nullopt;
  if (!info) return walk.damaged("its first block does not describe it");
  return *std::move(info);
}

}  // namespace

const char* name_of(Section section) {
  switch (section) {
    case Section::description:
      return "description";
    case Section::entities:
      return "entities";
    case Section::identities:
      return "identities";
    case Section::revisions:
      return "revisions";
    case Section::episodes:
      return "episodes";
    case Section::sources:
      return "sources";
    case Section::seal:
      return "seal";
  }
  return "?";
}

SnapshotEncoder::SnapshotEncoder() {
  crypto_generichash_blake2b_init(&whole_, nullptr, 0, sizeof(journal_format::Hash));
}

void SnapshotEncoder::begin(const SnapshotInfo& info, std::string& bytes) {
  bytes.append(kMagic);
  put_u32(bytes, kVersion);
  bytes_ = kFileHeaderBytes;
  block(Section::description, encode(info), bytes);
}

void SnapshotEncoder::block(Section section, std::string_view payload, std::string& bytes) {
  const Checksum sum = checksum_of(blocks_++, section, payload);
  crypto_generichash_blake2b_update(&whole_, sum.data(), sum.size());
  bytes.push_back(static_cast<char>(section));
  put_u32(bytes, static_cast<std::uint32_t>(payload.size()));
  bytes.append(reinterpret_cast<const char*>(sum.data()), sum.size());
  bytes.append(payload);
  bytes_ += kBlockHeaderBytes + payload.size();
}

void SnapshotEncoder::seal(std::string_view digest, std::string& bytes) {
  std::string payload;
  ByteWriter out(payload);
  out.text(digest);
  out.fixed(bytes_);
  out.fixed(blocks_);
  const journal_format::Hash hash = final_hash(whole_);
  payload.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  block(Section::seal, payload, bytes);
}

Result<SnapshotView> read_snapshot(std::string_view bytes, const std::string& where) {
  Walk walk(bytes, where);
  auto info = read_description(walk);
  if (!info.ok()) return info.error();
  SnapshotView view;
  view.info = *std::move(info);
  while (true) {
    const auto block = walk.next();
    if (!block.ok()) return block.error();
    if (block->section != Section::seal) {
      view.blocks.push_back(*block);
      continue;
    }
    if (auto sealed = walk.check_seal(block->payload, view.digest); !sealed.ok()) return sealed.error();
    return view;
  }
}

Result<SnapshotInfo> read_snapshot_info(std::string_view bytes, const std::string& where) {
  Walk walk(bytes, where);
  return read_description(walk);
}

}  // namespace pollux::actors
