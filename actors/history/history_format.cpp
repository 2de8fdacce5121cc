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

/// What a row of what was told says beside time and value. `sequence`: of the last row, then of this one.
template <class Row>
void write_word(ByteWriter& out, Word::What what, const Row& said, std::uint64_t& sequence) {
  out.byte(static_cast<std::uint8_t>(what));
  if (what == Word::What::heard) return;
  out.number(said.source);
  out.difference(static_cast<std::int64_t>(said.sequence), static_cast<std::int64_t>(sequence));
  out.fixed(said.id_hash);
  sequence = said.sequence;
}
/// False where there is no such row.
template <class Row>
bool read_word(ByteReader& in, Word::What& what, Row& said, std::uint64_t& sequence) {
  const std::uint8_t byte = in.byte();
  if (!in.ok() || byte > static_cast<std::uint8_t>(Word::What::heard)) return false;
  what = static_cast<Word::What>(byte);
  if (what == Word::What::heard) return true;
  said.source = static_cast<std::uint32_t>(in.number());
  sequence = static_cast<std::uint64_t>(in.difference(static_cast<std::int64_t>(sequence)));
  said.sequence = sequence;
  said.id_hash = in.fixed();
  return in.ok();
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
  HistoryEntry last;
  last.position = place.first;
  last.from = 0;
  const bool told = is_told(place.series);
  bool first = !told;
  std::uint64_t sequence = 0;
  for (const HistoryEntry& entry : entries) {
    const bool same = entry.position == last.position;
    const bool was = std::exchange(first, false);
    out.byte(static_cast<std::uint8_t>((entry.to == kNever ? kOpenEnded : 0) | (same ? kSamePosition : 0) |
                                       (was ? kWasFollows : 0)));
    if (!same) out.number(entry.position - last.position);
    out.difference(entry.from, last.from);
    if (entry.to != kNever) write_span(out, entry.from, entry.to);
    if (told) write_word(out, entry.what, entry, sequence);
    out.value(entry.is);
    if (was) out.value(entry.was);
    last = entry;
  }
}

bool read_chunk(const ChunkPlace& place, std::string_view bytes, std::vector<HistoryEntry>& entries) {
  ByteReader in(bytes);
  if (in.byte() != kVersion) return false;
  Position position = place.first;
  EventTime last = 0;
  std::uint64_t sequence = 0;
  while (in.ok() && !in.at_end()) {
    HistoryEntry entry;
    const std::uint8_t flags = in.byte();
    if (flags > kChunkFlags) return false;
    if ((flags & kSamePosition) == 0) position += in.number();
    entry.position = position;
    entry.from = last = in.difference(last);
    entry.to = (flags & kOpenEnded) != 0 ? kNever : read_span(in, entry.from);
    if (is_told(place.series) && !read_word(in, entry.what, entry, sequence)) return false;
    entry.is = in.value();
    entry.was = (flags & kWasFollows) != 0 ? in.value() : schema::Value{};
    if (!in.ok()) return false;
    entries.push_back(entry);
  }
  return in.ok();
}

namespace {

/// The rows of an epoch follow each other in entity and time.
struct LastRow {
  std::int64_t entity = 0;
  EventTime from = 0;
  std::uint64_t sequence = 0;
};

void write_change(ByteWriter& out, const Change& change, LastRow& last) {
  out.byte(
      static_cast<std::uint8_t>((change.to == kNever ? kOpenEnded : 0) | (change.revision ? kRevision : 0)));
  out.difference(change.entity, last.entity);
  out.number(change.attribute);
  out.difference(change.from, last.from);
  if (change.to != kNever) write_span(out, change.from, change.to);
  out.value(change.was);
  out.value(change.is);
  last.entity = change.entity;
  last.from = change.from;
}

/// What a row of either kind begins with. False where it makes no sense.
template <class Row>
bool read_place(ByteReader& in, Row& row, LastRow& last) {
  last.entity = in.difference(last.entity);
  const std::uint64_t attribute = in.number();
  last.from = in.difference(last.from);
  if (!in.ok() || last.entity < 0 || last.entity >= std::int64_t{schema::kNone} || attribute >= kToldLayer)
    return false;
  row.entity = static_cast<schema::EntityIndex>(last.entity);
  row.attribute = static_cast<schema::AttributeSlot>(attribute);
  return true;
}

bool read_change(ByteReader& in, std::vector<Change>& changes, LastRow& last) {
  Change change;
  const std::uint8_t flags = in.byte();
  if (flags > kEpochFlags || !read_place(in, change, last)) return false;
  change.revision = (flags & kRevision) != 0;
  change.from = last.from;
  change.to = (flags & kOpenEnded) != 0 ? kNever : read_span(in, last.from);
  change.was = in.value();
  change.is = in.value();
  changes.push_back(change);
  return in.ok();
}

void write_told(ByteWriter& out, const Word& told, LastRow& last) {
  out.difference(told.entity, last.entity);
  out.number(told.attribute);
  out.difference(told.observation.time, last.from);
  const Observation& said = told.observation;
  write_word(out, told.what, said, last.sequence);
  if (told.what == Word::What::heard) write_span(out, said.time, told.to);
  if (told.what == Word::What::stands) out.value(said.value);
  last.entity = told.entity;
  last.from = said.time;
}

bool read_told(ByteReader& in, std::vector<Word>& all, LastRow& last) {
  Word told;
  if (!read_place(in, told, last)) return false;
  Observation& said = told.observation;
  said.time = last.from;
  if (!read_word(in, told.what, said, last.sequence)) return false;
  if (told.what == Word::What::heard) told.to = read_span(in, said.time);
  if (told.what == Word::What::stands) said.value = in.value();
  all.push_back(told);
  return in.ok();
}

template <class Row, class Read>
bool read_rows(ByteReader& in, std::vector<Row>& rows, const Read& read) {
  for (std::size_t left = in.count(); left > 0; --left) {
    if (!read(in, rows)) return false;
  }
  return in.ok();
}

}  // namespace

void write_epoch(const EpochChanges& epoch, std::string& bytes) {
  const Background& background = epoch.background();
  ByteWriter out(bytes);
  out.byte(background.empty() ? kVersion : kVersionWithBackground);
  std::array<char, 8> clock;
  put_big_endian(clock.data(), static_cast<std::uint64_t>(epoch.clock), 8);
  bytes.append(clock.data(), clock.size());
  LastRow last{0, epoch.clock, 0};
  if (!background.empty()) out.number(epoch.recorded().size());
  for (const Change& change : epoch.recorded()) write_change(out, change, last);
  if (background.empty()) return;
  out.number(background.memory.size());
  for (const Change& change : background.memory) write_change(out, change, last);
  out.number(background.words.size());
  for (const Word& told : background.words) write_told(out, told, last);
}

EpochChangesPtr read_epoch(Position position, std::string_view bytes) {
  const auto clock = read_epoch_clock(bytes);
  if (!clock) return nullptr;
  ByteReader in(bytes.substr(kEpochHeaderBytes));
  std::vector<Change> changes;
  Background background;
  LastRow last{0, *clock, 0};
  const auto change = [&](ByteReader& from, auto& rows) { return read_change(from, rows, last); };
  const auto told = [&](ByteReader& from, auto& rows) { return read_told(from, rows, last); };
  if (static_cast<std::uint8_t>(bytes[0]) == kVersion) {
    while (!in.at_end()) {
      if (!change(in, changes)) return nullptr;
    }
  } else if (!read_rows(in, changes, change) || !read_rows(in, background.memory, change) ||
             !read_rows(in, background.words, told) || !in.at_end()) {
    return nullptr;
  }
  return std::make_shared<EpochChanges>(position, *clock, std::move(changes), std::move(background));
}

std::optional<EventTime> read_epoch_clock(std::string_view bytes) {
  if (bytes.size() < kEpochHeaderBytes) return std::nullopt;
  const auto version = static_cast<std::uint8_t>(bytes[0]);
  if (version != kVersion && version != kVersionWithBackground) return std::nullopt;
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
