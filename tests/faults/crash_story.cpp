#include "tests/faults/crash_story.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <future>
#include <map>
#include <regex>
#include <thread>

#include "actors/storage/backup.h"
#include "actors/twin.h"
#include "schema/model/model_file.h"
#include "server/http/client.h"
#include "tests/sim/oracle.h"
#include "tests/sim/random_twin.h"

namespace pollux::faults {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kBatchesOfALife = 60;
/// Where the journal's beginning is dropped, a life moves the clock by at most this, which is less than is
/// kept; and its events are at most so late. One that was not answered comes again in the next life.
constexpr schema::Duration kClockOfALife = schema::kMinute;
constexpr schema::Duration kLateness = 45 * schema::kSecond;
constexpr const char* kAllowedLateness = "180 s";
constexpr const char* kJournalKept = "70s";
constexpr const char* kSnapshotLoaded = "a snapshot of position";

actors::TwinOptions one_thread() {
  actors::TwinOptions options;
  options.threads = 1;
  options.clock = actors::ClockMode::events;
  return options;
}

std::string digest_over_http(const std::string& url) {
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

std::string digest_of_twin(actors::Twin& twin) {
  std::promise<std::string> hex;
  twin.digest([&](const actors::Digest& digest) { hex.set_value(digest.hex); });
  return hex.get_future().get();
}

void compare_with_oracle(const actors::SettledState& state, const schema::Model& model,
                         const schema::EventBatch& events) {
  schema::EventTime clock = schema::kBeginning;
  for (const schema::Event& event : events.events) clock = std::max(clock, event.time);
  const sim::Expected expected = sim::interpret(model, events, clock);
  for (schema::EntityIndex e = 0; e < model.entity_count(); ++e) {
    for (schema::AttributeSlot a = 0; a < model.type_of(e).attributes.size(); ++a) {
      EXPECT_TRUE(std::ranges::equal(state.timeline(e, a).versions(), expected.timelines[e][a]))
          << model.id(e) << "." << model.type_of(e).attributes[a].name;
    }
  }
  EXPECT_EQ(state.episodes().find(schema::kNone, schema::kBeginning, schema::kNever, 100'000),
            expected.episodes);
}

}  // namespace

Story::Story(std::uint64_t seed, Totals& totals)
    : random_(seed), totals_(totals), model_(make_model()), seen_(model_) {
  std::string pattern = testing::TempDir() + "pollux_crash_XXXXXX";
  directory_ = mkdtemp(pattern.data());
  std::ofstream(directory_ / "model.yaml") << text_;
  for (const schema::SourceIndex source : {0, 1}) {
    clients_.push_back(
        std::make_unique<RecordingClient>(model_, "c" + std::to_string(source) + "-", source, random_()));
  }
}

Story::~Story() {
  if (!testing::Test::HasFailure()) fs::remove_all(directory_);
}

schema::Model Story::make_model() {
  choose_ways();
  // A kill cuts epochs elsewhere, and what is sampled depends on them.
  do text_ = sim::random_model(random_);
  while (text_.find("sample:") != std::string::npos);
  const std::string unbounded = "allowed_lateness: 400 d";
  for (auto at = text_.find(unbounded); shortens_ && at != std::string::npos; at = text_.find(unbounded))
    text_.replace(at, unbounded.size(), std::string("allowed_lateness: ") + kAllowedLateness);
  return std::get<schema::Model>(schema::load_model(text_, "model.yaml"));
}

void Story::choose_ways() {
  static constexpr std::array<const char*, 4> kEvery = {"", "1ms", "5ms", "30ms"};
  snapshot_every_ = kEvery[random_() % kEvery.size()];
  shortens_ = !snapshot_every_.empty() && random_() % 2 == 0;
  backs_up_ = random_() % 2 == 0;
  if (random_() % 3 == 0) memory_ = "20s";
  if (random_() % 4 == 0) sync_ = "interval=20ms";
}

std::vector<std::string> Story::arguments() const {
  std::vector<std::string> all = {"serve",    (directory_ / "model.yaml").string(),
                                  "--data",   (directory_ / "data").string(),
                                  "--clock",  "events",
                                  "--listen", "127.0.0.1:0",
                                  "--sync",   sync_};
  if (backs_up_) all.insert(all.end(), {"--backup-directory", (directory_ / "backups").string()});
  if (!memory_.empty()) all.insert(all.end(), {"--memory", memory_});
  if (!snapshot_every_.empty()) all.insert(all.end(), {"--snapshot-every", snapshot_every_});
  if (shortens_now()) all.insert(all.end(), {"--keep-journal", kJournalKept});
  return all;
}

/// Not in the first life, whose clock begins far behind: what is dropped must have been seen.
bool Story::shortens_now() const {
  return shortens_ && seen_.clock() >= kLateness;
}

void Story::live_and_die() {
  while (random_() % 3 == 0) die_while_recovering();
  if (backs_up_ && lives_ > 0 && random_() % 3 == 0) die_while_backing_up();
  look_at_the_backups();
  const auto server = start_and_compare();
  if (testing::Test::HasFailure()) return;
  if (shortens_now()) {
    for (const auto& client : clients_)
      client->move_to(seen_.clock() - kLateness, seen_.clock() + kClockOfALife);
  }
  bool died_in_backup = false;
  std::vector<std::thread> threads;
  for (const auto& client : clients_) {
    threads.emplace_back([&client, url = server->url()] { client->send_to(url, kBatchesOfALife); });
  }
  if (backs_up_) {
    threads.emplace_back(
        [this, &died_in_backup, url = server->url()] { died_in_backup = backs_up_until_it_dies(url); });
  }
  // Both clients together get as many answers, which is less than one of them asks for.
  const auto answered = [&] { return clients_[0]->answered() + clients_[1]->answered(); };
  wait_until([&, wanted = answered() + random_() % kBatchesOfALife] { return answered() >= wanted; });
  if (backs_up_ && random_() % 2 == 0)
    wait_until([&, n = backups_answered_ + 1] { return backups_answered_ >= n; });
  std::this_thread::sleep_for(microseconds(random_() % 5'000));
  const bool stopping = random_() % 3 == 0;
  if (stopping) {
    server->signal(SIGTERM);
    std::this_thread::sleep_for(microseconds(random_() % 12'000));
  }
  server->kill_and_wait();
  for (std::thread& each : threads) each.join();
  ++(stopping ? totals_.while_stopping : totals_.while_serving);
  if (died_in_backup) ++totals_.in_online_backup;
  note_death();
  ++lives_;
}

/// What the disk shows of the moment of death.
void Story::note_death() {
  ++totals_.kills;
  std::error_code none;  // where there are no snapshots yet
  for (const auto& file : fs::directory_iterator(directory_ / "data" / "snapshots", none)) {
    if (file.path().extension() == ".unfinished") ++totals_.in_snapshot;
  }
}

void Story::end() {
  look_at_the_backups();
  const auto server = start_and_compare();
  if (testing::Test::HasFailure()) return;
  server->signal(SIGTERM);
  EXPECT_EQ(server->wait_until_ended(), 0) << server->log << directory_;
  const schema::EventBatch kept = look_at_the_journal();
  for (const auto& client : clients_) {
    for (const auto& [id, event] : client->sent()) totals_.acknowledged += event.acknowledged ? 1 : 0;
  }
  digest_of(kept, true);
}

/// A server that came to what its journal says, which has all that was acknowledged.
std::unique_ptr<ServerProcess> Story::start_and_compare() {
  const schema::EventBatch kept = look_at_the_journal();
  if (testing::Test::HasFailure()) return nullptr;
  const auto begun = steady_clock::now();
  auto server = std::make_unique<ServerProcess>(POLLUX_PROGRAM, arguments());
  const bool ready = server->wait_until_ready();
  EXPECT_TRUE(ready) << server->log << directory_;
  if (!ready) return nullptr;
  starting_us_ = std::chrono::duration_cast<microseconds>(steady_clock::now() - begun).count();
  if (server->log.find(kSnapshotLoaded) != std::string::npos) ++totals_.started_from_snapshot;
  if (seen_.first() > 1) ++totals_.started_without_beginning;
  EXPECT_EQ(digest_over_http(server->url()), digest_of(kept)) << server->log << directory_;
  return server;
}

/// However slow the machine is.
void Story::wait_until(const std::function<bool()>& met) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(60);
  while (!met() && steady_clock::now() < deadline) std::this_thread::sleep_for(microseconds(200));
}

void Story::die_while_recovering() {
  ServerProcess server(POLLUX_PROGRAM, arguments());
  if (random_() % 4 == 0) {
    server.wait_until_it_says({kSnapshotLoaded, "replaying", "ready: "});
  } else {
    std::this_thread::sleep_for(microseconds(random_() % static_cast<std::uint64_t>(starting_us_)));
  }
  server.kill_and_wait();
  server.read_rest_of_log();
  const bool loaded = server.log.find(kSnapshotLoaded) != std::string::npos;
  if (loaded && server.log.find("ready: ") == std::string::npos) ++totals_.in_recovery_from_snapshot;
  ++totals_.while_recovering;
  note_death();
}

void Story::die_while_backing_up() {
  ServerProcess backup(POLLUX_PROGRAM, {"backup", "--data", (directory_ / "data").string(), "--to",
                                        (directory_ / "backups").string()});
  std::this_thread::sleep_for(microseconds(random_() % static_cast<std::uint64_t>(starting_us_)));
  backup.kill_and_wait();
  ++totals_.in_offline_backup;
  note_death();
}

/// One backup after another; whether the last one was never answered.
bool Story::backs_up_until_it_dies(const std::string& url) {
  const auto client = server::HttpClient::create(url);
  while (client.ok()) {
    BackupTaken taken;
    for (const auto& each : clients_) taken.answered.push_back(each->answered());
    const auto reply = (*client)->post("/v1/admin/backup", "application/json", "");
    if (!reply.ok()) return true;
    std::smatch found;
    if (reply->status == 200 &&
        std::regex_search(reply->body, found, std::regex(R"re("number":([0-9]+))re"))) {
      taken.number = static_cast<std::uint32_t>(std::stoul(found[1].str()));
      backups_.push_back(std::move(taken));
      ++backups_answered_;
    } else {
      if (reply->status != 503) backup_refusals_.push_back(reply->body);  // 503: it is stopping
      return false;
    }
  }
  return false;
}

/// The events in the journal as they were sent. In a copy, so that the server recovers by itself.
schema::EventBatch Story::look_at_the_journal() {
  if (!fs::exists(directory_ / "data")) return {};
  const fs::path copy = directory_ / "copy";
  fs::remove_all(copy);
  fs::copy(directory_ / "data", copy, fs::copy_options::recursive);
  const std::string wrong = seen_.look(copy.string());
  EXPECT_EQ(wrong, "") << directory_;
  if (!wrong.empty()) return {};
  std::map<std::string, int> times;
  for (const auto& record : seen_.ids()) {
    for (const std::string& id : record) ++times[id];
  }
  for (const auto& client : clients_) {
    for (const auto& [id, sent] : client->sent()) {
      const auto found = times.find(id);
      const bool aside = seen_.aside().contains(id);
      if (sent.acknowledged && found == times.end() && !aside) ++totals_.lost;
      if (found != times.end() && found->second != 1) ++totals_.doubled;
      if (found != times.end()) times.erase(found);
    }
  }
  EXPECT_TRUE(times.empty()) << times.begin()->first << " was never sent; " << directory_;
  EXPECT_EQ(totals_.lost, 0u) << directory_;
  EXPECT_EQ(totals_.doubled, 0u) << directory_;
  return events_up_to(seen_.last());
}

schema::EventBatch Story::events_up_to(schema::Position last) const {
  schema::EventBatch kept;
  for (schema::Position position = 1; position <= last; ++position) {
    for (const std::string& id : seen_.ids()[position - 1]) {
      for (const auto& client : clients_) {
        const auto found = client->sent().find(id);
        if (found == client->sent().end()) continue;
        kept.append(found->second.event, found->second.event.events.front());
      }
    }
  }
  return kept;
}

/// Each one that was acknowledged is there; the newest one is whole and a twin, whoever was killed over it.
void Story::look_at_the_backups() {
  EXPECT_EQ(backup_refusals_, std::vector<std::string>()) << directory_;
  const std::string from = (directory_ / "backups").string();
  if (!fs::exists(from)) return;
  const auto all = actors::list_backups(from);
  ASSERT_TRUE(all.ok()) << all.error().text();
  for (const BackupTaken& each : backups_)
    EXPECT_TRUE(std::ranges::count(*all, each.number, &actors::BackupInfo::number) == 1) << each.number;
  if (all->empty() || all->back().number == backup_restored_) return;
  look_at_the_journal();
  backup_restored_ = all->back().number;
  const std::string restored = (directory_ / "restored").string();
  fs::remove_all(restored);
  const auto made = actors::restore_backup(from, 0, restored);
  ASSERT_TRUE(made.ok()) << made.error().text() << directory_;
  const std::string wrong = seen_.look_at_copy(restored);
  ASSERT_EQ(wrong, "") << "backup " << backup_restored_ << directory_;
  start_from_copy(restored);
  ++totals_.backups_restored;
}

void Story::start_from_copy(const std::string& directory) {
  const schema::EventBatch events = events_up_to(seen_.last());
  std::map<std::string, bool> there;
  for (const schema::Event& event : events.events) there[std::string(events.id(event))] = true;
  for (std::size_t i = 0; i < clients_.size() && !backups_.empty(); ++i) {
    for (const auto& [id, sent] : clients_[i]->sent()) {
      const bool before = sent.acknowledged && sent.answer <= backups_.back().answered[i];
      EXPECT_TRUE(!before || there.contains(id)) << id << " was acknowledged before a backup that lacks it";
    }
  }
  auto options = one_thread();
  if (!memory_.empty()) options.memory = schema::parse_duration(memory_).value();
  options.snapshots.store = std::make_shared<actors::SnapshotStore>(directory);
  const auto shared = std::make_shared<const schema::Model>(model_);
  auto journal = actors::open_rocksdb_journal(directory, *shared);
  ASSERT_TRUE(journal.ok()) << journal.error().text();
  const auto twin = actors::Twin::start(shared, std::move(*journal), options);
  ASSERT_TRUE(twin.ok()) << twin.error().text() << directory_;
  EXPECT_EQ(digest_of_twin(**twin), digest_of(events)) << directory_;
}

/// The digest of a twin that never died and got these events at once; compared with the oracle if wanted.
std::string Story::digest_of(const schema::EventBatch& events, bool with_oracle) const {
  const auto shared = std::make_shared<const schema::Model>(model_);
  const auto twin = actors::Twin::start(shared, actors::make_memory_journal(*shared), one_thread()).value();
  std::promise<void> settled;
  if (!events.events.empty()) {
    twin->submit(events, [&](const schema::Result<actors::Receipt>&) { settled.set_value(); });
    settled.get_future().get();
  }
  std::promise<void> compared;
  twin->query([&](const actors::SettledState& state) {
    if (with_oracle) compare_with_oracle(state, model_, events);
    compared.set_value();
  });
  compared.get_future().get();
  return digest_of_twin(*twin);
}

}  // namespace pollux::faults
