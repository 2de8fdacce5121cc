#include "actors/journal/journal_format.h"

#include <sodium.h>

#include <bit>
#include <cstring>

#include "schema/assert.h"

namespace pollux::actors::journal_format {

namespace {

static_assert(std::endian::native == std::endian::little);

void put_big_endian(char* to, std::uint64_t number) {
  const std::uint64_t swapped = __builtin_bswap64(number);
  std::memcpy(to, &swapped, sizeof swapped);
}

std::uint64_t get_big_endian(const char* from) {
  std::uint64_t swapped;
  std::memcpy(&swapped, from, sizeof swapped);
  return __builtin_bswap64(swapped);
}

}  // namespace

Hash chained(const Hash& previous, std::string_view bytes) {
  Hash hash;
  crypto_generichash_state state;
  const bool done = crypto_generichash_init(&state, nullptr, 0, hash.size()) == 0 &&
                    crypto_generichash_update(&state, previous.data(), previous.size()) == 0 &&
                    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(bytes.data()),
                                              bytes.size()) == 0 &&
                    crypto_generichash_final(&state, hash.data(), hash.size()) == 0;
  POLLUX_ASSERT(done, "BLAKE2b cannot fail on these sizes");
  return hash;
}

std::array<char, 8> number_key(std::uint64_t number) {
  std::array<char, 8> key;
  put_big_endian(key.data(), number);
  return key;
}

std::optional<std::uint64_t> number_of_key(std::string_view key) {
  if (key.size() != 8) return std::nullopt;
  return get_big_endian(key.data());
}

std::array<char, 9> quarantine_key(std::uint64_t number) {
  std::array<char, 9> key;
  key[0] = kByNumber;
  put_big_endian(key.data() + 1, number);
  return key;
}

std::array<char, 17> quarantine_key(const schema::EventKey& event) {
  std::array<char, 17> key;
  key[0] = kByEventKey;
  put_big_endian(key.data() + 1, event.high);
  put_big_endian(key.data() + 9, event.low);
  return key;
}

std::array<char, 16> identity_key(const schema::EventKey& event) {
  std::array<char, 16> key;
  put_big_endian(key.data(), event.high);
  put_big_endian(key.data() + 8, event.low);
  return key;
}

std::array<char, 9> decision_key(std::uint64_t number) {
  std::array<char, 9> key = quarantine_key(number);
  key[0] = kDecided;
  return key;
}

std::optional<schema::EventKey> read_event_key(std::string_view bytes) {
  if (bytes.size() != 16) return std::nullopt;
  return schema::EventKey{get_big_endian(bytes.data()), get_big_endian(bytes.data() + 8)};
}

std::array<char, kDecisionBytes> write_decision(const Decision& decision) {
  std::array<char, kDecisionBytes> bytes;
  bytes[0] = decision.admitted ? 'a' : 'd';
  put_big_endian(bytes.data() + 1, decision.position);
  const auto key = identity_key(decision.key);
  std::memcpy(bytes.data() + 9, key.data(), key.size());
  return bytes;
}

std::optional<Decision> read_decision(std::string_view value) {
  if (value.size() != kDecisionBytes || (value[0] != 'a' && value[0] != 'd')) return std::nullopt;
  return Decision{value[0] == 'a', get_big_endian(value.data() + 1), *read_event_key(value.substr(9))};
}

std::array<char, kHeaderBytes> write_header(const RecordHeader& header) {
  std::array<char, kHeaderBytes> bytes;
  std::memcpy(bytes.data(), &kVersion, sizeof kVersion);
  std::memcpy(bytes.data() + 4, header.previous.data(), header.previous.size());
  std::memcpy(bytes.data() + 36, header.hash.data(), header.hash.size());
  return bytes;
}

std::optional<StoredRecord> read_stored(std::string_view value) {
  if (value.size() < kHeaderBytes) return std::nullopt;
  StoredRecord stored;
  std::memcpy(&stored.version, value.data(), sizeof stored.version);
  std::memcpy(stored.header.previous.data(), value.data() + 4, stored.header.previous.size());
  std::memcpy(stored.header.hash.data(), value.data() + 36, stored.header.hash.size());
  stored.bytes = value.substr(kHeaderBytes);
  return stored;
}

std::array<char, kHeadBytes> write_head(const Head& head) {
  std::array<char, kHeadBytes> bytes;
  put_big_endian(bytes.data(), head.position);
  std::memcpy(bytes.data() + 8, head.hash.data(), head.hash.size());
  return bytes;
}

std::optional<Head> read_head(std::string_view value) {
  if (value.size() != kHeadBytes) return std::nullopt;
  Head head;
  head.position = get_big_endian(value.data());
  std::memcpy(head.hash.data(), value.data() + 8, head.hash.size());
  return head;
}

}  // namespace pollux::actors::journal_format
