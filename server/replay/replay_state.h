// How far an interrupted replay came, so that the same command goes on from there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "schema/result.h"

namespace pollux::server {

inline constexpr std::size_t kReplayStateBytesMax = 16u << 20;

/// Rows acknowledged by the target, by file. Kept as a small YAML file, replaced atomically.
struct ReplayState {
  std::string identity;  ///< Hash of target, mapping and files: the state of another replay is not used.
  std::map<std::string, std::uint64_t> rows_done;
};

/// An empty state with `identity` where there is no file. Errors: conflict where the file belongs to another
/// replay; corrupt; io.
schema::Result<ReplayState> load_replay_state(const std::string& path, const std::string& identity);

/// Errors: io.
schema::Result<void> save_replay_state(const std::string& path, const ReplayState& state);

}  // namespace pollux::server
