// What a worker needs while it runs entities, and what they leave with it.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/change.h"
#include "actors/propagation/entity_image.h"
#include "actors/propagation/epoch_times.h"
#include "actors/propagation/timeline.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// What a worker needs while it runs entities one after another; reused, so that running allocates nothing.
struct Workspace {
  struct Wake {
    schema::EventTime time;
    schema::EntityIndex entity;
  };
  /// The versions an operand takes on, one after another, while a step moves along.
  struct Track {
    const Version* next = nullptr;
    const Version* end = nullptr;                    ///< Of those that lie together with it.
    const schema::Conversion* conversion = nullptr;  ///< Into the operand's unit; null where it is the same.
    const Timeline* more = nullptr;                  ///< Where those after `end` are; null: there are none.
    std::uint32_t block = 0;                         ///< Of `more`, in which `next` lies.
    std::uint16_t operand = 0;

    void move_on() {
      if (++next == end && more != nullptr) enter_next_block();
    }
    void enter_next_block() {
      const Timeline::Stretch stretch = more->stretch({block + 1, 0});
      next = stretch.at;
      end = stretch.end;
      block = stretch.block;
      if (!more->has_more_after(block)) more = nullptr;
    }
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
  std::vector<Timeline::Place> first;       // by attribute: where that begins in its timeline
  std::vector<Version> removed;             // what an attribute's versions there were before
  std::vector<schema::Value> operands;      // as they are where a step has got to
  std::vector<Track> tracks;
  std::vector<std::vector<Version>> aggregated;  // by aggregate: its versions within the interval at hand
  std::vector<MemberMoment> member_moments;
  std::vector<std::uint32_t> members_later;  // slots of members that change again after the interval
  std::vector<schema::Value> before;         // what a step wrote last
  bool starts_with_change = false;           // something a step reads changes where an interval begins
  std::vector<schema::EntityIndex> reached;  // who has been sent a change, as often as there were edges
  bool reaches_back = false;                 // such a change may lie before what the receiver has seen

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

}  // namespace pollux::actors
