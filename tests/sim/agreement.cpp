#include "tests/sim/agreement.h"

#include <algorithm>

namespace pollux::sim {

using actors::Episode;
using actors::Version;
using schema::AttributeSlot;
using schema::EntityIndex;
using schema::kBeginning;
using schema::kNever;
using schema::kNone;

namespace {

constexpr std::size_t kEpisodesMax = 100'000;

std::string describe(std::span<const Episode> episodes, const schema::Model& model) {
  std::string text;
  for (const Episode& each : episodes) {
    text += "    " + std::string(model.id(each.constraint)) + " from " + std::to_string(each.from) + " to " +
            std::to_string(each.to) + "\n";
  }
  return text;
}

}  // namespace

std::string describe(std::span<const Version> versions) {
  std::string text;
  for (const Version& version : versions) {
    const schema::Value& value = version.value;
    const bool number = value.type == schema::ValueType::number && value.usable();
    text += "    " + std::to_string(version.from) + ": ";
    text += number ? std::to_string(value.as_number()) : std::to_string(value.bits);
    text += std::string(" ") + name_of(value.quality) + " " + name_of(value.reason) + "\n";
  }
  return text;
}

std::string first_difference(const schema::Model& model, const actors::SettledState& state,
                             const Expected& expected) {
  for (EntityIndex e = 0; e < model.entity_count(); ++e) {
    const auto& attributes = model.type_of(e).attributes;
    for (AttributeSlot a = 0; a < attributes.size(); ++a) {
      const auto got = state.timeline(e, a).versions();
      const auto& want = expected.timelines[e][a];
      if (std::ranges::equal(got, want)) continue;
      return std::string(model.id(e)) + "." + attributes[a].name + " differs\n  engine:\n" + describe(got) +
             "  oracle:\n" + describe(want);
    }
  }
  const auto episodes = state.episodes().find(kNone, kBeginning, kNever, kEpisodesMax);
  if (episodes == expected.episodes) return {};
  return "episodes differ\n  engine:\n" + describe(episodes, model) + "  oracle:\n" +
         describe(expected.episodes, model);
}

}  // namespace pollux::sim
