#include "server/replay/replay_state.h"

#include <yaml-cpp/yaml.h>

#include "server/replay/text_file.h"

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

constexpr const char* kFormat = "pollux-replay-state";
constexpr int kVersion = 1;

}  // namespace

Result<ReplayState> load_replay_state(const std::string& path, const std::string& identity) {
  ReplayState state{identity, {}};
  Result<std::string> text = read_text_file(path, kReplayStateBytesMax);
  if (!text.ok()) {
    if (text.error().code == ErrorCode::not_found) return state;
    return std::move(text).error();
  }
  try {
    const YAML::Node root = YAML::Load(*text);
    if (!root.IsMap() || root[kFormat].as<int>() != kVersion) {
      return Error{ErrorCode::corrupt, "not a replay state of a version this program reads", path,
                   "remove it to replay from the start; events already taken are not applied twice"};
    }
    if (root["identity"].as<std::string>() != identity) {
      return Error{ErrorCode::conflict,
                   "it belongs to a replay with another target, mapping or list of files", path,
                   "remove it, or name another one with --state"};
    }
    for (const auto& entry : root["rows_done"]) {
      state.rows_done[entry.first.as<std::string>()] = entry.second.as<std::uint64_t>();
    }
  } catch (const YAML::Exception& error) {
    return Error{ErrorCode::corrupt, std::string("damaged: ") + error.what(), path,
                 "remove it to replay from the start; events already taken are not applied twice"};
  }
  return state;
}

Result<void> save_replay_state(const std::string& path, const ReplayState& state) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << kFormat << YAML::Value << kVersion;
  out << YAML::Key << "identity" << YAML::Value << state.identity;
  out << YAML::Key << "rows_done" << YAML::Value << YAML::BeginMap;
  for (const auto& [file, rows] : state.rows_done) out << YAML::Key << file << YAML::Value << rows;
  out << YAML::EndMap << YAML::EndMap;
  return replace_text_file(path, std::string(out.c_str()) + "\n");
}

}  // namespace pollux::server
