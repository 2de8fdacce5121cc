// A model of several domains as it runs: a twin for each of them, and what links carry between them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/journal/journal.h"
#include "actors/plant/event_division.h"
#include "actors/plant/link_carrier.h"
#include "actors/twin.h"
#include "schema/model/division.h"

namespace pollux::actors {

/// The answer to a submission to several domains.
struct PlantReceipt {
  std::vector<schema::Position> positions;  ///< By domain; 0 where none of its events belong there.
  std::vector<EventOutcome> outcomes;       ///< One an event, in order.
};

/// Owns the twins of all domains and one thread that carries between them. Thread-safe unless said otherwise;
/// callbacks run on engine threads, as those of `Twin`.
class Plant {
 public:
  /// Opens the journal of one domain, by the model of that domain.
  using OpenJournal = std::function<schema::Result<std::unique_ptr<Journal>>(const schema::Model& model)>;

  /// Replays each domain, then carries what had not been carried when they last ran, before the wall clock
  /// moves any of them: else it would be late for them. Waits at most `kCatchUpMax` for that, then says so
  /// and goes on. `options.scheduler` must be null.
  static schema::Result<std::unique_ptr<Plant>> start(std::shared_ptr<const schema::Model> model,
                                                      const OpenJournal& open, const TwinOptions& options);
  static constexpr std::chrono::seconds kCatchUpMax{60};

  /// Stops as `stop()` does.
  ~Plant();

  /// Hands each event to the domain of its entity. `done` is called exactly once, when all these have
  /// answered: with an error where one of them refused. Others may have taken theirs then, so all of it is to
  /// be sent again: what was taken is a duplicate.
  void submit(schema::EventBatch batch, std::function<void(schema::Result<PlantReceipt>)> done);

  /// The digest of the digests of all domains, in order, and their positions.
  struct Digest {
    std::vector<schema::Position> positions;
    std::string hex;  ///< 128 bits, lower-case.
  };
  void digest(std::function<void(Digest)> done);

  /// Waits until all that is settled has been carried and settled where it leads. Errors: unavailable after
  /// `patience`.
  schema::Result<void> wait_until_carried(std::chrono::milliseconds patience) const;

  Twin& domain(schema::DomainIndex index);
  const schema::DividedModel& divided() const;
  const schema::Model& model() const;
  /// One for each pair of domains that links lead from and to.
  std::vector<const LinkCarrier*> carriers() const;

  /// Stops carrying, then the twins. What has not been carried is carried after the next start. REQUIRES: as
  /// for `Twin::stop`.
  void stop();

 private:
  struct Implementation;
  explicit Plant(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pollux::actors
