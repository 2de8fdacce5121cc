#include "actors/plant/plant.h"

#include <sodium/crypto_generichash.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "schema/assert.h"

namespace pollux::actors {

using schema::DomainIndex;
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

  TwinOptions options_for(const TwinOptions& given) {
    TwinOptions options = given;
    options.now = [held = clock_is_held, now = given.now ? given.now : system_time] {
      return held->load() ? schema::kBeginning : now();
    };
    // A carrier asks the far end what that was told, as far back as it may still be revised.
    if (divided.domains.size() > 1) options.memory = schema::kNever;
    return options;
  }

  Result<void> start_twins(const OpenJournal& open, const TwinOptions& options) {
    for (const auto& domain : divided.domains) {
      auto journal = open(*domain);
      if (!journal.ok()) return journal.error();
      auto twin = Twin::start(domain, std::move(*journal), options_for(options));
      if (!twin.ok()) return twin.error();
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
    thread = std::thread([this] { carry(); });
  }

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
      for (const auto& carrier : carriers) {
        stepped = carrier->step() || stepped;
        waits = carrier->waits() || waits;
        idle = carrier->idle() && idle;
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
                                            const OpenJournal& open, const TwinOptions& options) {
  POLLUX_ASSERT(options.scheduler == nullptr, "a plant has threads");
  auto plant = std::unique_ptr<Plant>(new Plant(std::make_unique<Implementation>(std::move(model))));
  Implementation& self = *plant->implementation_;
  if (auto started = self.start_twins(open, options); !started.ok()) return started.error();
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

void Plant::digest(std::function<void(Digest)> done) {
  struct Digests {
    std::mutex mutex;
    std::vector<actors::Digest> all;
    std::size_t missing = 0;
  };
  Implementation& self = *implementation_;
  auto digests = std::make_shared<Digests>();
  digests->all.resize(self.twins.size());
  digests->missing = self.twins.size();
  for (std::size_t d = 0; d < self.twins.size(); ++d) {
    self.twins[d]->digest([digests, d, done](const actors::Digest& one) {
      {
        const std::lock_guard lock(digests->mutex);
        digests->all[d] = one;
        if (--digests->missing > 0) return;
      }
      Digest whole;
      std::string text;
      for (const actors::Digest& each : digests->all) {
        whole.positions.push_back(each.position);
        text += each.hex + "\n";
      }
      std::array<unsigned char, 16> hash{};
      crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()),
                         text.size(), nullptr, 0);
      for (const unsigned char byte : hash) {
        whole.hex += "0123456789abcdef"[byte >> 4];
        whole.hex += "0123456789abcdef"[byte & 15];
      }
      done(std::move(whole));
    });
  }
}

Result<void> Plant::wait_until_carried(std::chrono::milliseconds patience) const {
  if (implementation_->wait_until_carried(patience)) return {};
  return Error{ErrorCode::unavailable, "links have not carried all that is settled", "",
               "try again in a moment"};
}

Twin& Plant::domain(DomainIndex index) {
  return *implementation_->twins[index];
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
