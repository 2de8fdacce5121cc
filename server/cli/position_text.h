// Positions in a server's answers, as the terminal shows them.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace pollux::server::cli {

/// `12`, or `cooling:12,power:7` where there are several domains; empty where the answer has none.
inline std::string position_text(const simdjson::dom::element& answer) {
  std::uint64_t number = 0;
  if (answer["position"].get(number) == simdjson::SUCCESS) return std::to_string(number);
  simdjson::dom::object by_domain;
  std::string text;
  if (answer["position"].get(by_domain) != simdjson::SUCCESS) return text;
  for (const auto& [domain, position] : by_domain) {
    if (position.get(number) != simdjson::SUCCESS) continue;
    text.append(text.empty() ? "" : ",").append(domain).append(":").append(std::to_string(number));
  }
  return text;
}

}  // namespace pollux::server::cli
