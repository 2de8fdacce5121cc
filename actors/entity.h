// One entity of the twin: its state by event time, and how it follows its inputs. No actor and no thread in
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "actors/change.h"
#include "actors/observations.h"
#include "actors/timeline.h"
#include "schema/aggregate.h"
#include "schema/model.h"

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
  schema::EventTime horizon = schema::kBeginning;  ///< Nothing before it can change any more.
};

/// Where a dependency edge ends: written by one sender, read by the entity it belongs to after all have
/// reported.
struct InboxSlot {
  schema::EventTime changed_from =
      schema::kNever;                  ///< The message: the sender's timeline differs from here on.
  const Timeline* timeline = nullptr;  ///< The sender's; not to be read while the sender runs.
  const schema::Conversion* conversion = nullptr;  ///< Into the input's unit; null where it is the same.
  std::uint32_t target = 0;                        ///< Operand index, or for a many-input its input slot.
  std::uint32_t member = schema::kNone;            ///< Place among a many-input's bindings.
};

/// Where a dependency edge begins.
struct OutEdge {
  Entity* consumer = nullptr;
  std::uint32_t slot = 0;
  schema::AttributeSlot attribute = schema::kNoSlot;
};

/// What a worker needs while it runs entities one after another; reused, so that running allocates nothing.
struct Workspace {
  /// An operand that takes a new value at some time.
  struct Moment {
    schema::EventTime time;
    std::uint32_t target;
    std::uint32_t member;
    schema::Value value;
  };
  /// From when on an attribute's timeline was rewritten, and where in `removed` its former versions lie.
  struct Rewrite {
    schema::EventTime from = schema::kNever;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  struct Wake {
    schema::EventTime time;
    schema::EntityIndex entity;
  };

  std::vector<Moment> moments;
  std::vector<Version> removed;
  std::vector<Rewrite> rewrites;  // by attribute slot
  std::vector<schema::EventTime> changed_from;

  // What the supervisor collects when the epoch has settled.
  std::vector<Change> changes;
  std::vector<Wake> wakes;
  std::uint64_t evaluated = 0;
  std::uint64_t failed = 0;
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
  void initialise(Workspace& workspace);

  /// Takes in what a source reported. The next `run` acts on it.
  void observe(schema::AttributeSlot attribute, const Observation& observation);

  /// Re-evaluates from the earliest change in its inbox, observations and timers up to the epoch's clock,
  /// hands what changed to its dependents' inboxes, and records it in `workspace`. False where nothing
  /// changed.
  bool run(const EpochTimes& times, Workspace& workspace);

  /// When it wants to be run next though nothing reports to it; `kNever` where it does not.
  schema::EventTime wake() const { return wake_; }

  schema::EntityIndex index() const { return index_; }
  const schema::EntityType& type() const { return *type_; }
  const Timeline& timeline(schema::AttributeSlot attribute) const { return timelines_[attribute]; }
  /// Of an observed attribute: when it was last reported, whether or not the value differed.
  schema::EventTime observed_at(schema::AttributeSlot attribute) const;

  void check_invariants() const;

 private:
  friend struct EntityDeleter;
  /// Parts that only some types have.
  struct Extras {
    std::vector<Observations> observations;        // by attribute slot; only those of observed ones are used
    std::vector<schema::EventTime> observed_from;  // by attribute slot: the earliest not yet replayed
    std::vector<schema::Aggregate> aggregates;     // as in the type
  };

  Entity() = default;
  ~Entity() = default;

  schema::EventTime earliest_change(const EpochTimes& times) const;
  void replay_observations(const EpochTimes& times, Workspace& workspace);
  void roll_back(schema::EventTime from, Workspace& workspace);
  schema::EventTime next_wake(const EpochTimes& times) const;
  void gather_moments(schema::EventTime from, bool rolled_back, Workspace& workspace) const;
  void roll_forward(const EpochTimes& times, Workspace& workspace);
  void apply(const Workspace::Moment& moment);
  void refresh_aggregates();
  void evaluate(schema::EventTime at, Workspace& workspace);
  schema::Value evaluate_status(const schema::Step& step, schema::EventTime at);
  schema::EventTime pending_timer() const;
  bool find_changes(const EpochTimes& times, Workspace& workspace) const;
  void record_changes(schema::AttributeSlot attribute, std::span<const Version> was, schema::EventTime from,
                      const EpochTimes& times, Workspace& workspace) const;
  void hand_on(const Workspace& workspace) const;
  void cut(schema::AttributeSlot attribute, schema::EventTime from, Workspace& workspace);
  void forget(const EpochTimes& times);
  void set_member(const InboxSlot& slot, const schema::Value& value);

  const schema::EntityType* type_ = nullptr;
  Timeline* timelines_ = nullptr;
  schema::Value* operands_ = nullptr;
  InboxSlot* inbox_ = nullptr;
  OutEdge* edges_ = nullptr;
  std::unique_ptr<Extras> extras_;
  schema::EventTime evaluated_to_ = schema::kBeginning;
  schema::EventTime wake_ = schema::kNever;
  schema::EntityIndex index_ = schema::kNone;
  std::uint32_t inbox_size_ = 0;
  std::uint32_t edges_size_ = 0;
};

}  // namespace pollux::actors
