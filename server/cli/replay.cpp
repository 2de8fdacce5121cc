#include <fmt/format.h>
#include <unistd.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include "actors/twin.h"
#include "server/cli/recorded_data.h"
#include "server/cli/signal_watch.h"
#include "server/cli/verbs.h"
#include "server/replay/replay.h"
#include "server/replay/text_file.h"

namespace pollux::server::cli {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

constexpr const char* kFooter =
    "Events get the same ids whenever a file is replayed, so nothing is ever applied twice. An interrupted\n"
    "replay leaves a small state file; the same command then goes on where it stopped.\n"
    "Exit codes: 0 all rows taken; 5 done, but rows were rejected; 130 interrupted; others as in pollux "
    "--help.";
constexpr std::size_t kRejectedShownMax = 20;

struct Arguments {
  std::vector<std::string> files;
  std::string map;
  std::string to;
  std::string data;
  std::string model;
  std::vector<std::string> parameters;
  std::string speed = "max";
  std::size_t batch = kReplayBatchRowsDefault;
  std::string rejects;
  std::string state;
  std::string output = "text";
};

// `max` is 0; `60x` is 60.
Result<double> parse_speed(std::string_view text) {
  if (text == "max") return 0.0;
  double speed = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, speed);
  if (error == std::errc() && speed > 0 && speed <= 1e9 && std::string_view(end, last - end) == "x")
    return speed;
  return Error{ErrorCode::invalid, "`" + std::string(text) + "` is not a speed", "--speed",
               "write 1x, 60x or max"};
}

// The twin of a replay that needs no server, and all it stands on.
struct LocalTwin {
  std::shared_ptr<const schema::Model> model;
  std::unique_ptr<actors::Twin> twin;
};

Result<LocalTwin> open_twin(const Arguments& arguments, const Mapping& mapping) {
  Result<ModelText> text = read_model(arguments.model, arguments.parameters);
  if (!text.ok()) return std::move(text).error();
  Result<std::shared_ptr<const schema::Model>> model = load(*text);
  if (!model.ok()) return std::move(model).error();
  const schema::Diagnostics problems = check_model(mapping, **model);
  if (!problems.empty()) {
    return Error{ErrorCode::invalid,
                 "the mapping does not fit the model\n" + MappingErrors{mapping.file, problems}.text(),
                 mapping.file,
                 {}};
  }
  Result<std::unique_ptr<actors::Journal>> journal = actors::open_rocksdb_journal(arguments.data, **model);
  if (!journal.ok()) return std::move(journal).error();
  actors::TwinOptions options;
  options.clock = actors::ClockMode::events;
  auto twin = actors::Twin::start(*model, std::move(journal).value(), options);
  if (!twin.ok()) return std::move(twin).error();
  return LocalTwin{*model, std::move(twin).value()};
}

// Shows rejected rows: the first ones on the terminal, all of them in the file if there is one.
class RejectList {
 public:
  Result<void> open(const std::string& file) {
    if (file.empty()) return {};
    file_.open(file, std::ios::app);
    if (file_) return {};
    return Error{ErrorCode::io, "cannot write the list of rejected rows", file, "check --rejects"};
  }
  void add(const RejectedRow& row, ProgressBar& bar) {
    if (file_.is_open()) file_ << row.file << ':' << row.line << ": " << row.reason << '\n';
    if (++count_ > kRejectedShownMax) return;
    bar.finish();
    fmt::print(stderr, "{}:{}: rejected: {}\n", row.file, row.line, row.reason);
  }
  Result<void> close(const std::string& file) {
    if (count_ > kRejectedShownMax) {
      fmt::print(stderr, "and {} more{}\n", count_ - kRejectedShownMax,
                 file.empty() ? "; --rejects FILE lists all" : ", all in " + file);
    }
    if (!file_.is_open()) return {};
    file_.close();
    if (file_) return {};
    return Error{ErrorCode::io, "the list of rejected rows is not complete", file, "check the disk"};
  }

 private:
  std::ofstream file_;
  std::size_t count_ = 0;
};

void print_summary(const ReplayTotals& totals, const std::string& digest, const std::string& output) {
  const double rate = totals.seconds > 0 ? static_cast<double>(totals.events) / totals.seconds : 0;
  if (output == "json") {
    fmt::print(
        "{{\"rows\":{},\"rows_skipped\":{},\"rows_rejected\":{},\"events\":{},\"accepted\":{},\"duplicates\":"
        "{},"
        "\"quarantined\":{},\"seconds\":{:.3f},\"events_per_second\":{:.0f},\"interrupted\":{},\"digest\":\"{"
        "}\"}}\n",
        totals.rows, totals.rows_skipped, totals.rows_rejected, totals.events, totals.accepted,
        totals.duplicate, totals.quarantined, totals.seconds, rate, totals.interrupted, digest);
    return;
  }
  fmt::print("rows         {}", totals.rows);
  if (totals.rows_skipped > 0) fmt::print(" ({} taken in an earlier run)", totals.rows_skipped);
  fmt::print(
      "\nrejected     {}\nevents       {}\naccepted     {}\nduplicates   {}\nquarantined  {}\n"
      "seconds      {:.3f}\nevents/s     {:.0f}\ndigest       {}\n",
      totals.rows_rejected, totals.events, totals.accepted, totals.duplicate, totals.quarantined,
      totals.seconds, rate, digest);
}

ReplayClock clock_of(SignalWatch& signals) {
  const auto start = std::chrono::steady_clock::now();
  return {[start] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); },
          [&signals](double seconds) { signals.wait(seconds); }, [&signals] { return signals.arrived(); }};
}

// What makes two replays the same for the purpose of going on: where to, what and how it is read.
std::string identity_of(const Arguments& arguments, const std::string& mapping_text) {
  std::vector<std::string_view> parts = {arguments.to, arguments.data, mapping_text};
  for (const std::string& file : arguments.files) parts.push_back(file);
  return hash_of(parts);
}

Result<ReplayTotals> run(const Arguments& arguments, const ReplayOptions& options, const Mapping& mapping,
                         EventSink& sink, SignalWatch& signals) {
  ProgressBar bar(STDERR_FILENO);
  RejectList rejects;
  if (auto opened = rejects.open(arguments.rejects); !opened.ok()) return opened.error();
  const ReplayObserver observer{[&](const RejectedRow& row) { rejects.add(row, bar); },
                                [&](const ReplayProgress& progress) { bar.show(progress); },
                                [&](const std::string& notice) {
                                  bar.finish();
                                  fmt::print(stderr, "pollux: {}\n", notice);
                                }};
  Result<ReplayTotals> totals = replay(options, mapping, sink, clock_of(signals), observer);
  bar.finish();
  auto closed = rejects.close(arguments.rejects);
  if (totals.ok() && !closed.ok()) return closed.error();
  return totals;
}

int replay_verb(const Arguments& arguments) {
  SignalWatch signals;
  Result<double> speed = parse_speed(arguments.speed);
  if (!speed.ok()) {
    fail(speed.error());
    return kUsage;
  }
  Result<std::string> mapping_text = read_text_file(arguments.map, kMappingBytesMax);
  if (!mapping_text.ok()) return fail(mapping_text.error());
  Result<Mapping> mapping = read_mapping(arguments.map);
  if (!mapping.ok()) return fail(mapping.error());
  std::optional<LocalTwin> local;
  std::unique_ptr<EventSink> sink;
  if (!arguments.data.empty()) {
    Result<LocalTwin> opened = open_twin(arguments, *mapping);
    if (!opened.ok()) return fail(opened.error());
    local = std::move(opened).value();
    sink = make_twin_sink(*local->twin);
  } else {
    Result<std::unique_ptr<EventSink>> opened = make_http_sink(
        arguments.to, [](const std::string& notice) { fmt::print(stderr, "pollux: {}\n", notice); });
    if (!opened.ok()) return fail(opened.error());
    sink = std::move(opened).value();
  }
  const std::string identity = identity_of(arguments, *mapping_text);
  const std::string state =
      arguments.state.empty() ? "pollux-replay-" + identity.substr(0, 12) + ".state" : arguments.state;
  const ReplayOptions options{arguments.files, *speed, arguments.batch, state, identity};
  Result<ReplayTotals> totals = run(arguments, options, *mapping, *sink, signals);
  if (!totals.ok()) return fail(totals.error());
  Result<std::string> digest = sink->digest();
  if (!digest.ok()) return fail(digest.error());
  print_summary(*totals, *digest, arguments.output);
  if (totals->quarantined > 0) {
    fmt::print(
        stderr,
        "pollux: {} events were set aside, not applied: too late or too far ahead for the twin's clock. A\n"
        "        server that runs on the wall clock takes recorded data only within its sources' allowed\n"
        "        lateness.\n",
        totals->quarantined);
  }
  if (totals->interrupted) {
    fmt::print(stderr, "pollux: interrupted; the same command goes on from here (state in {})\n", state);
    return kInterrupted;
  }
  return totals->rows_rejected > 0 ? kRejected : kOk;
}

}  // namespace

void add_replay(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("replay", "Play recorded CSV files back into a twin");
  verb->footer(kFooter);
  verb->add_option("FILE", arguments->files, "CSV files, replayed one after another")->required();
  verb->add_option("--map", arguments->map, "Mapping file: which column says what")->required();
  auto* to = verb->add_option("--to", arguments->to, "Server to send to, such as http://127.0.0.1:8080");
  auto* data = verb->add_option("--data", arguments->data, "Data directory of a twin to run in this process");
  auto* model = verb->add_option("--model", arguments->model, "With --data: the model file");
  verb->add_option("--parameters", arguments->parameters, "With --data: parameter files laid over the model")
      ->needs(data);
  to->excludes(data);
  data->needs(model);
  verb->add_option("--speed", arguments->speed, "1x, 60x, ... of recorded time, or max")
      ->capture_default_str();
  verb->add_option("--batch", arguments->batch, "Rows sent together at most")
      ->check(CLI::Range(std::size_t{1}, kReplayBatchRowsMax))
      ->capture_default_str();
  verb->add_option("--rejects", arguments->rejects, "File to append all rejected rows to");
  verb->add_option("--state", arguments->state, "State file; default: pollux-replay-HASH.state here");
  verb->add_option("-o,--output", arguments->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  verb->callback([arguments, to, data, &exit_code] {
    if (to->count() + data->count() == 0) throw CLI::RequiredError("--to or --data");
    exit_code = replay_verb(*arguments);
  });
}

}  // namespace pollux::server::cli
