// A picture as text for a terminal or a log.
#pragma once

#include <cstddef>
#include <string>

#include "server/cli/watch/picture.h"

namespace pollux::server::cli {

/// What the reader's screen can do.
struct Screen {
  bool colour = false;
  std::size_t columns = 100;  ///< Longer lines are cut.
};

/// The whole picture: a table for each type of entity, the constraints, the causes of violations.
std::string render(const Picture& picture, const Screen& screen);

/// The lines that tell what changed from `before` to `now`: one that counts the constraints by status, one
/// for each constraint whose status is another, and the causes of those newly violated.
std::string render_news(const Picture& before, const Picture& now, const Screen& screen);

/// `25.34 degC`, `true`, or `-` where there is no value; what is not good is followed by why.
std::string text_of(const ShownValue& value);

}  // namespace pollux::server::cli
