#include "actors/supervision/epoch_span.h"

#include <cmath>

namespace pollux::actors {

using schema::Duration;
using schema::EntityIndex;
using schema::kNever;
using schema::Step;

namespace {

/// The periods of what a type may do again and again, though nothing reports to it.
template <class Visit>
void for_each_period(const schema::EntityType& type, Visit visit) {
  if (type.is_link()) visit(type.link_delay);
  for (const Step& step : type.steps) {
    if (step.form == Step::Form::temporal && step.temporal.every > 0) visit(step.temporal.every);
    if (step.form != Step::Form::state_machine) continue;
    for (const schema::Transition& transition : step.machine->transitions) {
      if (transition.after && *transition.after > 0) visit(*transition.after);
    }
  }
}

}  // namespace

Duration epoch_span_max(const schema::Model& model) {
  double moments_a_ns = 0;
  Duration shortest = kNever;
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    for_each_period(model.type_of(entity), [&](Duration period) {
      moments_a_ns += 1.0 / static_cast<double>(period);
      shortest = std::min(shortest, period);
    });
  }
  if (shortest == kNever) return kNever;
  const double span = std::floor(static_cast<double>(kSilentMomentsMax) / moments_a_ns);
  constexpr double kLongest = 9e18;  // below the largest Duration
  return span >= kLongest ? kNever : std::max(shortest, static_cast<Duration>(span));
}

}  // namespace pollux::actors
