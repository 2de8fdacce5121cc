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

/// Entities of the undivided model, those of one domain all at the same settled epoch.
struct PlantView {
  std::vector<schema::Position> positions;  ///< By domain, whether anything was read there or not.
  std::vector<schema::EventTime> clocks;    ///< Likewise.
  std::vector<EntityState> entities;        ///< In the order asked for.
};

/// A backup of all domains.
struct PlantBackup {
  BackupInfo whole;                 ///< Of several domains: its number in the list of backups; all bytes.
  std::vector<BackupInfo> domains;  ///< By domain, as each has numbered its own.
};

/// How far one domain has come in starting.
struct PlantProgress {
  schema::DomainIndex domain = 0;
  ReplayProgress replay;
};

/// What is different from domain to domain when a plant starts; either may be empty.
struct PlantHooks {
  /// Adapts the options of one domain, by its model: where its snapshots lie.
  std::function<void(const schema::Model& model, TwinOptions& options)> adapt;
  /// Called on the thread that starts the plant.
  std::function<void(const PlantProgress&)> on_progress;
};

/// A model as it runs, of several domains or of one: then this is its twin and nothing besides.
///
/// Owns the twins of all domains and one thread that carries between them. Thread-safe unless said otherwise;
/// callbacks run on engine threads, as those of `Twin`.
class Plant {
 public:
  /// Opens the journal of one domain, by the model of that domain.
  using OpenJournal = std::function<schema::Result<std::unique_ptr<Journal>>(const schema::Model& model)>;

  /// Replays each domain, then carries what had not been carried when they last ran, before the wall clock
  /// moves any of them: else it would be late for them. Waits at most `kCatchUpMax` for that, then says so
  /// and goes on. `options.scheduler` must be null where there are several domains. Errors: also conflict,
  /// where a domain knows more of another than that does itself.
  static schema::Result<std::unique_ptr<Plant>> start(std::shared_ptr<const schema::Model> model,
                                                      const OpenJournal& open, const TwinOptions& options,
                                                      const PlantHooks& hooks = {});
  static constexpr std::chrono::seconds kCatchUpMax{60};

  /// Stops as `stop()` does.
  ~Plant();

  /// Hands each event to the domain of its entity. `done` is called exactly once, when all these have
  /// answered: with an error where one of them refused. Others may have taken theirs then, so all of it is to
  /// be sent again: what was taken is a duplicate.
  void submit(schema::EventBatch batch, std::function<void(schema::Result<PlantReceipt>)> done);

  /// Reads settled entities of the undivided model, each domain's at one epoch.
  void read(std::vector<schema::EntityIndex> entities, std::function<void(PlantView)> done);

  /// The present values of attributes of the undivided model, memory included, in the order asked for.
  struct Values {
    std::vector<schema::Position> positions;  ///< By domain.
    std::vector<schema::EventTime> clocks;
    std::vector<schema::Value> values;
  };
  void look(std::vector<Series> attributes, std::function<void(Values)> done);

  /// Episodes that were not over at a time, by domain; of each domain at most `limit`, the newest ones. By
  /// entity of the undivided model.
  void episodes_since(std::vector<schema::EventTime> times, std::size_t limit,
                      std::function<void(std::vector<Episode>)> done);

  /// The digest of the digests of all domains, in order; of one domain, its own.
  struct Digest {
    std::vector<actors::Digest> domains;
    std::string hex;  ///< 128 bits, lower-case.
  };
  void digest(std::function<void(Digest)> done);

  /// Adds a backup of each domain to a directory of its own in `directory`, or of the only one to `directory`
  /// itself. Nothing is carried meanwhile, so that no domain's copy knows of another what that one's lacks.
  /// Blocks; one at a time. See plant_directory.h. Errors: as `Twin::back_up`.
  schema::Result<PlantBackup> back_up(const std::string& directory);

  /// Waits until all that is settled has been carried and settled where it leads. Errors: unavailable after
  /// `patience`.
  schema::Result<void> wait_until_carried(std::chrono::milliseconds patience) const;

  Twin& domain(schema::DomainIndex index);
  const Twin& domain(schema::DomainIndex index) const;
  std::size_t domain_count() const { return divided().domains.size(); }
  /// All of them.
  std::vector<schema::DomainIndex> domains() const;
  /// Where an entity of the undivided model lies.
  const schema::DividedModel::Place& place(schema::EntityIndex entity) const {
    return divided().places[entity];
  }
  /// What an entity of a domain is in the undivided model.
  schema::EntityIndex whole(schema::DomainIndex domain, schema::EntityIndex entity) const {
    return divided().wholes[domain][entity];
  }
  /// Whether an attribute of an entity of a domain is one in the undivided model, too: all but what links
  /// have from elsewhere.
  bool is_whole(schema::DomainIndex domain, schema::EntityIndex entity,
                schema::AttributeSlot attribute) const;
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
