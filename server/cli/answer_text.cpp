#include "server/cli/answer_text.h"

#include <simdjson.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "server/cli/position_text.h"

namespace pollux::server::cli {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

/// Levels of an explanation that are read; the server gives at most 32.
constexpr int kDepthMax = 64;

/// The text of a member; empty where it is missing, null, or no text.
std::string text_in(const element& json, const char* key) {
  std::string_view text;
  return json[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::uint64_t number_in(const element& json, const char* key) {
  std::uint64_t number = 0;
  return json[key].get(number) == simdjson::SUCCESS ? number : 0;
}

bool true_in(const element& json, const char* key) {
  bool value = false;
  return json[key].get(value) == simdjson::SUCCESS && value;
}

template <class Visit>
void for_each_in(const element& json, const char* key, Visit&& visit) {
  array items;
  if (json[key].get(items) != simdjson::SUCCESS) return;
  for (const element& item : items) visit(item);
}

/// `7.9 L/s`, `violated`, `none`; with the quality where it is not good.
std::string value_in(const element& json) {
  element value;
  std::string text = "none";
  double number = 0;
  if (json["value"].get(value) == simdjson::SUCCESS && !value.is_null()) {
    text = value.is_string()                        ? text_in(json, "value")
           : value.get(number) == simdjson::SUCCESS ? fmt::format("{:.6g}", number)
                                                    : simdjson::minify(value);
  }
  if (const std::string unit = text_in(json, "unit"); !unit.empty() && text != "none") text += " " + unit;
  const std::string quality = text_in(json, "quality");
  if (quality != "good" && !quality.empty()) text += " (" + quality + ")";
  return text;
}

/// The same of a member that holds the value.
std::string value_in(const element& json, const char* key) {
  element value;
  return json[key].get(value) == simdjson::SUCCESS ? value_in(value) : "none";
}

std::string name_in(const element& json) {
  const std::string attribute = text_in(json, "attribute");
  return text_in(json, "entity") + (attribute.empty() ? "" : "." + attribute);
}

/// What made a value: the event, the timer, the rule.
std::string origin_in(const element& cause) {
  if (cause["held"].error() == simdjson::SUCCESS) return "no longer in memory";
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  const std::string origin = text_in(cause, "origin");
  if (origin == "model" || origin == "nothing") add(origin == "model" ? "parameter" : "nothing reported yet");
  element part;
  if (cause["timer"].get(part) == simdjson::SUCCESS) {
    add(text_in(part, "kind") == "for" ? "broken for " + text_in(part, "span")
                                       : "nothing reported for " + text_in(part, "span"));
  }
  if (cause["event"].get(part) == simdjson::SUCCESS) {
    add(part.is_null() ? "event not found"
                       : fmt::format("event {} of {}, position {}", text_in(part, "id"),
                                     text_in(part, "source"), number_in(part, "position")));
  }
  if (const std::string rule = text_in(cause, "is"); !rule.empty()) add(rule);
  if (cause["carried"].get(part) == simdjson::SUCCESS) {
    add(fmt::format("in domain {}, carried to {} by {}", text_in(cause, "domain"), text_in(part, "to"),
                    text_in(part, "by")));
  }
  if (const std::string broken = text_in(cause, "broken_since"); !broken.empty())
    add("broken since " + broken);
  return text;
}

void add_cause(const element& cause, int depth, std::string& text) {
  const std::string since = text_in(cause, "since");
  text += fmt::format("{:{}}{} = {}{}  [{}]\n", "", 2 * depth, name_in(cause), value_in(cause),
                      since.empty() ? "" : "  since " + since, origin_in(cause));
  if (depth == kDepthMax) return;
  for_each_in(cause, "inputs", [&](const element& input) { add_cause(input, depth + 1, text); });
  if (true_in(cause, "truncated")) text += fmt::format("{:{}}...\n", "", 2 * depth + 2);
}

using Row = std::vector<std::string>;

/// Columns as wide as their widest cell; the last one is not padded.
void add_table(const std::vector<Row>& rows, std::string& text) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  for (const Row& row : rows) {
    for (std::size_t c = 0; c + 1 < row.size(); ++c) text += fmt::format("{:<{}}  ", row[c], widths[c]);
    text += row.back() + "\n";
  }
}

std::string cone_text(const element& root) {
  std::string text = fmt::format("{}: {} entities depend on it, {} of them constraints\n", name_in(root),
                                 number_in(root, "entities"), number_in(root, "constraints"));
  std::vector<Row> rows = {{"LEVEL", "ENTITY", "KIND", "ATTRIBUTES"}};
  for_each_in(root, "levels", [&](const element& level) {
    for_each_in(level, "entities", [&](const element& entity) {
      std::string attributes;
      for_each_in(entity, "attributes", [&](const element& each) {
        std::string_view name;
        if (each.get(name) == simdjson::SUCCESS)
          attributes.append(attributes.empty() ? "" : ", ").append(name);
      });
      rows.push_back({std::to_string(number_in(level, "level")), text_in(entity, "entity"),
                      text_in(entity, "kind"), attributes});
    });
  });
  add_table(rows, text);
  return text;
}

std::string hypothesis_text(const element& root) {
  std::string text = fmt::format("supposed: {} = {}, where it is {}, at position {}\n", name_in(root),
                                 value_in(root, "supposed"), value_in(root, "was"), position_text(root));
  std::vector<Row> changes = {{"LEVEL", "WOULD CHANGE", "WAS", "WOULD BE"}};
  for_each_in(root, "changes", [&](const element& change) {
    changes.push_back({std::to_string(number_in(change, "level")), name_in(change), value_in(change, "was"),
                       value_in(change, "would_be")});
  });
  if (changes.size() == 1) return text + "nothing else that was computed would change\n";
  add_table(changes, text);
  std::vector<Row> effects = {{"CONSTRAINT", "EFFECT", "IF IT LASTS", "SEVERITY", "REQUIRES"}};
  for_each_in(root, "constraints", [&](const element& each) {
    effects.push_back({text_in(each, "constraint"), text_in(each, "effect"), text_in(each, "for"),
                       text_in(each, "severity"), text_in(each, "requires")});
  });
  if (effects.size() > 1) {
    text += "\n";
    add_table(effects, text);
  }
  for_each_in(root, "held",
              [&](const element& each) { text += "held at its present value: " + name_in(each) + "\n"; });
  return text;
}

schema::Error unreadable() {
  return {schema::ErrorCode::corrupt, "the server's answer cannot be read", "",
          "is the server another version of Pollux than this program?"};
}

}  // namespace

schema::Result<std::string> why_text(std::string_view body) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
      text_in(root, "entity").empty()) {
    return unreadable();
  }
  std::string text = fmt::format("at {}, position {}, model {:.12}\n", text_in(root, "at"),
                                 position_text(root), text_in(root, "model_version"));
  add_cause(root, 0, text);
  return text;
}

schema::Result<std::string> impact_text(std::string_view body) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
      text_in(root, "entity").empty()) {
    return unreadable();
  }
  const bool supposes = root["supposed"].error() == simdjson::SUCCESS;
  std::string text = supposes ? hypothesis_text(root) : cone_text(root);
  if (true_in(root, "truncated")) text += "... there is more than is shown or computed\n";
  return text;
}

}  // namespace pollux::server::cli
