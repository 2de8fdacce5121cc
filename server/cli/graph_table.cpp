#include "server/cli/graph_table.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "schema/model/division.h"

namespace pollux::server::cli {
namespace {

using schema::EntityIndex;
using schema::GraphAnalysis;

/// Entities of the longest path that are written out; the middle of a longer one is left out.
constexpr std::size_t kPathShownMax = 40;
/// Ids of constraints named on one line.
constexpr std::size_t kConstraintsShown = 8;
/// Links between domains that are named.
constexpr std::size_t kLinksShown = 100;

std::string counted(std::uint32_t number) {
  return number == GraphAnalysis::kNotCounted ? "-" : std::to_string(number);
}

std::string path_text(const schema::Model& model, std::span<const EntityIndex> path) {
  std::string text;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path.size() > kPathShownMax && i == kPathShownMax / 2) {
      const std::size_t left_out = path.size() - kPathShownMax;
      text += fmt::format(" -> ... {} more ...", left_out);
      i += left_out;
    }
    text += (text.empty() ? "" : " -> ") + model.id(path[i]);
  }
  return text;
}

void add_ranking(const schema::Model& model, const GraphAnalysis& analysis, std::size_t shown,
                 std::string& text) {
  std::size_t width = 6;
  for (std::size_t i = 0; i < shown; ++i) width = std::max(width, model.id(analysis.ranking[i]).size());
  auto out = std::back_inserter(text);
  fmt::format_to(out, "{:<{}} {:>6} {:>7} {:>7} {:>9} {:>9} {:>11}  {}\n", "ENTITY", width, "DEPTH", "FAN-IN",
                 "FAN-OUT", "CUTS OFF", "CASCADE", "CONSTRAINTS", "CUT OFF BY");
  for (std::size_t i = 0; i < shown; ++i) {
    const EntityIndex e = analysis.ranking[i];
    const EntityIndex by = analysis.cut_off_by[e];
    fmt::format_to(out, "{:<{}} {:>6} {:>7} {:>7} {:>9} {:>9} {:>11}  {}\n", model.id(e), width,
                   analysis.depth[e], analysis.fan_in[e], analysis.fan_out[e], analysis.cuts_off[e],
                   counted(analysis.cascade[e]), counted(analysis.constraints[e]),
                   by == schema::kNone ? "-" : model.id(by));
  }
  if (shown < analysis.ranking.size()) {
    fmt::format_to(out, "... {} more\n", analysis.ranking.size() - shown);
  }
}

void add_bottlenecks(const schema::Model& model, const GraphAnalysis& analysis, std::size_t shown,
                     std::string& text) {
  bool headed = false;
  for (std::size_t i = 0; i < std::min(shown, schema::kBottlenecksShown); ++i) {
    const EntityIndex entity = analysis.ranking[i];
    if (analysis.cuts_off[entity] == 0) break;
    const auto constraints = schema::constraints_downstream(model, entity, kConstraintsShown + 1);
    if (constraints.empty()) continue;
    if (!headed) text += "\nIts failure can violate\n";
    headed = true;
    text += "  " + model.id(entity) + ":";
    for (std::size_t c = 0; c < std::min(constraints.size(), kConstraintsShown); ++c) {
      text += (c == 0 ? " " : ", ") + model.id(constraints[c]);
    }
    text += constraints.size() > kConstraintsShown ? ", ...\n" : "\n";
  }
}

void add_domains(const schema::Model& model, std::string& text) {
  const auto domains = schema::summarise_domains(model);
  std::size_t width = 6;
  const auto name = [&](std::size_t d) { return model.domain_name(static_cast<schema::DomainIndex>(d)); };
  for (std::size_t d = 0; d < domains.size(); ++d) width = std::max(width, name(d).size());
  auto out = std::back_inserter(text);
  fmt::format_to(out, "{:<{}} {:>9} {:>11} {:>8} {:>9}\n", "DOMAIN", width, "ENTITIES", "CONSTRAINTS",
                 "LINKS IN", "LINKS OUT");
  for (std::size_t d = 0; d < domains.size(); ++d) {
    fmt::format_to(out, "{:<{}} {:>9} {:>11} {:>8} {:>9}\n", name(d), width, domains[d].entities,
                   domains[d].constraints, domains[d].links_in, domains[d].links_out);
  }
  std::size_t shown = 0;
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    if (!schema::crosses(model, entity)) continue;
    if (++shown > kLinksShown) continue;
    const schema::Binding& from = model.bindings(entity, 0).front();
    fmt::format_to(out, "  {}: {} {}.{} -> {}, delay {}\n", model.id(entity),
                   name(model.domain_of(from.producer)), model.id(from.producer),
                   model.type_of(from.producer).attributes[from.attribute].name,
                   name(model.domain_of(entity)), schema::format_duration(model.type_of(entity).link_delay));
  }
  if (shown > kLinksShown) fmt::format_to(out, "  ... {} more links\n", shown - kLinksShown);
  text += "\n";
}

}  // namespace

std::string graph_table(const schema::Model& model, const GraphAnalysis& analysis, std::size_t top) {
  const std::size_t shown = std::min(top, analysis.ranking.size());
  const std::size_t height = analysis.longest_path.empty() ? 0 : analysis.longest_path.size() - 1;
  std::string text = fmt::format("{}: {} entities ({} sources, {} constraints), {} bindings, height {}\n",
                                 model.name(), model.entity_count(), analysis.source_count,
                                 analysis.constraint_count, analysis.binding_count, height);
  text += "longest path: " + path_text(model, analysis.longest_path) + "\n\n";
  if (model.domain_count() > 1) add_domains(model, text);
  add_ranking(model, analysis, shown, text);
  if (!analysis.every_cascade_counted) {
    text +=
        fmt::format("cascades are counted for the {} entities with the greatest fan-out or most cut off\n",
                    schema::kCascadesChosen);
  }
  add_bottlenecks(model, analysis, shown, text);
  return text;
}

}  // namespace pollux::server::cli
