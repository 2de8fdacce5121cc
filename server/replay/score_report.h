// Scores as tables for people and JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "server/replay/score.h"

namespace pollux::server {

/// One line a run and one for all; with `wide`, also each constraint and episode.
std::string score_table(const std::vector<RunScore>& scores, bool wide);

/// {"runs": [...], "total": {...}}; figures that do not exist are null, times RFC 3339, delays seconds.
std::string score_json(const std::vector<RunScore>& scores);

}  // namespace pollux::server
