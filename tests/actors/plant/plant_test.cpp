// Several domains on threads of their own, and what links carry between them.
#include "actors/plant/plant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <string>

#include "actors/plant/plant_directory.h"
#include "tests/actors/model_samples.h"
#include "tests/actors/twin_samples.h"

namespace pollux::actors {
namespace {

namespace fs = std::filesystem;
using samples::report;
using samples::wait_for;
using schema::kBeginning;
using schema::kHour;
using schema::kMinute;
using schema::kNever;
using schema::kSecond;
using schema::Result;
using schema::Value;
using testing::HasSubstr;

constexpr const char* kModel = R"model(
twin: site
types:
  Rack: { kind: asset, observed: { load: {} }, inputs: { inlet: {} }, derived: { heat: { is: "load * 2 + default(inlet, 0)" } } }
  Cooler: { kind: process, observed: { ambient: {} }, inputs: { heat: {} }, derived: { supply: { is: heat + ambient } } }
domains:
  power: { types: Rack }
  cooling: { types: Cooler }
links:
  heat: { from: rack.heat, delay: 10 s }
  air: { from: cooler.supply, delay: 5 s }
entities:
  rack: { type: Rack, inputs: { inlet: air.value } }
  cooler: { type: Cooler, inputs: { heat: heat.value } }
sources: { bms: { allowed_lateness: 1 min } }
)model";

constexpr schema::DomainIndex kPower = 0;
constexpr schema::DomainIndex kCooling = 1;

Plant::OpenJournal in_memory() {
  return [](const schema::Model& model) -> Result<std::unique_ptr<Journal>> {
    return make_memory_journal(model);
  };
}

class RunningPlant {
 public:
  explicit RunningPlant(const Plant::OpenJournal& open = in_memory(),
                        const TwinOptions& options = samples::clocked_by_events())
      : plant_(Plant::start(samples::load(kModel), open, options).value()) {}

  Plant* operator->() { return plant_.get(); }

  std::future<Result<PlantReceipt>> hand_over(schema::EventBatch batch) {
    auto promise = std::make_shared<std::promise<Result<PlantReceipt>>>();
    auto future = promise->get_future();
    plant_->submit(std::move(batch),
                   [promise](Result<PlantReceipt> outcome) { promise->set_value(std::move(outcome)); });
    return future;
  }
  Result<PlantReceipt> say(std::string_view id, schema::EventTime time, std::string_view name, double value) {
    schema::EventBatch batch;
    report(batch, plant_->model(), id, time, name, value);
    return wait_for(hand_over(std::move(batch)));
  }
  void carry() { ASSERT_TRUE(plant_->wait_until_carried(samples::kPatience).ok()); }

  /// What an attribute was at a time, as now known.
  Value value(std::string_view name, schema::EventTime time) {
    const samples::Place whole = samples::find(plant_->model(), name);
    const schema::DividedModel::Place place = plant_->divided().places[whole.entity];
    std::promise<Value> value;
    plant_->domain(place.domain).query([&](const SettledState& state) {
      value.set_value(state.timeline(place.entity, whole.attribute).at(time));
    });
    return value.get_future().get();
  }
  std::string digest() {
    std::promise<std::string> hex;
    plant_->digest([&](const Plant::Digest& digest) { hex.set_value(digest.hex); });
    return hex.get_future().get();
  }

 private:
  std::unique_ptr<Plant> plant_;
};

TEST(Plant, ChangeReachesAnotherDomainAfterTheLinksDelayAndComesBack) {
  RunningPlant plant;
  ASSERT_TRUE(plant.say("1", 100 * kSecond, "rack.load", 3).ok());
  ASSERT_TRUE(plant.say("2", 101 * kSecond, "cooler.ambient", 1).ok());
  ASSERT_TRUE(plant.say("3", 112 * kSecond, "cooler.ambient", 2).ok());
  plant.carry();
  EXPECT_EQ(plant.value("cooler.supply", 110 * kSecond), Value::number(6 + 1));
  ASSERT_TRUE(plant.say("4", 116 * kSecond, "rack.load", 3).ok());
  EXPECT_EQ(plant.value("rack.heat", 115 * kSecond), Value::number(6 + 7)) << "feedback through both links";
  const SourceProbe& carried = plant->domain(kCooling).probe().sources.back();
  EXPECT_EQ(carried.name, "domain:power");
  EXPECT_GT(carried.accepted.value(), 0u);
  EXPECT_EQ(carried.sequence_gaps.value(), 0) << "positions are no sequence to have gaps";
}

TEST(Plant, ALateEventIsRevisedAcrossTheLink) {
  RunningPlant plant;
  ASSERT_TRUE(plant.say("1", 100 * kSecond, "rack.load", 3).ok());
  ASSERT_TRUE(plant.say("2", 140 * kSecond, "cooler.ambient", 0).ok());
  plant.carry();
  EXPECT_EQ(plant.value("heat.value", 120 * kSecond), Value::number(6));
  ASSERT_TRUE(plant.say("3", 105 * kSecond, "rack.load", 4).ok());
  plant.carry();
  EXPECT_EQ(plant.value("heat.value", 114 * kSecond), Value::number(6));
  EXPECT_EQ(plant.value("heat.value", 120 * kSecond), Value::number(8));
}

TEST(Plant, EventsOfOneSubmissionAreAnsweredInTheirOrder) {
  RunningPlant plant;
  ASSERT_TRUE(plant.say("c", 10 * kSecond, "cooler.ambient", 1).ok());
  schema::EventBatch batch;
  report(batch, plant->model(), "a", 10 * kSecond, "rack.load", 1);
  report(batch, plant->model(), "c", 10 * kSecond, "cooler.ambient", 1);
  report(batch, plant->model(), "b", 11 * kSecond, "cooler.ambient", 1);
  const auto receipt = wait_for(plant.hand_over(std::move(batch)));
  ASSERT_TRUE(receipt.ok());
  EXPECT_THAT(receipt->outcomes,
              testing::ElementsAre(EventOutcome::accepted, EventOutcome::duplicate, EventOutcome::accepted));
  EXPECT_GT(receipt->positions[kPower], 0u);
  EXPECT_GT(receipt->positions[kCooling], 0u);
}

TEST(Plant, WhereOneDomainRefusesTheAnswerSaysWhichAndWhichTookTheirs) {
  const auto open = [](const schema::Model& model) -> Result<std::unique_ptr<Journal>> {
    const bool fails = model.domain_name(0) == "cooling";
    std::unique_ptr<Journal> journal =
        std::make_unique<samples::SharedJournal>(make_memory_journal(model), [fails]() -> Result<void> {
          if (!fails) return {};
          return schema::Error{schema::ErrorCode::io, "the disk failed", "", ""};
        });
    return journal;
  };
  RunningPlant plant(open);
  schema::EventBatch batch;
  report(batch, plant->model(), "a", 10 * kSecond, "rack.load", 1);
  report(batch, plant->model(), "b", 11 * kSecond, "cooler.ambient", 1);
  const auto receipt = wait_for(plant.hand_over(std::move(batch)));
  ASSERT_FALSE(receipt.ok());
  EXPECT_THAT(receipt.error().message, HasSubstr("domain 'cooling': the disk failed"));
  EXPECT_THAT(receipt.error().message, HasSubstr("those of 'power' were taken"));
}

TEST(Plant, AProducerGoesOnWhileItsConsumersDiskIsSlowAndNothingIsLost) {
  samples::Gate gate;
  const auto open = [&gate](const schema::Model& model) -> Result<std::unique_ptr<Journal>> {
    const bool slow = model.domain_name(0) == "cooling";
    std::unique_ptr<Journal> journal =
        std::make_unique<samples::SharedJournal>(make_memory_journal(model), [&gate, slow]() -> Result<void> {
          if (slow) gate.pass();
          return {};
        });
    return journal;
  };
  RunningPlant plant(open);
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(plant.say(std::to_string(i), i * kMinute / 100, "rack.load", i).ok());
  }
  gate.wait_until_someone_is_held();
  EXPECT_LT(plant->carriers().front()->carried_position(), plant->domain(kPower).settled_position());
  gate.open();
  plant.carry();
  ASSERT_TRUE(plant.say("c", 500 * kMinute / 100, "cooler.ambient", 0).ok());
  for (int i = 400; i < 450; ++i) {
    EXPECT_EQ(plant.value("heat.value", i * kMinute / 100 + 10 * kSecond), Value::number(2.0 * i)) << i;
  }
}

/// Lets the consumer's clock go ahead of a change that the producer has yet to hear of.
struct LateCarriage {
  explicit LateCarriage(schema::Duration ahead) {
    TwinOptions options = samples::clocked_by_events();
    options.warn = [this](const std::string& what) {
      const std::lock_guard lock(mutex);
      warnings += what + "\n";
    };
    plant = std::make_unique<RunningPlant>(in_memory(), options);
    EXPECT_TRUE(plant->say("c", kChange + ahead, "cooler.ambient", 0).ok());
    EXPECT_TRUE(plant->say("r", kChange, "rack.load", 3).ok());
    plant->carry();
  }
  std::string warned() {
    const std::lock_guard lock(mutex);
    return warnings;
  }
  const CarrierProbe& carrier() {
    for (const LinkCarrier* each : (*plant)->carriers()) {
      if (each->links().front().from == kPower) return each->probe();
    }
    std::abort();
  }

  static constexpr schema::EventTime kChange = 1'000 * kSecond;
  std::mutex mutex;
  std::string warnings;
  std::unique_ptr<RunningPlant> plant;
};

TEST(Plant, ChangeThatIsUnderWayForLessThanTheSlackIsRevisedAtTheFarEnd) {
  LateCarriage late(kMinute + schema::kCarriageSlack - kSecond);
  EXPECT_EQ(late.carrier().too_late.value(), 0u);
  EXPECT_EQ(late.warned(), "");
  EXPECT_EQ(late.plant->value("heat.value", LateCarriage::kChange + 20 * kSecond), Value::number(6));
}

TEST(Plant, ChangeThatIsUnderWayForLongerLiesInQuarantineIsToldAndThePresentIsSetRight) {
  const schema::Duration ahead = kMinute + schema::kCarriageSlack + 10 * kSecond;
  LateCarriage late(ahead);
  EXPECT_GT(late.carrier().too_late.value(), 0u);
  EXPECT_THAT(late.warned(), HasSubstr("links from domain 'power' to 'cooling'"));
  EXPECT_THAT(late.warned(), HasSubstr("arrived later than the other domain can revise"));
  const auto aside = (*late.plant)->domain(kCooling).journal().quarantine(1, 10);
  ASSERT_TRUE(aside.ok());
  ASSERT_EQ(aside->size(), 1u);
  EXPECT_EQ(aside->front().reason, schema::QuarantineReason::too_late);
  EXPECT_EQ(aside->front().event.events.front().time, LateCarriage::kChange);
  // The past there is final and misses the change; from the far end's clock on it is known.
  const schema::EventTime clock = LateCarriage::kChange + ahead;
  ASSERT_TRUE(late.plant->say("c2", clock + 20 * kSecond, "cooler.ambient", 0).ok());
  EXPECT_NE(late.plant->value("heat.value", LateCarriage::kChange + 20 * kSecond), Value::number(6));
  EXPECT_EQ(late.plant->value("heat.value", clock + 10 * kSecond), Value::number(6));
  EXPECT_EQ(late.plant->value("cooler.supply", clock + 20 * kSecond), Value::number(6));
}

TEST(Plant, WhatIsTooLateIsTooLateAgainAfterAnotherChangeAndOnlyThePresentIsRepeated) {
  LateCarriage late(kMinute + schema::kCarriageSlack + 10 * kSecond);
  ASSERT_TRUE(late.plant->say("r2", LateCarriage::kChange + kSecond, "rack.load", 5).ok());
  late.plant->carry();
  const schema::EventTime clock = (*late.plant)->domain(kCooling).clock();
  ASSERT_TRUE(late.plant->say("c2", clock + 20 * kSecond, "cooler.ambient", 0).ok());
  EXPECT_EQ(late.plant->value("heat.value", clock + 20 * kSecond), Value::number(10));
}

TEST(Plant, OfOneDomainItIsThatDomainsTwin) {
  const auto model = samples::load(R"(
twin: t
types: { Tank: { kind: asset, observed: { level: {} } } }
entities: { tank: { type: Tank } }
sources: { bms: { allowed_lateness: 1 min } }
)");
  auto plant = Plant::start(model, in_memory(), samples::clocked_by_events()).value();
  EXPECT_EQ(&plant->domain(0).model(), model.get());
  EXPECT_TRUE(plant->carriers().empty());
  schema::EventBatch batch;
  report(batch, *model, "1", 10 * kSecond, "tank.level", 4);
  std::promise<Result<PlantReceipt>> receipt;
  plant->submit(std::move(batch), [&](Result<PlantReceipt> answer) { receipt.set_value(std::move(answer)); });
  const auto answer = receipt.get_future().get();
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(answer->positions, testing::ElementsAre(1u));
  std::promise<std::string> own;
  plant->domain(0).digest([&](const Digest& digest) { own.set_value(digest.hex); });
  std::promise<std::string> whole;
  plant->digest([&](const Plant::Digest& digest) { whole.set_value(digest.hex); });
  EXPECT_EQ(whole.get_future().get(), own.get_future().get());
}

class OnDisk : public ::testing::Test {
 protected:
  OnDisk() {
    std::string pattern = (fs::temp_directory_path() / "pollux-plant-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~OnDisk() override { fs::remove_all(directory_); }

  Plant::OpenJournal open() {
    return [this](const schema::Model& model) {
      return open_rocksdb_journal(directory_ / model.domain_name(0), model);
    };
  }

  fs::path directory_;
};

TEST_F(OnDisk, WhatWasNotCarriedBeforeAStopIsCarriedAfterItHoweverMuchLaterThatIs) {
  std::atomic<schema::EventTime> now{1'000 * kSecond};
  TwinOptions options = samples::clocked_by_events();
  options.clock = ClockMode::wall;
  options.now = [&] { return now.load(); };
  {
    RunningPlant plant(open(), options);
    ASSERT_TRUE(plant.say("1", 1'000 * kSecond, "rack.load", 1).ok());
    plant.carry();
  }
  {
    // The producer goes on by itself, as if the carrier had been the first to stop.
    const auto divided = schema::divide(samples::load(kModel));
    samples::RunningTwin alone(divided.domains[kPower], open()(*divided.domains[kPower]).value(), options);
    now = 1'010 * kSecond;
    ASSERT_TRUE(alone.report("2", 1'010 * kSecond, "rack.load", 5).ok());
    now = 1'011 * kSecond;
    ASSERT_TRUE(alone.report("3", 1'005 * kSecond, "rack.load", 2).ok());
  }
  now = 1'000 * kSecond + 10 * kHour;
  std::string first;
  {
    RunningPlant plant(open(), options);
    plant.carry();
    ASSERT_TRUE(plant.say("4", now, "cooler.ambient", 0).ok());
    EXPECT_EQ(plant.value("heat.value", now), Value::number(10));
    for (const LinkCarrier* carrier : plant->carriers()) EXPECT_EQ(carrier->probe().too_late.value(), 0u);
    plant.carry();
    first = plant.digest();
  }
  RunningPlant again(open(), options);
  again.carry();
  EXPECT_EQ(again.digest(), first);
}

TEST_F(OnDisk, ADomainThatWasSetBackAloneIsNotTakenForWhole) {
  const auto options = samples::clocked_by_events();
  {
    RunningPlant plant(open(), options);
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(plant.say(std::to_string(i), (1'000 + i) * kSecond, "rack.load", i).ok());
    }
    plant.carry();
  }
  fs::remove_all(directory_ / "power");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto again = Plant::start(samples::load(kModel), open(), options);
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().code, schema::ErrorCode::conflict);
    EXPECT_THAT(again.error().message, HasSubstr("domain 'cooling' has been told of position"));
  }
}

TEST_F(OnDisk, ABackupOfAllDomainsIsOfOneMomentAndStartsAgain) {
  const auto options = samples::clocked_by_events();
  const std::string backups = (directory_ / "backups").string();
  const std::string data = (directory_ / "restored").string();
  {
    RunningPlant plant(open(), options);
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(plant.say(std::to_string(i), (1'000 + i) * kSecond, "rack.load", i).ok());
      if (i == 25) {
        const auto taken = plant->back_up(backups);
        ASSERT_TRUE(taken.ok()) << taken.error().text();
        EXPECT_EQ(taken->whole.number, 1u);
        EXPECT_EQ(taken->domains.size(), 2u);
      }
    }
  }
  const auto division = read_division(backups);
  ASSERT_TRUE(division.ok() && *division);
  const auto restored = restore_plant_backup(**division, backups, 0, data);
  ASSERT_TRUE(restored.ok()) << restored.error().text();
  EXPECT_EQ(list_plant_backups(backups)->size(), 1u);
  const auto model = samples::load(kModel);
  EXPECT_TRUE(prepare_directory(data, *model).ok());
  const auto again = Plant::start(
      model,
      [&](const schema::Model& domain) {
        return open_rocksdb_journal(data + "/" + domain.domain_name(0), domain);
      },
      options);
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ((*again)->domain(kPower).settled_position(), 26u);
}

TEST_F(OnDisk, ADirectoryIsRefusedForAnotherDivision) {
  const auto two = samples::load(kModel);
  const std::string text = kModel;
  const auto without = [&](const std::string& what, const std::string& instead) {
    std::string other = text;
    other.replace(other.find(what), what.size(), instead);
    return samples::load(other);
  };
  const std::string data = (directory_ / "data").string();
  ASSERT_TRUE(prepare_directory(data, *two).ok());
  EXPECT_TRUE(prepare_directory(data, *two).ok());
  const auto renamed = prepare_directory(data, *without("power: {", "electricity: {"));
  ASSERT_FALSE(renamed.ok());
  EXPECT_THAT(renamed.error().text(), HasSubstr("the model no longer has `power`; `electricity` is new"));
  const auto one = prepare_directory(
      data, *without("domains:\n  power: { types: Rack }\n  cooling: { types: Cooler }\n", ""));
  ASSERT_FALSE(one.ok());
  EXPECT_THAT(one.error().text(), HasSubstr("was made for the domains `power`, `cooling`"));
  const std::string undivided = (directory_ / "undivided").string();
  fs::create_directories(undivided);
  { std::ofstream(undivided + "/CURRENT") << "MANIFEST-000001\n"; }
  const auto reverse = prepare_directory(undivided, *two);
  ASSERT_FALSE(reverse.ok());
  EXPECT_THAT(reverse.error().text(), HasSubstr("made for a model that is not divided"));
  EXPECT_THAT(reverse.error().text(), HasSubstr("a new directory and send the events again"));
}

}  // namespace
}  // namespace pollux::actors
