// Carries change over links from one domain to another.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/change.h"
#include "actors/plant/carried_course.h"
#include "actors/probe.h"
#include "actors/twin.h"
#include "schema/event/event.h"
#include "schema/model/division.h"

namespace pollux::actors {

/// Follows one domain's settled changes and makes events of them for another: for all links that lead from
/// the one to the other, each change as observations of what reaches the link, at their event times, with
/// the producer's position as their sequence. A later position says something else of a time by an
/// observation of its own at that time, which comes later in the total order of events.
///
/// What an observation says follows from the producer's history alone, and so does its id. So nothing needs
/// to be remembered: a carrier that begins anew asks the consumer what it has been told and repeats what may
/// be missing, and what is repeated is a duplicate. Where the consumer's queue or disk is full, the carrier
/// waits; the producer never does.
///
/// Not thread-safe: `step` and the destructor are called by one thread at a time. The twins must outlive it,
/// but for the answers to what it has submitted.
class LinkCarrier {
 public:
  /// Called on any thread when a step may find something to do; must return soon.
  using Ring = std::function<void()>;

  /// `links`: one or more, all from the domain of `producer` to that of `consumer`.
  LinkCarrier(Twin& producer, Twin& consumer, std::vector<schema::CrossingLink> links, Ring ring = {},
              std::function<void(const std::string&)> warn = {});
  ~LinkCarrier();
  LinkCarrier(const LinkCarrier&) = delete;
  LinkCarrier& operator=(const LinkCarrier&) = delete;

  /// Does what can be done without waiting. False where there is nothing to do until `Ring`, or until some
  /// time has passed: see `waits`.
  bool step();

  /// Whether all that is settled at the producer has been carried.
  bool idle() const;
  /// Whether it is worth trying again after a while, though nothing rings.
  bool waits() const { return waits_; }

  schema::Position carried_position() const {
    return static_cast<schema::Position>(probe_.carried_position.value());
  }
  const CarrierProbe& probe() const { return probe_; }
  std::span<const schema::CrossingLink> links() const { return links_; }
  void check_invariants() const;

  /// Observations of one submission.
  static constexpr std::size_t kBatchEventsMax = 10'000;
  /// Epochs of the producer looked at in one step.
  static constexpr std::size_t kEpochsMax = 256;

 private:
  struct Answers;
  struct Submitted {
    schema::EventBatch batch;
    schema::Position through = 0;  ///< With it, all up to here has been carried; 0: more of it follows.
  };

  bool wait_for_earlier_ones();
  void ask_what_was_told();
  bool take_what_was_told();
  bool gather();
  bool gather_from_history(schema::Position oldest);
  bool resume_from_memory();
  void ask_producer();
  void take_in(const EpochChanges& epoch);
  void tell(std::size_t link, schema::Position position);
  void finish_position(schema::Position position);
  void submit();
  bool take_answer();
  void take_outcomes(const std::vector<EventOutcome>& outcomes);
  std::size_t batch_events_max() const;
  void warn(const std::string& what) const;
  std::string name() const;

  Twin& producer_;
  Twin& consumer_;
  const std::vector<schema::CrossingLink> links_;
  const std::function<void(const std::string&)> warn_;
  const std::shared_ptr<Answers> answers_;  // shared with those who still owe one
  CarrierProbe probe_;
  std::uint64_t subscription_ = 0;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_attribute_;  // entity and attribute: links
  std::vector<CarriedCourse> courses_;                                        // by link
  schema::Position read_ = 0;                                                 // of the producer
  schema::Position newest_told_ = 0;  // when this began, to any far end
  const schema::Position producer_began_at_;
  schema::EventBatch filling_;
  std::deque<Submitted> outbox_;
  enum class Phase : std::uint8_t { new_, asking, following, asking_producer };
  Phase phase_ = Phase::new_;
  bool in_flight_ = false;
  bool waits_ = false;
  bool told_of_failure_ = false;
};

/// The links of a divided model, grouped by producer and consumer domain.
std::vector<std::vector<schema::CrossingLink>> routes_of(const schema::DividedModel& divided);

}  // namespace pollux::actors
