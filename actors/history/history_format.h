// How the history lies in RocksDB: the constants and layouts that writer and reader share. Spec: HISTORY.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/history/history.h"

namespace pollux::actors::history_format {

/// First byte of every stored value.
inline constexpr std::uint8_t kVersion = 1;
/// The same of an epoch with background, which the changes do not end with.
inline constexpr std::uint8_t kVersionWithBackground = 2;

/// Column families.
inline constexpr const char* kChanges = "changes";
inline constexpr const char* kHistory = "history";

/// First byte of a key in `history`.
inline constexpr char kChunk = 's';
inline constexpr char kClock = 't';
inline constexpr std::string_view kStateKey = "m";

/// Keys of the journal's `meta`.
inline constexpr std::string_view kModelKey = "history_model";
inline constexpr std::string_view kDroppedKey = "history_dropped";
inline constexpr std::string_view kBegunKey = "history_begun";
inline constexpr std::string_view kBackgroundKey = "history_background";

/// Entries of one chunk at most.
inline constexpr std::size_t kChunkEntriesMax = 1'024;

/// Where a chunk lies: by series, then by the position of its first entry. `part` counts the chunks that
/// begin with the same position.
struct ChunkPlace {
  Series series;
  schema::Position first = 0;
  std::uint16_t part = 0;
};
inline constexpr std::uint16_t kLastPart = 0xffff;
std::array<char, 17> chunk_key(const ChunkPlace& place);
std::optional<ChunkPlace> place_of_key(std::string_view key);

/// Ordered by clock, then position.
std::array<char, 17> clock_key(schema::EventTime clock, schema::Position position);
struct ClockPlace {
  schema::EventTime clock = 0;
  schema::Position position = 0;
};
std::optional<ClockPlace> clock_of_key(std::string_view key);

/// REQUIRES: ascending by position, the first not before `place.first`.
void write_chunk(const ChunkPlace& place, std::span<const HistoryEntry> entries, std::string& bytes);
/// Appends to `entries`. False where the bytes are no chunk.
[[nodiscard]] bool read_chunk(const ChunkPlace& place, std::string_view bytes,
                              std::vector<HistoryEntry>& entries);

void write_epoch(const EpochChanges& epoch, std::string& bytes);
/// Nothing where the bytes are no epoch.
EpochChangesPtr read_epoch(schema::Position position, std::string_view bytes);
std::optional<schema::EventTime> read_epoch_clock(std::string_view bytes);

/// What the chunks hold.
struct State {
  schema::Position indexed = 0;   ///< Every epoch up to this one,
  schema::Position indexing = 0;  ///< and some of what follows up to here, where this is larger.
  schema::Duration lag = 0;       ///< See HistoryBounds.
};
std::string write_state(const State& state);
std::optional<State> read_state(std::string_view bytes);

/// Up to which epoch everything was dropped, or at which it was begun, and the clock then.
std::string write_dropped(const ClockPlace& dropped);
std::optional<ClockPlace> read_dropped(std::string_view bytes);

}  // namespace pollux::actors::history_format
