// Recorded data played back into a twin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "schema/result.h"
#include "server/replay/event_sink.h"
#include "server/replay/mapping.h"
#include "server/replay/progress.h"
#include "server/replay/replay_state.h"

namespace pollux::server {

inline constexpr std::size_t kReplayBatchRowsDefault = 1'000;
inline constexpr std::size_t kReplayBatchRowsMax = 20'000;
/// A batch is sent at the latest when its text has this size, well below what one request may hold.
inline constexpr std::size_t kReplayBatchBytesMax = 4u << 20;
/// Times a batch is submitted anew while the target is overloaded or unavailable.
inline constexpr unsigned kReplayAttemptsMax = 60;

/// Waits and time as the replay sees them; tests put their own in place.
struct ReplayClock {
  /// Seconds since some fixed moment.
  std::function<double()> now_s;
  /// Waits up to `seconds`, less where the replay is to be broken off.
  std::function<void(double seconds)> wait;
  /// Whether the user wants the replay to stop after the present batch.
  std::function<bool()> stop_requested;
};

/// What to replay and how.
struct ReplayOptions {
  std::vector<std::string> files;  ///< Replayed one after another.
  double speed = 0;                ///< Event seconds a second; 0: as fast as the target takes them.
  std::size_t batch_rows = kReplayBatchRowsDefault;
  std::string state_file;  ///< Empty: keep no state.
  std::string identity;    ///< Of the replay, for the state file.
};

/// A row, or an event of it, that was not taken.
struct RejectedRow {
  std::string file;
  std::uint64_t line = 0;
  std::string reason;
};

/// What became of everything replayed.
struct ReplayTotals {
  std::uint64_t rows = 0;           ///< Read in this run.
  std::uint64_t rows_skipped = 0;   ///< Taken by the target in an earlier run.
  std::uint64_t rows_rejected = 0;  ///< At least in part.
  std::uint64_t events = 0;
  std::uint64_t accepted = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t quarantined = 0;
  double seconds = 0;
  bool interrupted = false;
};

/// Called for each rejected row, and as the replay advances.
struct ReplayObserver {
  std::function<void(const RejectedRow&)> on_rejected;
  std::function<void(const ReplayProgress&)> on_progress;
  std::function<void(const std::string&)> on_notice;  ///< Something the user should know.
};

/// Replays the files into `sink`. What was acknowledged is remembered in the state file, which is removed
/// once all is done. Errors: of the files, the sink or the state file; what was acknowledged stays so.
schema::Result<ReplayTotals> replay(const ReplayOptions& options, const Mapping& mapping, EventSink& sink,
                                    const ReplayClock& clock, const ReplayObserver& observer);

}  // namespace pollux::server
