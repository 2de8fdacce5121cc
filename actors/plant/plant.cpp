#include "actors/plant/plant.h"

#include <sodium/crypto_generichash.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include "actors/plant/gather.h"
#include "actors/plant/plant_directory.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::DomainIndex;
using schema::EntityIndex;
using schema::Error;
using schema::ErrorCode;
using schema::EventTime;
using schema::Result;
using std::chrono::steady_clock;

namespace {

EventTime system_time() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count();
}

/// How soon a carrier that was refused tries again.
constexpr std::chrono::milliseconds kRetry{20};

/// Collects the answers of all domains to one submission.
struct Gathering {
  std::mutex mutex;
  std::size_t missing = 0;
  EventDivision::Parts parts;
  std::size_t events = 0;
  std::vector<std::vector<EventOutcome>> outcomes;
  PlantReceipt receipt;
  std::optional<Error> refused;
  std::vector<std::string> taken_by;
  std::function<void(Result<PlantReceipt>)> done;

  /// True for the last one.
  bool take(std::size_t domain, const std::string& name, Result<Receipt> answer) {
    const std::lock_guard lock(mutex);
    if (answer.ok()) {
      receipt.positions[domain] = (*answer).position;
      outcomes[domain] = std::move((*answer).outcomes);
      taken_by.push_back(name);
    } else if (!refused) {
      refused = answer.error();
      refused->message = "domain '" + name + "': " + refused->message;
    }
    return --missing == 0;
  }

  void answer() {
    if (refused) {
      if (!taken_by.empty()) {
        std::string names;
        for (const std::string& name : taken_by) names += (names.empty() ? "'" : ", '") + name + "'";
        refused->message += "; of the same events, those of " + names + " were taken";
        refused->advice = "send all of them again: what was taken is a duplicate then";
      }
      return done(*std::move(refused));
    }
    receipt.outcomes = EventDivision::merge(events, parts, outcomes);
    done(std::move(receipt));
  }
};

}  // namespace

struct Plant::Implementation {
  explicit Implementation(std::shared_ptr<const schema::Model> m)
      : model(std::move(m)), divided(schema::divide(model)), division(divided) {}

  bool one() const { return divided.domains.size() == 1; }

  TwinOptions options_for(const schema::Model& domain, const TwinOptions& given, const PlantHooks& hooks) {
    TwinOptions options = given;
    if (hooks.adapt) hooks.adapt(domain, options);
    if (one()) return options;
    options.now = [held = clock_is_held, now = given.now ? given.now : system_time] {
      return held->load() ? schema::kBeginning : now();
    };
    const auto named = [&](const std::function<void(const std::string&)>& tell) {
      const std::string name = "domain '" + domain.domain_name(0) + "': ";
      return tell ? [name, tell](const std::string& what) { tell(name + what); } : tell;
    };
    options.warn = named(given.warn);
    options.alarm = named(given.alarm);
    return options;
  }

  Error named(Error error, const schema::Model& domain) const {
    if (!one()) error.message = "domain '" + domain.domain_name(0) + "': " + error.message;
    return error;
  }

  Result<void> start_twins(const OpenJournal& open, const TwinOptions& options, const PlantHooks& hooks) {
    for (DomainIndex d = 0; d < divided.domains.size(); ++d) {
      const auto& domain = divided.domains[d];
      auto journal = open(*domain);
      if (!journal.ok()) return named(journal.error(), *domain);
      const auto show = [&](const ReplayProgress& progress) {
        if (hooks.on_progress) hooks.on_progress({d, progress});
      };
      auto twin = Twin::start(domain, std::move(*journal), options_for(*domain, options, hooks), show);
      if (!twin.ok()) return named(twin.error(), *domain);
      twins.push_back(std::move(*twin));
    }
    return {};
  }

  void start_carrying(const TwinOptions& options) {
    for (auto& links : routes_of(divided)) {
      Twin& producer = *twins[links.front().from];
      Twin& consumer = *twins[links.front().to];
      carriers.push_back(std::make_unique<LinkCarrier>(
          producer, consumer, std::move(links), [this] { ring(); }, options.warn));
    }
    if (!carriers.empty()) thread = std::thread([this] { carry(); });
  }

  /// Whether no domain has heard of another what that one does not know itself. Before anything is carried:
  /// else the other might come to as many positions with other contents, and nothing would show it.
  Result<void> check_told() {
    for (const auto& links : routes_of(divided)) {
      const schema::CrossingLink& first = links.front();
      const schema::Position told = newest_told(*twins[first.to], links);
      if (told <= twins[first.from]->settled_position()) continue;
      const std::string& from = model->domain_name(first.from);
      return Error{ErrorCode::conflict,
                   "domain '" + model->domain_name(first.to) + "' has been told of position " +
                       std::to_string(told) + " of domain '" + from +
                       "', whose journal ends before it: their data are not of one moment",
                   "", "restore all domains from one backup; do not copy or restore them one by one"};
    }
    return {};
  }

  /// Of the domain that `links` lead from.
  static schema::Position newest_told(Twin& consumer, const std::vector<schema::CrossingLink>& links) {
    auto newest = std::make_shared<std::promise<schema::Position>>();
    auto answer = newest->get_future();
    consumer.query([newest, links](const SettledState& state) {
      schema::Position told = 0;
      for (const schema::CrossingLink& link : links) {
        for (const Observation& each : state.observations(link.link, schema::CrossingLink::kCarried)) {
          told = std::max<schema::Position>(told, each.sequence);
        }
      }
      newest->set_value(told);
    });
    return answer.get();
  }

  static PlantView view_of(StateView one) { return {{one.position}, {one.clock}, std::move(one.entities)}; }

  void ring() {
    const std::lock_guard lock(mutex);
    rung = true;
    changed.notify_all();
  }

  /// The carriers' thread.
  void carry() {
    while (true) {
      bool stepped = false;
      bool waits = false;
      bool idle = true;
      {
        const std::lock_guard steps(stepping);
        for (const auto& carrier : carriers) {
          stepped = carrier->step() || stepped;
          waits = carrier->waits() || waits;
          idle = carrier->idle() && idle;
        }
      }
      std::unique_lock lock(mutex);
      all_idle = idle && !stepped;
      if (all_idle) changed.notify_all();
      if (stopping) return;
      if (stepped) continue;
      const auto awake = [this] { return rung || stopping; };
      if (waits) {
        changed.wait_for(lock, kRetry, awake);
      } else {
        changed.wait(lock, awake);
      }
      rung = false;
    }
  }

  /// What rang has been looked at, and there was nothing left to do.
  bool wait_until_carried(std::chrono::milliseconds patience) {
    if (carriers.empty()) return true;
    std::unique_lock lock(mutex);
    rung = true;
    all_idle = false;
    changed.notify_all();
    return changed.wait_for(lock, patience, [this] { return all_idle && !rung; });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      changed.notify_all();
    }
    if (thread.joinable()) thread.join();
    for (const auto& twin : twins) twin->stop();
    carriers.clear();
  }

  const std::shared_ptr<const schema::Model> model;
  const schema::DividedModel divided;
  const EventDivision division;
  const std::shared_ptr<std::atomic<bool>> clock_is_held = std::make_shared<std::atomic<bool>>(true);
  std::vector<std::unique_ptr<Twin>> twins;
  std::vector<std::unique_ptr<LinkCarrier>> carriers;
  std::mutex stepping;  // held while carriers step, and to keep them from it
  std::mutex mutex;
  std::condition_variable changed;
  bool rung = false;
  bool all_idle = false;
  bool stopping = false;
  std::thread thread;
};

Plant::Plant(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

Plant::~Plant() {
  stop();
}

Result<std::unique_ptr<Plant>> Plant::start(std::shared_ptr<const schema::Model> model,
                                            const OpenJournal& open, const TwinOptions& options,
                                            const PlantHooks& hooks) {
  auto plant = std::unique_ptr<Plant>(new Plant(std::make_unique<Implementation>(std::move(model))));
  Implementation& self = *plant->implementation_;
  POLLUX_ASSERT(options.scheduler == nullptr || self.one(), "a plant of several domains has threads");
  if (auto started = self.start_twins(open, options, hooks); !started.ok()) return started.error();
  if (auto sound = self.check_told(); !sound.ok()) return sound.error();
  self.start_carrying(options);
  if (!self.wait_until_carried(kCatchUpMax) && options.warn) {
    options.warn("what links had not yet carried when the twin last stopped could not be carried within " +
                 std::to_string(kCatchUpMax.count()) +
                 " s; the clocks go on, so some of it may arrive too late");
  }
  *self.clock_is_held = false;
  return plant;
}

void Plant::submit(schema::EventBatch batch, std::function<void(Result<PlantReceipt>)> done) {
  Implementation& self = *implementation_;
  if (self.one()) {
    return self.twins[0]->submit(std::move(batch), [done = std::move(done)](Result<Receipt> answer) {
      if (!answer.ok()) return done(answer.error());
      done(PlantReceipt{{answer->position}, std::move(answer->outcomes)});
    });
  }
  auto gathering = std::make_shared<Gathering>();
  gathering->parts = self.division.divide(batch);
  gathering->events = batch.events.size();
  gathering->outcomes.resize(self.twins.size());
  gathering->receipt.positions.resize(self.twins.size(), 0);
  gathering->done = std::move(done);
  std::vector<std::size_t> concerned;
  for (std::size_t d = 0; d < self.twins.size(); ++d) {
    if (!gathering->parts.batches[d].events.empty()) concerned.push_back(d);
  }
  gathering->missing = concerned.size();
  if (concerned.empty()) return gathering->answer();
  for (const std::size_t d : concerned) {
    self.twins[d]->submit(
        std::move(gathering->parts.batches[d]),
        [gathering, d, name = self.model->domain_name(static_cast<DomainIndex>(d))](Result<Receipt> answer) {
          if (gathering->take(d, name, std::move(answer))) gathering->answer();
        });
  }
}

void Plant::read(std::vector<EntityIndex> entities, std::function<void(PlantView)> done) {
  Implementation& self = *implementation_;
  if (self.one()) {
    return self.twins[0]->read(std::move(entities), [done = std::move(done)](StateView view) {
      done(Implementation::view_of(std::move(view)));
    });
  }
  // By domain: what is read there, and which of the whole each is.
  std::vector<std::vector<EntityIndex>> parts(domain_count());
  auto origins = std::make_shared<std::vector<std::vector<std::size_t>>>(domain_count());
  for (std::size_t i = 0; i < entities.size(); ++i) {
    const auto& at = place(entities[i]);
    parts[at.domain].push_back(at.entity);
    (*origins)[at.domain].push_back(i);
  }
  const auto together = [this, origins, asked = std::move(entities),
                         done = std::move(done)](std::vector<StateView> views) {
    PlantView whole;
    whole.entities.resize(asked.size());
    for (DomainIndex d = 0; d < views.size(); ++d) {
      whole.positions.push_back(views[d].position);
      whole.clocks.push_back(views[d].clock);
      for (std::size_t i = 0; i < views[d].entities.size(); ++i) {
        EntityState& state = views[d].entities[i];
        const std::size_t origin = (*origins)[d][i];
        std::erase_if(state.attributes, [&, entity = state.entity](const AttributeState& each) {
          return !is_whole(d, entity, each.attribute);
        });
        state.entity = asked[origin];
        whole.entities[origin] = std::move(state);
      }
    }
    done(std::move(whole));
  };
  gather<StateView>(
      domains(),
      [&](DomainIndex d, auto answer) { self.twins[d]->read(std::move(parts[d]), std::move(answer)); },
      together);
}

void Plant::look(std::vector<Series> attributes, std::function<void(Values)> done) {
  struct Part {
    schema::Position position = 0;
    EventTime clock = schema::kBeginning;
    std::vector<schema::Value> values;
  };
  std::vector<std::vector<Series>> parts(domain_count());
  std::vector<DomainIndex> origins;
  for (const Series& each : attributes) {
    const auto& at = place(each.entity);
    parts[at.domain].push_back({at.entity, each.attribute});
    origins.push_back(at.domain);
  }
  const auto together = [origins = std::move(origins), done = std::move(done)](std::vector<Part> all) {
    Values whole;
    for (const Part& part : all) {
      whole.positions.push_back(part.position);
      whole.clocks.push_back(part.clock);
    }
    std::vector<std::size_t> next(all.size(), 0);
    for (const DomainIndex d : origins) whole.values.push_back(all[d].values[next[d]++]);
    done(std::move(whole));
  };
  gather<Part>(
      domains(),
      [&](DomainIndex d, auto answer) {
        domain(d).query([wanted = std::move(parts[d]), answer](const SettledState& state) {
          Part part{state.position(), state.clock(), {}};
          part.values.reserve(wanted.size());
          for (const Series& each : wanted) {
            part.values.push_back(state.timeline(each.entity, each.attribute).last().value);
          }
          answer(std::move(part));
        });
      },
      together);
}

void Plant::episodes_since(std::vector<EventTime> times, std::size_t limit,
                           std::function<void(std::vector<Episode>)> done) {
  using Found = std::vector<Episode>;
  gather<Found>(
      domains(),
      [&](DomainIndex d, auto answer) {
        domain(d).episodes(schema::kNone, times[d], schema::kNever, limit, std::move(answer));
      },
      [this, done = std::move(done)](std::vector<Found> by_domain) {
        Found all;
        for (DomainIndex d = 0; d < by_domain.size(); ++d) {
          for (Episode& each : by_domain[d]) {
            each.constraint = whole(d, each.constraint);
            all.push_back(each);
          }
        }
        done(std::move(all));
      });
}

void Plant::digest(std::function<void(Digest)> done) {
  const auto together = [done = std::move(done)](std::vector<actors::Digest> all) {
    Digest whole;
    if (all.size() == 1) {
      whole.hex = all.front().hex;
    } else {
      std::string text;
      for (const actors::Digest& each : all) text += each.hex + "\n";
      std::array<unsigned char, 16> hash{};
      crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()),
                         text.size(), nullptr, 0);
      for (const unsigned char byte : hash) {
        whole.hex += "0123456789abcdef"[byte >> 4];
        whole.hex += "0123456789abcdef"[byte & 15];
      }
    }
    whole.domains = std::move(all);
    done(std::move(whole));
  };
  gather<actors::Digest>(
      domains(), [this](DomainIndex d, auto answer) { domain(d).digest(std::move(answer)); }, together);
}

Result<PlantBackup> Plant::back_up(const std::string& directory) {
  Implementation& self = *implementation_;
  if (self.one()) {
    const auto taken = domain(0).back_up(directory);
    if (!taken.ok()) return taken.error();
    return PlantBackup{*taken, {*taken}};
  }
  const std::lock_guard carrying(self.stepping);
  DirectoryDivision division{model().name(), {}};
  for (const DomainIndex d : domains()) division.domains.push_back(model().domain_name(d));
  return back_up_domains(
      division, directory, [&](const std::string& name, const std::string& own) -> Result<BackupInfo> {
        const auto d =
            static_cast<DomainIndex>(std::ranges::find(division.domains, name) - division.domains.begin());
        auto taken = domain(d).back_up(own);
        if (!taken.ok()) return self.named(taken.error(), *self.divided.domains[d]);
        return taken;
      });
}

Result<void> Plant::wait_until_carried(std::chrono::milliseconds patience) const {
  if (implementation_->wait_until_carried(patience)) return {};
  return Error{ErrorCode::unavailable, "links have not carried all that is settled", "",
               "try again in a moment"};
}

Twin& Plant::domain(DomainIndex index) {
  return *implementation_->twins[index];
}
const Twin& Plant::domain(DomainIndex index) const {
  return *implementation_->twins[index];
}
std::vector<DomainIndex> Plant::domains() const {
  std::vector<DomainIndex> all(domain_count());
  std::iota(all.begin(), all.end(), DomainIndex{0});
  return all;
}
bool Plant::is_whole(DomainIndex domain, EntityIndex entity, schema::AttributeSlot attribute) const {
  return attribute < model().type_of(whole(domain, entity)).attributes.size();
}
const schema::DividedModel& Plant::divided() const {
  return implementation_->divided;
}
const schema::Model& Plant::model() const {
  return *implementation_->model;
}

std::vector<const LinkCarrier*> Plant::carriers() const {
  std::vector<const LinkCarrier*> all;
  for (const auto& carrier : implementation_->carriers) all.push_back(carrier.get());
  return all;
}

void Plant::stop() {
  implementation_->stop();
}

}  // namespace pollux::actors
