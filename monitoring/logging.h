// Log lines for people or machines, through spdlog's default logger.
#pragma once

#include <string>

namespace pollux::monitoring {

enum class LogFormat { text, json };

/// Installs the process's logger: one line a record on stderr; JSON lines are properly escaped.
void install_logger(LogFormat format, const std::string& level);

}  // namespace pollux::monitoring
