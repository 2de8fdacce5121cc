#include "actors/history/history_format.h"

#include <cstring>
#include <utility>

#include "actors/storage/byte_codec.h"

namespace pollux::actors::history_format {

using schema::EventTime;
using schema::kNever;
using schema::Position;

namespace {

// In a chunk's row.
constexpr std::uint8_t kOpenEnded = 1;
constexpr std::uint8_t kSamePosition = 2;
constexpr std::uint8_t kWasFollows = 4;
constexpr std::uint8_t kChunkFlags = 7;

// In an epoch's row.
constexpr std::uint8_t kRevision = 2;
constexpr std::uint8_t kEpochFlags = 3;

constexpr std::size_t kKeyBytes = 17;
constexpr std::size_t kEpochHeaderBytes = 9;

void put_big_endian(char* at, std::uint64_t x, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0; x >>= 8) at[i] = static_cast<char>(x);
}
std::uint64_t get_big_endian(const char* at, unsigned bytes) {
  std::uint64_t x = 0;
  for (unsigned i = 0; i < bytes; ++i) x = x << 8 | static_cast<unsigned char>(at[i]);
  return x;
}

// Moves the sign bit so that negative times sort before positive ones.
constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

void write_span(ByteWriter& out, EventTime from, EventTime to) {
  out.number(static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from));
}
EventTime read_span(ByteReader& in, EventTime from) {
  return static_cast<EventTime>(static_cast<std::uint64_t>(from) + in.number());
}

}  // namespace

std::array<char, kKeyBytes> chunk_key(const ChunkPlace& place) {
  std::array<char, kKeyBytes> key;
  key[0] = kChunk;
  put_big_endian(&key[1], place.series.entity, 4);
  put_big_endian(&key[5], place.series.attribute, 2);
  put_big_endian(&key[7], place.first, 8);
  put_big_endian(&key[15], place.part, 2);
  return key;
}

std::optional<ChunkPlace> place_of_key(std::string_view key) {
  if (key.size() != kKeyBytes || key[0] != kChunk) return std::nullopt;
  return ChunkPlace{{static_cast<schema::EntityIndex>(get_big_endian(&key[1], 4)),
                     static_cast<schema::AttributeSlot>(get_big_endian(&key[5], 2))},
                    get_big_endian(&key[7], 8),
                    static_cast<std::uint16_t>(get_big_endian(&key[15], 2))};
}

std::array<char, kKeyBytes> clock_key(EventTime clock, Position position) {
  std::array<char, kKeyBytes> key;
  key[0] = kClock;
  put_big_endian(&key[1], static_cast<std::uint64_t>(clock) ^ kSign, 8);
  put_big_endian(&key[9], position, 8);
  return key;
}

std::optional<ClockPlace> clock_of_key(std::string_view key) {
  if (key.size() != kKeyBytes || key[0] != kClock) return std::nullopt;
  return ClockPlace{static_cast<EventTime>(get_big_endian(&key[1], 8) ^ kSign), get_big_endian(&key[9], 8)};
}

void write_chunk(const ChunkPlace& place, std::span<const HistoryEntry> entries, std::string& bytes) {
  ByteWriter out(bytes);
  out.byte(kVersion);
  HistoryEntry last{place.first, 0, 0, {}, {}};
  bool first = true;
  for (const HistoryEntry& entry : entries) {
    const bool same = entry.position == last.position;
    const bool was = std::exchange(first, false);
    out.byte(static_cast<std::uint8_t>((entry.to == kNever ? kOpenEnded : 0) | (same ? kSamePosition : 0) |
                                       (was ? kWasFollows : 0)));
    if (!same) out.number(entry.position - last.position);
    out.difference(entry.from, last.from);
    if (entry.to != kNever) write_span(out, entry.from, entry.to);
    out.value(entry.is);
    if (was) out.value(entry.was);
    last = entry;
  }
}

bool read_chunk(const ChunkPlace& place, std::string_view bytes, std::vector<HistoryEntry>& entries) {
  ByteReader in(bytes);
  if (in.byte() != kVersion) return false;
  HistoryEntry entry{place.first, 0, 0, {}, {}};
  while (in.ok() && !in.at_end()) {
    const std::uint8_t flags = in.byte();
    if (flags > kChunkFlags) return false;
    if ((flags & kSamePosition) == 0) entry.position += in.number();
    entry.from = in.difference(entry.from);
    entry.to = (flags & kOpenEnded) != 0 ? kNever : read_span(in, entry.from);
    entry.is = in.value();
    entry.was = (flags & kWasFollows) != 0 ? in.value() : schema::Value{};
    if (!in.ok()) return false;
    entries.push_back(entry);
  }
  return in.ok();
}

void write_epoch(const EpochChanges& epoch, std::string& bytes) {
  ByteWriter out(bytes);
  out.byte(kVersion);
  std::array<char, 8> clock;
  put_big_endian(clock.data(), static_cast<std::uint64_t>(epoch.clock), 8);
  bytes.append(clock.data(), clock.size());
  std::int64_t entity = 0;
  EventTime from = epoch.clock;
  for (const Change& change : epoch.recorded()) {
    out.byte(static_cast<std::uint8_t>((change.to == kNever ? kOpenEnded : 0) |
                                       (change.revision ? kRevision : 0)));
    out.difference(change.entity, entity);
    out.number(change.attribute);
    out.difference(change.from, from);
    if (change.to != kNever) write_span(out, change.from, change.to);
    out.value(change.was);
    out.value(change.is);
    entity = change.entity;
    from = change.from;
  }
}

EpochChangesPtr read_epoch(Position position, std::string_view bytes) {
  const auto clock = read_epoch_clock(bytes);
  if (!clock) return nullptr;
  ByteReader in(bytes.substr(kEpochHeaderBytes));
  std::vector<Change> changes;
  std::int64_t entity = 0;
  EventTime from = *clock;
  while (!in.at_end()) {
    const std::uint8_t flags = in.byte();
    if (flags > kEpochFlags) return nullptr;
    entity = in.difference(entity);
    const std::uint64_t attribute = in.number();
    from = in.difference(from);
    const EventTime to = (flags & kOpenEnded) != 0 ? kNever : read_span(in, from);
    const schema::Value was = in.value();
    const schema::Value is = in.value();
    if (!in.ok() || entity < 0 || entity >= std::int64_t{schema::kNone} || attribute >= schema::kNoSlot) {
      return nullptr;
    }
    changes.push_back({static_cast<schema::EntityIndex>(entity),
                       static_cast<schema::AttributeSlot>(attribute), (flags & kRevision) != 0, from, to, was,
                       is});
  }
  return std::make_shared<EpochChanges>(position, *clock, std::move(changes));
}

std::optional<EventTime> read_epoch_clock(std::string_view bytes) {
  if (bytes.size() < kEpochHeaderBytes || static_cast<std::uint8_t>(bytes[0]) != kVersion)
    return std::nullopt;
  return static_cast<EventTime>(get_big_endian(&bytes[1], 8));
}

std::string write_state(const State& state) {
  std::string bytes;
  ByteWriter out(bytes);
  out.byte(kVersion);
  out.number(state.indexed);
  out.number(state.indexing);
  out.number(static_cast<std::uint64_t>(state.lag));
  return bytes;
}

std::optional<State> read_state(std::string_view bytes) {
  ByteReader in(bytes);
  const bool known = in.byte() == kVersion;
  const State state{in.number(), in.number(), static_cast<schema::Duration>(in.number())};
  return known && in.ok() && in.at_end() ? std::optional(state) : std::nullopt;
}

std::string write_dropped(const ClockPlace& dropped) {
  const auto key = clock_key(dropped.clock, dropped.position);
  return {key.data(), key.size()};
}

std::optional<ClockPlace> read_dropped(std::string_view bytes) {
  return clock_of_key(bytes);
}

}  // namespace pollux::actors::history_format
