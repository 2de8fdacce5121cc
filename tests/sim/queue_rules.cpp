#include "tests/sim/queue_rules.h"

#include <cmath>
#include <set>
#include <vector>

#include "schema/step/resource.h"
#include "tests/sim/oracle_temporal.h"

namespace pollux::sim {

using schema::AttributeSlot;
using schema::EntityIndex;
using schema::EventTime;
using schema::kBeginning;
using schema::Step;
using schema::Value;
namespace place = schema::place;

namespace {

/// One resource by what stands in its timeline and in those of its claimants.
class Rules {
 public:
  Rules(const schema::Model& model, const actors::SettledState& state, EntityIndex entity, const Step& step)
      : state_(state), entity_(entity), step_(step) {
    const schema::EntityType& type = model.type_of(entity);
    for (schema::InputSlot i = 0; i < type.inputs.size(); ++i) {
      const bool is_claim = !type.inputs[i].many && type.inputs[i].operand >= step.first_claim;
      if (is_claim) claims_.push_back(model.bindings(entity, i).front());
    }
  }

  std::string first_broken() const {
    for (const EventTime at : moments()) {
      const std::string broken = broken_at(at);
      if (!broken.empty()) return broken + " at " + std::to_string(at);
    }
    return {};
  }

 private:
  Value at(AttributeSlot attribute, EventTime time) const {
    return state_.timeline(entity_, attribute).at(time);
  }
  Value place_of(std::size_t i, EventTime time) const {
    return at(static_cast<AttributeSlot>(step_.target + schema::kResourceCounts + i), time);
  }

  std::set<EventTime> moments() const {
    std::set<EventTime> all;
    const auto add = [&](actors::TimelineView timeline) {
      for (const auto& version : timeline.versions()) all.insert(version.from);
    };
    for (std::size_t i = 0; i < step_.width; ++i) {
      add(state_.timeline(entity_, static_cast<AttributeSlot>(step_.target + i)));
    }
    add(state_.timeline(entity_, step_.argument));
    for (const schema::Binding& claim : claims_) add(state_.timeline(claim.producer, claim.attribute));
    return all;
  }

  std::string broken_at(EventTime time) const {
    double held = 0;
    double held_before = 0;
    double waiting = 0;
    bool given = false;
    for (std::size_t i = 0; i < claims_.size(); ++i) {
      const Value is = place_of(i, time);
      const bool held_it = time != kBeginning && place::holds(place_of(i, time - 1));
      const Value claim = state_.timeline(claims_[i].producer, claims_[i].attribute).at(time);
      if (is.usable() && claim.usable() && !claim.as_boolean()) return "a place without a claim";
      if (!is.usable() && claim.usable() && claim.as_boolean()) return "a claim without a place";
      if (held_it && !place::holds(is) && !(claim.usable() && !claim.as_boolean()))
        return "a unit was taken from who held it";
      if (place::holds(is) && !held_it && overtook(i, time)) return "a claim was overtaken";
      held += place::holds(is);
      held_before += held_it;
      waiting += place::waits(is);
      given = given || (place::holds(is) && !held_it);
    }
    const Value capacity = at(step_.argument, time);
    const double units = capacity.usable() ? std::floor(capacity.as_number()) : 0;
    if (held > std::max(units, held_before)) return "more is in use than there is";
    if (given && held > units) return "a unit was given that there is not";
    if (time != kBeginning && waiting > 0 && held < units) return "someone waits for a free unit";
    if (at(step_.target, time).as_number() != held) return "'in_use' is wrong";
    if (at(static_cast<AttributeSlot>(step_.target + 1), time).as_number() != waiting)
      return "'waiting' is wrong";
    return {};
  }

  /// Whether someone who began to wait before it did goes on waiting.
  bool overtook(std::size_t who, EventTime time) const {
    const Value before = place_of(who, time - 1);
    const EventTime since = place::waits(before) ? static_cast<EventTime>(before.bits) : time;
    for (std::size_t i = 0; i < claims_.size(); ++i) {
      const Value other = place_of(i, time);
      if (!place::waits(other)) continue;
      const auto others = static_cast<EventTime>(other.bits);
      if (others < since || (others == since && i < who)) return true;
    }
    return false;
  }

  const actors::SettledState& state_;
  const EntityIndex entity_;
  const Step& step_;
  std::vector<schema::Binding> claims_;
};

}  // namespace

std::string broken_queue_rule(const schema::Model& model, const actors::SettledState& state) {
  for (EntityIndex e = 0; e < model.entity_count(); ++e) {
    for (const Step& step : model.type_of(e).steps) {
      if (step.form != Step::Form::resource) continue;
      const std::string broken = Rules(model, state, e, step).first_broken();
      if (!broken.empty()) return std::string(model.id(e)) + ": " + broken;
    }
  }
  return {};
}

}  // namespace pollux::sim
