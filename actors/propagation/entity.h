// One entity of the twin: its state by event time, and how it follows its inputs. No actor and no thread in
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "actors/propagation/edge.h"
#include "actors/propagation/entity_image.h"
#include "actors/propagation/epoch_times.h"
#include "actors/propagation/observations.h"
#include "actors/propagation/timeline.h"
#include "actors/propagation/workspace.h"
#include "schema/model/model.h"
#include "schema/prefetch.h"
#include "schema/step/aggregate.h"

namespace pollux::actors {

class Entity;
struct EntityDeleter {
  void operator()(Entity* entity) const;
};
using EntityPtr = std::unique_ptr<Entity, EntityDeleter>;

/// The state of one entity. Timelines hold what the retained past was; operands hold the present, for the
/// next step.
///
/// Belongs to one thread at a time: to the worker that runs it within an epoch, to the supervisor between
/// epochs. Its timelines may be read by the entities that depend on it once it has run.
class Entity {
 public:
  /// One allocation an entity, its arrays behind it, so that neighbours in evaluation order are neighbours in
  /// memory. `edges`: how many bindings in the model lead away from it.
  static EntityPtr create(const schema::Model& model, schema::EntityIndex index, std::uint32_t edges);

  Entity(const Entity&) = delete;
  Entity& operator=(const Entity&) = delete;

  /// Wires its inputs to their producers. `entities`: all of the domain, by index. Once, before anything
  /// runs.
  void connect(const schema::Model& model, std::span<Entity* const> entities);

  /// Evaluates the beginning of time. REQUIRES: every producer has been initialised.
  void initialise();

  /// Before anything else is done to it in an epoch: keeps what it is, unless it has for this pin.
  void keep_for(PinNumber pin, std::vector<KeptImage>& kept) {
    if (kept_for_ < pin) keep(pin, kept);
  }
  /// What it is. REQUIRES: settled.
  EntityImage image() const;

  /// Becomes what an image of it says. REQUIRES: the image is of an entity of its type, and nothing has run.
  void restore(EntityImage& image);
  /// Then, once all have been restored: sees its inputs as they are.
  void see_inputs();

  /// Takes in what a source reported. The next `run` acts on it.
  void observe(schema::AttributeSlot attribute, const Observation& observation, const EpochTimes& times);

  /// Takes in that reports came all along from `from` to `to` that are passed over. The next `run` acts on
  /// it.
  void hear(schema::AttributeSlot attribute, schema::EventTime from, schema::EventTime to,
            const EpochTimes& times);

  /// Takes in what an event said that a revision keeps from standing. No value follows from it until it
  /// stands.
  void withhold(schema::AttributeSlot attribute, const Observation& observation, const EpochTimes& times);

  /// Lets what an earlier event said stand, or no longer. The next `run` acts on it.
  void set_standing(const ObservationPlace& place, bool stands, const EpochTimes& times,
                    Background& background);

  /// Since when something is different for it, as far as it knows before it runs; `kNever` where nothing is.
  schema::EventTime due_from() const;

  /// Takes back what memory had dropped of an attribute: see `Timeline` and `Observations`.
  void bring_back(schema::AttributeSlot attribute, std::span<const Version> older) {
    timelines_[attribute].bring_back(older);
  }
  void bring_back(schema::AttributeSlot attribute, std::span<const Observation> standing,
                  std::span<const Heard> heard) {
    extras_->observations[attribute].bring_back(standing, heard);
  }
  /// Asks for the memory of an entity of usual size: itself with its arrays. Changes nothing, reads nothing.
  void fetch() const {
    constexpr std::size_t kLines = 6;
    schema::prefetch_lines<kLines>(this);
  }
  /// Asks for the memory that the next `run` will write where an attribute gets one version more. Changes
  /// nothing.
  void fetch_ends() const {
    for (std::size_t a = 0; a < type_->attributes.size(); ++a) timelines_[a].fetch_end();
  }
  /// Asks for the memory that the next `run` will read, where messages reach into the past. Changes nothing.
  void fetch_past() const;
  /// Before that, for what it will read of long timelines.
  void fetch_directories() const;

  /// Drops what no event from `horizon` on needs. REQUIRES: settled.
  void forget_before(schema::EventTime horizon, schema::EventTime final_before);

  /// Follows its inbox, observations and timers: evaluates again the intervals of event time that they
  /// affect, and those alone; hands what changed to its dependents' inboxes, and records it in `workspace`.
  /// False where nothing changed. Cost: the moments in these intervals, wherever in the past they lie.
  bool run(const EpochTimes& times, Workspace& workspace);

  /// When it wants to be run next though nothing reports to it; `kNever` where it does not.
  schema::EventTime wake() const { return wake_; }

  schema::EntityIndex index() const { return index_; }
  const schema::EntityType& type() const { return *type_; }
  const Timeline& timeline(schema::AttributeSlot attribute) const { return timelines_[attribute]; }
  /// Of an observed attribute: when it was last reported, whether or not the value differed.
  schema::EventTime observed_at(schema::AttributeSlot attribute) const;

  /// Of an observed attribute: what it has been told and still holds.
  std::span<const Observation> observations(schema::AttributeSlot attribute) const {
    return extras_->observations[attribute].standing();
  }
  /// See `Observations::oldest_time`.
  schema::EventTime oldest_observation(schema::AttributeSlot attribute) const {
    return extras_->observations[attribute].oldest_time();
  }

  void check_invariants() const;

 private:
  friend struct EntityDeleter;
  /// Parts that only some types have.
  struct Extras {
    struct Report {
      schema::AttributeSlot attribute;
      schema::EventTime from;  ///< What follows may differ from here on,
      schema::EventTime time;  ///< up to the next observation after this.
    };
    std::vector<Observations> observations;     // by attribute slot; only those of observed ones are used
    std::vector<Report> reports;                // not yet acted on
    std::vector<schema::Aggregate> aggregates;  // as in the type
    schema::EventTime timers_to = schema::kBeginning;  // every timer until then was looked at
  };

  Entity() = default;
  ~Entity() = default;
  void keep(PinNumber pin, std::vector<KeptImage>& kept);

  // The usual way: one version more. (entity_advance.cpp)
  schema::EventTime take_sole_moment();
  bool advance_one_moment(schema::EventTime at, const EpochTimes& times, Workspace& workspace);
  bool reports_are_the_newest(const EpochTimes& times) const;
  bool advance_by_reports(const EpochTimes& times, Workspace& workspace);
  bool run_steps(schema::EventTime at, const EpochTimes& times, Workspace& workspace);
  bool move_on(schema::AttributeSlot attribute, schema::EventTime at, const schema::Value& value,
               const EpochTimes& times, Workspace& workspace);
  void hand_on_latest(schema::EventTime at, Workspace& workspace) const;
  void set_member(const InboxSlot& slot, const schema::Value& value);
  void refresh_aggregates();
  void plan_wake(const EpochTimes& times, Workspace& workspace);

  // Plain expressions over inputs that differ in the past. (entity_revise.cpp)
  bool revise(const EpochTimes& times, Workspace& workspace);
  schema::EventTime take_messages(const EpochTimes& times, Workspace& workspace);
  void revise_interval(const Interval& interval, const EpochTimes& times, Workspace& workspace);

  // Any course of events, past and present. (entity_rewrite.cpp)
  bool rewrite(const EpochTimes& times, Workspace& workspace);
  void take_inbox(Workspace& workspace);
  void replay_observations(const EpochTimes& times, Workspace& workspace);
  void replay_attribute(schema::AttributeSlot attribute, const EpochTimes& times, Workspace& workspace);
  void collect_dirty(const schema::Step& step, const EpochTimes& times, Workspace& workspace) const;
  Timeline::Place find_first(schema::AttributeSlot attribute, Interval interval, Workspace& workspace) const;
  void rewrite_step(const schema::Step& step, const EpochTimes& times, Workspace& workspace);
  schema::EventTime rewrite_interval(const schema::Step& step, Interval interval, const EpochTimes& times,
                                     Workspace& workspace);
  void evaluate(const schema::Step& step, schema::EventTime at, Workspace& workspace) const;
  void follow_operands(const std::vector<std::uint16_t>& operands, Interval interval, Workspace& workspace);
  void follow_aggregate(std::size_t aggregate, Interval interval, Workspace& workspace);
  bool is_moment(const schema::Step& step, schema::EventTime at, const Workspace& workspace) const;
  bool remembers_the_same_at(const schema::Step& step, schema::EventTime time,
                             const Workspace& workspace) const;
  schema::EventTime memory_changes_after(const schema::Step& step, schema::EventTime time) const;
  void splice(schema::AttributeSlot attribute, Interval interval, const EpochTimes& times,
              Workspace& workspace);
  void record_differences(schema::AttributeSlot attribute, Interval interval, const schema::Value& before,
                          const EpochTimes& times, Workspace& workspace);
  void record(schema::AttributeSlot attribute, Interval interval, const schema::Value& was,
              const schema::Value& is, const EpochTimes& times, Workspace& workspace) const;
  void hand_on(Workspace& workspace);

  schema::History argument_of(const schema::Step& step) const {
    return step.form == schema::Step::Form::temporal ? timelines_[step.argument].versions()
                                                     : schema::History{};
  }
  schema::EventTime horizon_of(schema::AttributeSlot attribute, const EpochTimes& times) const {
    return schema::before(times.horizon, type_->attributes[attribute].retain);
  }
  /// Only single inputs have operands of their own; their slots come first.
  const InboxSlot& slot_of(std::uint16_t operand) const { return inbox_[operand - type_->attributes.size()]; }

  const schema::EntityType* type_ = nullptr;
  Timeline* timelines_ = nullptr;
  schema::Value* operands_ = nullptr;
  InboxSlot* inbox_ = nullptr;
  OutEdge* edges_ = nullptr;
  std::unique_ptr<Extras> extras_;
  std::vector<Interval> sent_;  // where it last differed, unless that was one version more
  schema::EventTime evaluated_to_ = schema::kBeginning;  // no operand changes later
  schema::EventTime wake_ = schema::kNever;
  schema::EntityIndex index_ = schema::kNone;
  std::uint32_t inbox_size_ = 0;
  std::uint32_t edges_size_ = 0;
  PinNumber kept_for_ = 0;
};

}  // namespace pollux::actors
