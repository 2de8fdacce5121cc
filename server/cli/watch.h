// `pollux watch`: a live view of a twin in the terminal.
#pragma once

#include <string>

#include "schema/time.h"

namespace pollux::server::cli {

struct WatchOptions {
  std::string at;                               ///< The server, http://HOST:PORT.
  schema::Duration interval = schema::kSecond;  ///< Between two looks.
  bool once = false;                            ///< The whole picture once, then end.
};

/// Shows the twin until SIGINT or SIGTERM: on a terminal the whole picture, redrawn; elsewhere lines about
/// what changed. Returns the process's exit code: 0, or 1 when the server cannot be reached or understood.
int run_watch(const WatchOptions& options);

}  // namespace pollux::server::cli
