// `kill -9` of the whole server at random moments, while it serves, recovers or shuts down: nothing that was
// acknowledged over HTTP is lost, nothing counts twice, and the state is the oracle's.
// POLLUX_CRASH_SECONDS runs that long instead of a few kills; POLLUX_CRASH_SEED sets where the seeds start.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <regex>
#include <thread>

#include "actors/twin.h"
#include "schema/model/model_file.h"
#include "server/http/client.h"
#include "tests/faults/recording_client.h"
#include "tests/faults/server_process.h"
#include "tests/sim/oracle.h"
#include "tests/sim/random_twin.h"

namespace pollux::faults {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Totals {
  std::uint64_t kills = 0;
  std::uint64_t while_serving = 0, while_recovering = 0, while_stopping = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0, doubled = 0;
};

/// One random twin and its data directory, through several deaths.
class Story {
 public:
  Story(std::uint64_t seed, Totals& totals) : random_(seed), totals_(totals), model_(make_model()) {
    std::string pattern = testing::TempDir() + "pollux_crash_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    std::ofstream(directory_ / "model.yaml") << text_;
    for (const schema::SourceIndex source : {0, 1}) {
      clients_.push_back(
          std::make_unique<RecordingClient>(model_, "c" + std::to_string(source) + "-", source, random_()));
    }
  }
  ~Story() {
    if (!testing::Test::HasFailure()) fs::remove_all(directory_);
  }

  void live_and_die() {
    while (random_() % 3 == 0) die_while_recovering();
    const schema::EventBatch kept = look_at_the_journal();
    if (testing::Test::HasFailure()) return;
    ServerProcess server(POLLUX_PROGRAM, arguments());
    ASSERT_TRUE(server.wait_until_ready()) << server.log << directory_;
    EXPECT_EQ(digest_over_http(server.url()), digest_of(kept)) << directory_;
    std::vector<std::thread> sending;
    for (const auto& client : clients_) {
      sending.emplace_back([&client, url = server.url()] { client->send_to(url, kBatchesOfALife); });
    }
    wait_for_answers(random_() % kBatchesOfALife);
    std::this_thread::sleep_for(microseconds(random_() % 5'000));
    const bool stopping = random_() % 3 == 0;
    if (stopping) {
      server.signal(SIGTERM);
      std::this_thread::sleep_for(microseconds(random_() % 12'000));
    }
    server.kill_and_wait();
    for (std::thread& each : sending) each.join();
    ++(stopping ? totals_.while_stopping : totals_.while_serving);
    ++totals_.kills;
  }

  /// The last word: journal, engine and oracle agree on everything.
  void end() {
    const schema::EventBatch kept = look_at_the_journal();
    for (const auto& client : clients_) {
      for (const auto& [id, event] : client->sent()) totals_.acknowledged += event.acknowledged ? 1 : 0;
    }
    digest_of(kept, true);
  }

  const fs::path& directory() const { return directory_; }

 private:
  static constexpr std::size_t kBatchesOfALife = 60;

  schema::Model make_model() {
    // A kill cuts epochs elsewhere, and what is sampled depends on them.
    do text_ = sim::random_model(random_);
    while (text_.find("sample:") != std::string::npos);
    return std::get<schema::Model>(schema::load_model(text_, "model.yaml"));
  }

  std::vector<std::string> arguments() const {
    return {"serve",    (directory_ / "model.yaml").string(),
            "--data",   (directory_ / "data").string(),
            "--clock",  "events",
            "--listen", "127.0.0.1:0"};
  }

  /// However slow the machine is. Both clients together get `more`, which is less than one of them asks for.
  void wait_for_answers(std::size_t more) const {
    const auto answered = [&] { return clients_[0]->answered() + clients_[1]->answered(); };
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (const std::size_t wanted = answered() + more; answered() < wanted;) {
      if (std::chrono::steady_clock::now() > deadline) break;
      std::this_thread::sleep_for(microseconds(200));
    }
  }

  void die_while_recovering() {
    ServerProcess server(POLLUX_PROGRAM, arguments());
    std::this_thread::sleep_for(microseconds(random_() % 80'000));
    server.kill_and_wait();
    ++totals_.while_recovering;
    ++totals_.kills;
  }

  /// The events in the journal as they were sent. In a copy, so that the server recovers by itself.
  schema::EventBatch look_at_the_journal() {
    const fs::path copy = directory_ / "copy";
    fs::remove_all(copy);
    schema::EventBatch kept;
    if (!fs::exists(directory_ / "data")) return kept;
    fs::copy(directory_ / "data", copy, fs::copy_options::recursive);
    std::map<std::string, int> times;
    const auto journal = actors::open_rocksdb_journal(copy.string(), model_);
    EXPECT_TRUE(journal.ok()) << journal.error().text() << directory_;
    if (!journal.ok()) return kept;
    const auto read = (*journal)->read(1, [&](schema::EpochRecord& record) {
      for (const schema::Event& event : record.events.events) ++times[std::string(record.events.id(event))];
      return true;
    });
    EXPECT_TRUE(read.ok()) << read.error().text() << directory_;
    for (const auto& client : clients_) {
      for (const auto& [id, sent] : client->sent()) {
        const auto found = times.find(id);
        if (found != times.end()) kept.append(sent.event, sent.event.events.front());
        if (sent.acknowledged && found == times.end()) ++totals_.lost;
        if (found != times.end() && found->second != 1) ++totals_.doubled;
        if (found != times.end()) times.erase(found);
      }
    }
    EXPECT_TRUE(times.empty()) << times.begin()->first << " was never sent; " << directory_;
    EXPECT_EQ(totals_.lost, 0u) << directory_;
    EXPECT_EQ(totals_.doubled, 0u) << directory_;
    return kept;
  }

  static std::string digest_over_http(const std::string& url) {
    // A thread of its own, for a thread may hold one client only.
    return std::async(std::launch::async,
                      [&] {
                        const auto reply = server::HttpClient::create(url).value()->get("/v1/digest");
                        std::smatch found;
                        const std::string body = reply.ok() ? reply->body : reply.error().text();
                        return std::regex_search(body, found, std::regex(R"re("digest":"([0-9a-f]+)")re"))
                                   ? found[1].str()
                                   : body;
                      })
        .get();
  }

  /// The digest of a twin that never died and got these events at once; compared with the oracle if wanted.
  std::string digest_of(const schema::EventBatch& events, bool with_oracle = false) {
    actors::TwinOptions options;
    options.threads = 1;
    options.clock = actors::ClockMode::events;
    const auto shared = std::make_shared<const schema::Model>(model_);
    const auto twin = actors::Twin::start(shared, actors::make_memory_journal(*shared), options).value();
    std::promise<void> settled;
    if (!events.events.empty()) {
      twin->submit(events, [&](const schema::Result<actors::Receipt>&) { settled.set_value(); });
      settled.get_future().get();
    }
    std::promise<std::string> hex;
    twin->query([&](const actors::SettledState& state) {
      if (with_oracle) compare(state, events);
      hex.set_value(state.digest().hex);
    });
    return hex.get_future().get();
  }

  void compare(const actors::SettledState& state, const schema::EventBatch& events) const {
    schema::EventTime clock = schema::kBeginning;
    for (const schema::Event& event : events.events) clock = std::max(clock, event.time);
    const sim::Expected expected = sim::interpret(model_, events, clock);
    for (schema::EntityIndex e = 0; e < model_.entity_count(); ++e) {
      for (schema::AttributeSlot a = 0; a < model_.type_of(e).attributes.size(); ++a) {
        EXPECT_TRUE(std::ranges::equal(state.timeline(e, a).versions(), expected.timelines[e][a]))
            << model_.id(e) << "." << model_.type_of(e).attributes[a].name << "; " << directory_;
      }
    }
    EXPECT_EQ(state.episodes().find(schema::kNone, schema::kBeginning, schema::kNever, 100'000),
              expected.episodes)
        << directory_;
  }

  std::mt19937_64 random_;
  Totals& totals_;
  std::string text_;
  const schema::Model model_;
  fs::path directory_;
  std::vector<std::unique_ptr<RecordingClient>> clients_;
};

TEST(Crash, KilledAtAnyMomentTheServerLosesNothingAcknowledgedAndCountsNothingTwice) {
  constexpr int kLivesOfAStory = 6;
  constexpr std::uint64_t kKillsInCi = 40;
  const auto begun = std::chrono::steady_clock::now();
  const std::chrono::seconds wanted(from_environment("POLLUX_CRASH_SECONDS", 0));
  Totals totals;
  for (std::uint64_t seed = from_environment("POLLUX_CRASH_SEED", 1); !HasFailure(); ++seed) {
    const bool long_enough = std::chrono::steady_clock::now() - begun >= wanted;
    if (long_enough && (wanted.count() > 0 || totals.kills >= kKillsInCi)) break;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed, totals);
    for (int life = 0; life < kLivesOfAStory && !HasFailure(); ++life) story.live_and_die();
    story.end();
  }
  std::cout << totals.kills << " kills (" << totals.while_serving << " while serving, "
            << totals.while_recovering << " while starting, " << totals.while_stopping << " while stopping), "
            << totals.acknowledged << " events acknowledged, " << totals.lost << " lost, " << totals.doubled
            << " applied twice\n";
  EXPECT_GT(totals.acknowledged, 10 * totals.kills) << "too little was sent for this to prove anything";
}

}  // namespace
}  // namespace pollux::faults
