// The web page, embedded from index.html when Pollux is built.
#pragma once

#include <string_view>

namespace pollux::server::web {

std::string_view page();

}  // namespace pollux::server::web
