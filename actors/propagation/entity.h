// One entity of the twin: its state by event time, and how it follows its inputs. No actor and no thread in
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "actors/change.h"
#include "actors/propagation/entity_image.h"
#include "actors/propagation/observations.h"
#include "actors/propagation/timeline.h"
#include "schema/model/model.h"
#include "schema/step/aggregate.h"

namespace pollux::actors {

class Entity;
struct EntityDeleter {
  void operator()(Entity* entity) const;
};
using EntityPtr = std::unique_ptr<Entity, EntityDeleter>;

/// How far an epoch moves the twin's clock, and what it may still revise.
struct EpochTimes {
  schema::EventTime before = schema::kBeginning;   ///< The clock when the epoch began.
  schema::EventTime clock = schema::kBeginning;    ///< The clock it settles at; never before `before`.
  schema::EventTime horizon = schema::kBeginning;  ///< Nothing before it changes in this epoch.
  /// Nothing before it can change any more.
  schema::EventTime final_before = schema::kBeginning;
  PinNumber pinned = 0;  ///< The newest pin held; see `Entity::keep_for`.
  /// Whether what no reader is shown is recorded too, for events that reach back further than memory.
  bool remember = false;
};

/// A span of event time, `to` exclusive; empty where `from` is `kNever`.
struct Interval {
  schema::EventTime from = schema::kNever;
  schema::EventTime to = schema::kNever;

  bool empty() const { return from == schema::kNever; }
};

/// Where a dependency edge ends: written by one sender, read by the entity it belongs to after all have
/// reported.
struct InboxSlot {
  // The message. Where the sender got just one version more, `latest` is its value, and `intervals` is null.
  // Otherwise the sender's timeline differs within these of its `intervals` that lie after `changed_from`.
  schema::EventTime changed_from = schema::kNever;  ///< kNever: there is no message.
  schema::Value latest;
  const std::vector<Interval>* intervals = nullptr;

  // The wiring.
  const Timeline* timeline = nullptr;              ///< The sender's; not to be read while the sender runs.
  const schema::Conversion* conversion = nullptr;  ///< Into the input's unit; null where it is the same.
  std::uint32_t target = 0;                        ///< Operand index, or for a many-input its input slot.
  std::uint32_t member = schema::kNone;            ///< Place among a many-input's bindings.

  bool empty() const { return changed_from == schema::kNever; }
};

/// Where a dependency edge begins. It leads straight to the slot, so that sending a change only writes.
struct OutEdge {
  InboxSlot* slot = nullptr;
  schema::EntityIndex consumer = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
};

/// What a worker needs while it runs entities one after another; reused, so that running allocates nothing.
struct Workspace {
  struct Wake {
    schema::EventTime time;
    schema::EntityIndex entity;
  };
  /// The versions an operand takes on, one after another, while a step moves along.
  struct Track {
    const Version* next = nullptr;
    const Version* end = nullptr;
    const schema::Conversion* conversion = nullptr;  ///< Into the operand's unit; null where it is the same.
    std::uint16_t operand = 0;
  };
  struct Sampled {
    schema::AttributeSlot attribute;
    schema::EventTime before;  ///< Of the newest report there was before the epoch.
    schema::EventTime first;   ///< Of the first one after that.
    schema::EventTime latest;
  };
  struct MemberMoment {
    schema::EventTime time;
    std::uint32_t member;
    schema::Value value;
  };

  // By operand: where it differs from what the entity last saw. Ascending and disjoint, for attributes.
  std::vector<std::vector<Interval>> differences;
  std::vector<std::uint16_t> differing;  // operands with differences
  std::vector<std::uint64_t>
      changed_in;                  // by attribute, where all there is is one version more each: the run
  std::vector<Interval> dirty;     // where a step is to be evaluated again
  std::vector<Sampled> sampled;    // attributes of which only the latest report counts
  std::vector<Interval> reported;  // where observations of one attribute are new
  std::vector<std::vector<Version>> fresh;  // by attribute: its versions within the interval at hand
  std::vector<std::size_t> first;           // by attribute: where that begins in its timeline
  std::vector<Version> removed;             // what an attribute's versions there were before
  std::vector<schema::Value> operands;      // as they are where a step has got to
  std::vector<Track> tracks;
  std::vector<std::vector<Version>> aggregated;  // by aggregate: its versions within the interval at hand
  std::vector<MemberMoment> member_moments;
  std::vector<std::uint32_t> members_later;  // slots of members that change again after the interval
  std::vector<schema::Value> before;         // what a step wrote last
  bool starts_with_change = false;           // something a step reads changes where an interval begins
  std::vector<schema::EntityIndex> reached;  // who has been sent a change, as often as there were edges

  std::uint64_t run = 0;  // counts entities run, of all epochs

  // What the supervisor collects when the epoch has settled.
  std::vector<Change> changes;
  std::vector<Change> statuses;  // those of constraints' statuses once more
  std::vector<Wake> wakes;
  std::vector<KeptImage> kept;  // entities as they were, for pins
  Background background;
  std::uint64_t evaluated = 0;
  std::uint64_t failed = 0;
  std::uint64_t revisions = 0;
  std::uint64_t passed_over = 0;

  Workspace() = default;
  /// For entities of any of its types.
  explicit Workspace(const schema::Model& model);
};

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
  /// Asks for the memory that the next `run` will read, where messages reach into the past. Changes nothing.
  void fetch_due() const;

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
  schema::EventTime sole_moment() const;
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
  std::size_t find_first(schema::AttributeSlot attribute, Interval interval, Workspace& workspace) const;
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
