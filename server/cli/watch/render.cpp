#include "server/cli/watch/render.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "server/cli/watch/causes.h"

namespace pollux::server::cli {
namespace {

/// Rows of one table; a larger plant is watched by its constraints.
constexpr std::size_t kRowsMax = 16;

enum class Tone { plain, strong, faint, good, caution, alarm };

/// Text in a tone, where the screen has colours.
std::string toned(const Screen& screen, Tone tone, const std::string& text) {
  if (!screen.colour || tone == Tone::plain) return text;
  static constexpr const char* kCodes[] = {"0", "1", "2", "32", "33", "1;31"};
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<int>(tone)], text);
}

/// Cut to what fits; lengths are in bytes, so a text beyond ASCII may be cut early.
std::string cut(const std::string& text, std::size_t columns) {
  if (text.size() <= columns) return text;
  return columns < 4 ? text.substr(0, columns) : text.substr(0, columns - 3) + "...";
}

std::string number_text(double number) {
  return std::abs(number) >= 1000 ? fmt::format("{:.0f}", number) : fmt::format("{:.2f}", number);
}

std::string bare_text(const ShownValue& value) {
  if (value.number) return number_text(*value.number);
  return value.text.empty() ? "-" : value.text;
}

Tone tone_of(const ShownValue& value) {
  if (value.quality == "good") return Tone::plain;
  return value.quality == "bad" ? Tone::alarm : Tone::caution;
}

Tone tone_of_status(const std::string& status) {
  if (status == "violated") return Tone::alarm;
  return status == "unknown" ? Tone::caution : Tone::good;
}

/// The time of day of an RFC 3339 time, without fractions.
std::string clock_text(const std::string& time) {
  return time.size() < 19 ? "--:--:--" : time.substr(11, 8);
}

bool is_column(const ShownAttribute& attribute) {
  return attribute.role != "parameter";
}

std::string heading_of(const ShownAttribute& attribute) {
  return attribute.value.unit.empty() ? attribute.name : attribute.name + " " + attribute.value.unit;
}

/// A table of the entities of one type, all of which have the same attributes.
std::string render_type(const std::vector<const ShownEntity*>& entities,
                        const std::set<std::string>& suspects, const Screen& screen) {
  const std::size_t rows = std::min(entities.size(), kRowsMax);
  std::size_t id_width = entities.front()->type.size();
  for (std::size_t row = 0; row < rows; ++row) id_width = std::max(id_width, entities[row]->id.size());

  std::string heading = fmt::format("{:<{}}", entities.front()->type, id_width);
  std::vector<std::string> lines;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::string id = fmt::format("{:<{}}", entities[row]->id, id_width);
    lines.push_back(toned(screen, suspects.contains(entities[row]->id) ? Tone::alarm : Tone::strong, id));
  }
  std::size_t used = id_width;
  const std::vector<ShownAttribute>& columns = entities.front()->attributes;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!is_column(columns[i])) continue;
    const std::string name = heading_of(columns[i]);
    std::size_t width = name.size();
    for (std::size_t row = 0; row < rows; ++row) {
      width = std::max(width, bare_text(entities[row]->attributes.at(i).value).size());
    }
    if (used + 2 + width > screen.columns) {
      heading += used + 4 <= screen.columns ? " ..." : "";
      break;
    }
    used += 2 + width;
    heading += fmt::format("  {:>{}}", name, width);
    for (std::size_t row = 0; row < rows; ++row) {
      const ShownValue& value = entities[row]->attributes.at(i).value;
      lines[row] += "  " + toned(screen, tone_of(value), fmt::format("{:>{}}", bare_text(value), width));
    }
  }
  std::string text = toned(screen, Tone::faint, heading) + "\n";
  for (const std::string& line : lines) text += line + "\n";
  if (rows < entities.size()) text += fmt::format("... and {} more\n", entities.size() - rows);
  return text;
}

std::string render_tables(const Picture& picture, const std::set<std::string>& suspects,
                          const Screen& screen) {
  std::vector<std::string> types;  // in the order of the model
  std::map<std::string, std::vector<const ShownEntity*>> by_type;
  for (const ShownEntity& entity : picture.entities) {
    auto& same = by_type[entity.type];
    if (same.empty()) types.push_back(entity.type);
    same.push_back(&entity);
  }
  std::string text;
  for (const std::string& type : types) text += render_type(by_type[type], suspects, screen);
  if (picture.more_entities) text += "... and more entities than are shown here\n";
  return text;
}

std::string render_constraint(const ShownConstraint& constraint, const Screen& screen) {
  std::string rest = fmt::format("  {} since {}  {}", constraint.severity, clock_text(constraint.since),
                                 constraint.requires_text);
  if (!constraint.hold.empty() && constraint.hold[0] != '0') rest += "  for " + constraint.hold;
  const std::string head = fmt::format("{:<9} {}", constraint.status, constraint.id);
  const std::size_t left = screen.columns > head.size() ? screen.columns - head.size() : 0;
  return toned(screen, tone_of_status(constraint.status), head) + cut(rest, left) + "\n";
}

std::string render_constraints(const Picture& picture, const Screen& screen) {
  std::string text;
  for (const char* status : {"violated", "unknown"}) {
    for (const ShownConstraint& constraint : picture.constraints) {
      if (constraint.status == status) text += render_constraint(constraint, screen);
    }
  }
  std::string satisfied;
  for (const ShownConstraint& constraint : picture.constraints) {
    if (constraint.status == "satisfied") satisfied += " " + constraint.id;
  }
  if (satisfied.empty()) return text;
  const std::size_t left = screen.columns > 9 ? screen.columns - 9 : 0;
  return text + toned(screen, Tone::good, "satisfied") + cut(satisfied, left) + "\n";
}

std::string render_story(const CauseStory& story, const Screen& screen) {
  std::string text = toned(screen, Tone::alarm, "why " + story.constraint) + "\n";
  for (const CauseLine& line : story.lines) {
    std::string said = fmt::format("{:{}}{}  {}", "", 2 + 2 * line.depth, line.name, text_of(line.value));
    for (const std::string& constraint : line.also_violated)
      said += "  << " + constraint + " is violated too";
    if (line.more) said += "  ...";
    text +=
        toned(screen, line.also_violated.empty() ? Tone::plain : Tone::caution, cut(said, screen.columns)) +
        "\n";
  }
  if (story.chain.size() > 1) {
    text += toned(screen, Tone::strong, fmt::format("  chain: {}", fmt::join(story.chain, " <- "))) + "\n";
  }
  return text;
}

/// Leaves out the stories of constraints that stand in another story.
std::vector<CauseStory> untold_elsewhere(std::vector<CauseStory> stories) {
  std::set<std::string> told;
  for (const CauseStory& story : stories) {
    for (const CauseLine& line : story.lines)
      told.insert(line.also_violated.begin(), line.also_violated.end());
  }
  stories.erase(std::remove_if(stories.begin(), stories.end(),
                               [&](const CauseStory& story) { return told.contains(story.constraint); }),
                stories.end());
  return stories;
}

std::string cut_to_rows(std::string text, const Screen& screen) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  if (screen.rows < 2 || lines <= screen.rows) return text;
  std::size_t end = 0;
  for (std::size_t row = 0; row + 1 < screen.rows; ++row) end = text.find('\n', end) + 1;
  text.resize(end);
  return text + fmt::format("... {} more lines on a higher screen\n", lines + 1 - screen.rows);
}

/// The entities that a violated constraint watches directly.
std::set<std::string> watched_by_violated(const Picture& picture) {
  std::set<std::string> suspects;
  for (const ShownCause& explanation : picture.explanations) {
    for (const ShownCause& input : explanation.inputs) {
      if (input.role != "parameter") suspects.insert(input.entity);
    }
  }
  return suspects;
}

std::string count_text(const Picture& picture) {
  std::map<std::string, int> counts;
  for (const ShownConstraint& constraint : picture.constraints) ++counts[constraint.status];
  return fmt::format("{} satisfied, {} violated, {} unknown", counts["satisfied"], counts["violated"],
                     counts["unknown"]);
}

}  // namespace

std::string text_of(const ShownValue& value) {
  std::string text = bare_text(value);
  if (!value.unit.empty() && value.number) text += " " + value.unit;
  if (value.quality != "good") {
    text += value.reason.empty() ? fmt::format(" ({})", value.quality)
                                 : fmt::format(" ({}: {})", value.quality, value.reason);
  }
  return text;
}

std::string render(const Picture& picture, const Screen& screen) {
  const std::string head =
      fmt::format("{}  position {}  {}", picture.clock.empty() ? "no event yet" : picture.clock,
                  picture.position, count_text(picture));
  std::string text = toned(screen, Tone::strong, head) + "\n" + render_constraints(picture, screen);
  for (const CauseStory& story : untold_elsewhere(tell_all(picture.explanations))) {
    text += "\n" + render_story(story, screen);
  }
  text += "\n" + render_tables(picture, watched_by_violated(picture), screen);
  return cut_to_rows(std::move(text), screen);
}

std::string render_news(const Picture& before, const Picture& now, const Screen& screen) {
  std::map<std::string, std::string> was;
  for (const ShownConstraint& constraint : before.constraints) was[constraint.id] = constraint.status;
  std::string text =
      fmt::format("{}  position {}  {}\n", clock_text(now.clock), now.position, count_text(now));
  std::set<std::string> fresh;
  for (const ShownConstraint& constraint : now.constraints) {
    const auto known = was.find(constraint.id);
    const std::string earlier = known == was.end() ? "unknown" : known->second;
    // That what was never judged turns out well is no news.
    if (earlier == constraint.status || (earlier == "unknown" && constraint.status == "satisfied")) continue;
    text += render_constraint(constraint, screen);
    if (constraint.status == "violated") fresh.insert(constraint.id);
  }
  for (const CauseStory& story : tell_all(now.explanations)) {
    if (fresh.contains(story.constraint)) text += render_story(story, screen);
  }
  return text;
}

}  // namespace pollux::server::cli
