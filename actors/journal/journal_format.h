// How the journal lies in RocksDB: the constants and layouts that writer and reader share. Spec: JOURNAL.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/event/event.h"

namespace pollux::actors::journal_format {

/// Of the layout as a whole; raised when an older Pollux could misread what a newer one writes.
inline constexpr std::uint32_t kVersion = 1;

/// Column families. `default` is RocksDB's own and stays empty.
inline constexpr const char* kRecords = "journal";
inline constexpr const char* kQuarantine = "quarantine";
inline constexpr const char* kMeta = "meta";
inline constexpr const char* kIdentities = "identities";

/// Keys of `meta`.
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kTwinKey = "twin";
/// There where `identities` tells positions.
inline constexpr std::string_view kPositionsKey = "positions";
inline constexpr std::string_view kCreatedKey = "created";
inline constexpr std::string_view kModelVersionKey = "model_version";
inline constexpr std::string_view kHeadKey = "head";
inline constexpr std::string_view kAnchorKey = "anchor";
inline constexpr std::string_view kCoveredKey = "covered";
inline constexpr std::string_view kModelTextPrefix = "model/";

/// First byte of a key in `quarantine`.
inline constexpr char kByNumber = 'n';
inline constexpr char kByEventKey = 'k';
inline constexpr char kDecided = 'r';

/// BLAKE2b-256.
using Hash = std::array<unsigned char, 32>;

/// What the first record is chained to.
inline constexpr Hash kNoPredecessor{};

/// hash(previous || bytes).
Hash chained(const Hash& previous, std::string_view bytes);

/// Big-endian, so that RocksDB's order of keys is the order of numbers.
std::array<char, 8> number_key(std::uint64_t number);
std::optional<std::uint64_t> number_of_key(std::string_view key);

std::array<char, 9> quarantine_key(std::uint64_t number);
std::array<char, 17> quarantine_key(const schema::EventKey& key);
std::array<char, 9> decision_key(std::uint64_t number);
std::optional<schema::EventKey> read_event_key(std::string_view bytes);
std::array<char, 16> identity_key(const schema::EventKey& key);

/// What became of a quarantined event.
struct Decision {
  bool admitted = false;
  schema::Position position = 0;  ///< Where it was admitted.
  schema::EventKey key;
};
inline constexpr std::size_t kDecisionBytes = 1 + 8 + 16;
std::array<char, kDecisionBytes> write_decision(const Decision& decision);
std::optional<Decision> read_decision(std::string_view value);

/// What stands before the bytes of a record.
struct RecordHeader {
  Hash previous{};
  Hash hash{};
};
inline constexpr std::size_t kHeaderBytes = 4 + 32 + 32;
std::array<char, kHeaderBytes> write_header(const RecordHeader& header);

/// A stored value taken apart; the views point into it.
struct StoredRecord {
  std::uint32_t version = 0;
  RecordHeader header;
  std::string_view bytes;

  bool hash_is_right() const { return chained(header.previous, bytes) == header.hash; }
};
/// Nothing where the value is too short to be one.
std::optional<StoredRecord> read_stored(std::string_view value);

/// The newest record, kept in `meta` so that a lost tail is noticed.
struct Head {
  schema::Position position = 0;
  Hash hash = kNoPredecessor;
};
inline constexpr std::size_t kHeadBytes = 8 + 32;
std::array<char, kHeadBytes> write_head(const Head& head);
std::optional<Head> read_head(std::string_view value);

}  // namespace pollux::actors::journal_format
