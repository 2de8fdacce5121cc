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
  std::size_t rows = 0;       ///< What is below is cut, and the cut is said; 0: endless.
};

/// The whole picture: the constraints, the causes of violations, a table for each type of entity. The most
/// urgent stands first, as a low screen shows no more. A violation that another one's causes already tell of
/// has no causes of its own told.
std::string render(const Picture& picture, const Screen& screen);

/// The lines that tell what changed from `before` to `now`: one that counts the constraints by status, one
/// for each constraint whose status is another, and the causes of those newly violated.
std::string render_news(const Picture& before, const Picture& now, const Screen& screen);

/// `25.34 degC`, `true`, or `-` where there is no value; what is not good is followed by why.
std::string text_of(const ShownValue& value);

}  // namespace pollux::server::cli
