#include <spdlog/spdlog.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "actors/journal/journal.h"
#include "actors/plant/plant.h"
#include "actors/plant/plant_directory.h"
#include "monitoring/logging.h"
#include "monitoring/metrics.h"
#include "server/cli/model_source.h"
#include "server/cli/verbs.h"
#include "server/http/positions.h"
#include "server/http/server.h"

namespace pollux::server::cli {
namespace {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

constexpr std::uint64_t kHistoryBytesDefault = 64ull << 30;

struct ServeOptions {
  ModelSource source;
  std::string data;
  HttpServerOptions http;
  actors::TwinOptions twin;
  std::string clock = "wall";
  std::string sync = "always";
  actors::JournalOptions journal;
  std::string log_format = "text";
  std::string log_level = "info";
  bool accept_model_change = false;
  bool insecure_listen = false;
  std::string history_age = "400 d";
  std::string memory = "15 min";
  std::string snapshot_every = "15 min";
  std::string keep_journal = "0s";
};

/// Opens a data directory, unless it was last written under another version of the model.
Result<std::unique_ptr<actors::Journal>> open_journal(const ServeOptions& options, const std::string& data,
                                                      const schema::Model& model) {
  actors::JournalOptions how = options.journal;
  if (options.accept_model_change) how.misfits = schema::MisfitPolicy::leave_out;
  auto journal = actors::open_rocksdb_journal(data, model, how);
  if (!journal.ok() || options.accept_model_change) return journal;
  const std::string& written_under = (*journal)->identity().model_version;
  if (written_under.empty() || written_under == model.version()) return journal;
  return Error{ErrorCode::invalid,
               "the data was written under model version " + written_under.substr(0, 12) + ", but " +
                   options.source.model + " is version " + model.version().substr(0, 12) +
                   "; replaying it under another model can change what the twin says of the past",
               data, "start with --accept-model-change if that is what you want"};
}

int exit_code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::corrupt:
    case ErrorCode::conflict:
    case ErrorCode::not_found:
      return kDataDirectory;
    case ErrorCode::io:
    case ErrorCode::no_space:
      return kInputOutput;
    default:
      return kFailed;
  }
}

std::string position_text(const actors::Plant& plant) {
  Positions positions;
  for (const schema::DomainIndex d : plant.domains()) {
    positions.push_back(plant.domain(d).settled_position());
  }
  return format_positions(plant.model(), plant.domains(), positions);
}

/// Starts the twin on a thread of its own, so that /readyz can tell how far the replay has come.
class Startup {
 public:
  Startup(const ServeOptions& options, std::shared_ptr<const schema::Model> model, HttpServer& server,
          monitoring::Metrics& metrics)
      : options_(options), model_(std::move(model)), server_(server), metrics_(metrics) {
    thread_ = std::thread([this] { run(); });
  }
  ~Startup() {
    if (thread_.joinable()) thread_.join();
  }

  bool finished() const { return finished_; }
  /// REQUIRES: finished. Null after a failure.
  actors::Plant* plant() {
    if (thread_.joinable()) thread_.join();
    return plant_.get();
  }
  int exit_code() const { return exit_code_; }

 private:
  void run() {
    const auto started = start();
    if (!started.ok()) {
      spdlog::critical("cannot start: {}", started.error().text());
      exit_code_ = exit_code_of(started.error());
    }
    // Before the server is told, for whoever waits for it asks next how this ended.
    finished_ = true;
    if (!started.ok()) {
      server_.stop();
      return;
    }
    server_.attach(*plant_);
    // Not before: who waits for this line sends requests next.
    spdlog::info("ready: twin {}, {} entities, position {}", model_->name(), model_->entity_count(),
                 position_text(*plant_));
  }

  Result<void> start() {
    if (auto sound = actors::prepare_directory(options_.data, *model_); !sound.ok()) return sound.error();
    const auto directory = [this](const schema::Model& domain) {
      return is_divided(*model_) ? options_.data + "/" + domain.domain_name(0) : options_.data;
    };
    actors::PlantHooks hooks;
    hooks.adapt = [directory](const schema::Model& domain, actors::TwinOptions& how) {
      how.snapshots.store = std::make_shared<actors::SnapshotStore>(directory(domain));
    };
    hooks.on_progress = [this](const actors::PlantProgress& progress) { show(progress); };
    auto plant = actors::Plant::start(
        model_,
        [this, directory](const schema::Model& domain) {
          return open_journal(options_, directory(domain), domain);
        },
        options_.twin, hooks);
    if (!plant.ok()) return plant.error();
    plant_ = std::move(*plant);
    for (const schema::DomainIndex d : plant_->domains()) observe(d, plant_->domain(d));
    for (const actors::LinkCarrier* carrier : plant_->carriers()) {
      const schema::CrossingLink& first = carrier->links().front();
      metrics_.observe(carrier->probe(), plant_->domain(first.from).probe().settled_position,
                       model_->domain_name(first.from), model_->domain_name(first.to));
    }
    return {};
  }

  void observe(schema::DomainIndex domain, const actors::Twin& twin) {
    const std::string name = is_divided(*model_) ? model_->domain_name(domain) : model_->name();
    for (const schema::Misfit& misfit : twin.misfits()) {
      spdlog::warn("{}: set aside as poison: {} events of the journal, and {} values of other events: {}",
                   name, misfit.events, misfit.values, misfit.why);
    }
    metrics_.observe(twin.probe(), name);
  }

  /// To whoever asks, and now and then to the log.
  void show(const actors::PlantProgress& where) {
    server_.show_progress(where);
    const auto now = std::chrono::steady_clock::now();
    const actors::ReplayProgress& progress = where.replay;
    if (where.domain != shown_) told_at_ = {};
    shown_ = where.domain;
    const std::string whose = is_divided(*model_) ? "domain " + model_->domain_name(where.domain) + ": " : "";
    if (progress.loading || progress.total == 0) return;
    if (told_at_ == std::chrono::steady_clock::time_point()) {
      if (progress.done > 0) spdlog::info("{}a snapshot of position {} was loaded", whose, progress.done);
      if (progress.done < progress.total)
        spdlog::info("{}replaying {} epochs", whose, progress.total - progress.done);
    } else if (now - told_at_ < kTellEvery) {
      return;
    } else {
      spdlog::info("{}replayed up to position {} of {}", whose, progress.done, progress.total);
    }
    told_at_ = now;
  }

  static constexpr std::chrono::seconds kTellEvery{5};

  const ServeOptions& options_;
  std::chrono::steady_clock::time_point told_at_;
  std::shared_ptr<const schema::Model> model_;
  HttpServer& server_;
  monitoring::Metrics& metrics_;
  std::unique_ptr<actors::Plant> plant_;
  schema::DomainIndex shown_ = 0;
  int exit_code_ = kOk;
  std::atomic<bool> finished_{false};
  std::thread thread_;
};

int serve_until_stopped(const ServeOptions& options, const std::shared_ptr<const schema::Model>& model) {
  monitoring::Metrics metrics;
  auto server = HttpServer::open(options.http, model, metrics);
  if (!server.ok()) {
    spdlog::critical("{}", server.error().text());
    return kInputOutput;
  }
  spdlog::info("listening on http://{}", (*server)->address());
  Startup startup(options, model, **server, metrics);
  (*server)->run();
  if (!startup.finished()) {
    // A replay only reads, so there is nothing to finish and nothing to lose.
    spdlog::info("stopped while replaying");
    std::_Exit(kOk);
  }
  if (actors::Plant* plant = startup.plant()) {
    plant->stop();
    spdlog::info("stopped at position {}", position_text(*plant));
  }
  return startup.exit_code();
}

/// False, and explained, where one is no duration.
bool take_durations(ServeOptions& options) {
  const auto take = [](const std::string& text, schema::Duration& to) {
    const auto duration = schema::parse_duration(text);
    if (!duration.ok()) std::cerr << "pollux serve: " << duration.error().text() << "\n";
    if (duration.ok()) to = *duration;
    return duration.ok();
  };
  return take(options.history_age, options.twin.history.age) && take(options.memory, options.twin.memory) &&
         take(options.snapshot_every, options.twin.snapshots.every) &&
         take(options.keep_journal, options.twin.snapshots.journal_age);
}

/// `always`, or `interval=` and a duration of at least a millisecond.
Result<schema::Duration> parse_sync(const std::string& text) {
  constexpr std::string_view kInterval = "interval=";
  if (text == "always") return schema::Duration{0};
  if (text.starts_with(kInterval)) {
    const auto interval = schema::parse_duration(text.substr(kInterval.size()));
    if (interval.ok() && *interval >= schema::kMillisecond && *interval <= schema::kMinute) return *interval;
  }
  return Error{ErrorCode::invalid, "--sync " + text + " is not `always` or `interval=DURATION`", "",
               "a duration is from 1 ms to 1 min, as in interval=50ms"};
}

int run_serve(ServeOptions& options) {
  const auto sync = parse_sync(options.sync);
  if (!sync.ok()) {
    std::cerr << "pollux: " << sync.error().text() << "\n";
    return kUsage;
  }
  options.journal.sync_interval = *sync;
  monitoring::install_logger(
      options.log_format == "json" ? monitoring::LogFormat::json : monitoring::LogFormat::text,
      options.log_level);
  if (!is_loopback(options.http.listen) && !options.insecure_listen) {
    std::cerr << "pollux: --listen " << options.http.listen
              << " is not a loopback address: other machines may reach it, and this server has no TLS and no "
                 "tokens "
                 "yet, so anyone who reaches it may read and write the twin. Listen on 127.0.0.1:PORT behind "
                 "a proxy "
                 "that has them, or say --insecure-listen.\n";
    return kUsage;
  }
  if (!take_durations(options)) return kUsage;
  options.http.stop_on_signals = true;
  options.twin.clock = options.clock == "events" ? actors::ClockMode::events : actors::ClockMode::wall;
  options.twin.warn = [](const std::string& what) { spdlog::warn("{}", what); };
  options.twin.alarm = [](const std::string& what) { spdlog::error("{}", what); };
  int exit_code = kOk;
  const auto model = load_or_explain(options.source, exit_code);
  if (model == nullptr) return exit_code;
  if (is_divided(*model) && options.journal.sync_interval != 0) {
    std::cerr << "pollux serve: --sync " << options.sync << " does not go with a model of several domains ("
              << options.source.model << " has " << model->domain_count()
              << "): after a power loss one domain could know of another what that one has lost. Leave it "
                 "at --sync always.\n";
    return kUsage;
  }
  return serve_until_stopped(options, model);
}

/// Before a size is read: `-1` would be all there is.
CLI::Validator not_negative() {
  return {[](std::string& text) { return text.starts_with('-') ? "it must not be negative" : std::string(); },
          "SIZE"};
}

void add_twin_options(CLI::App& verb, ServeOptions& options) {
  verb.add_option("MODEL", options.source.model, "The model file")->required()->envname("POLLUX_MODEL");
  verb.add_option("--data", options.data, "The data directory; made when it is not there")
      ->required()
      ->envname("POLLUX_DATA");
  verb.add_option("--parameters", options.source.parameters,
                  "Parameter files laid over the model, later ones win")
      ->envname("POLLUX_PARAMETERS");
  verb.add_option("--clock", options.clock,
                  "What moves the twin's clock: wall, or events (for recorded data)")
      ->check(CLI::IsMember({"wall", "events"}))
      ->capture_default_str()
      ->envname("POLLUX_CLOCK");
  verb.add_option(
          "--sync", options.sync,
          "When events are on disk: always, before they are acknowledged, or interval=50ms, which a power "
          "loss can cost")
      ->capture_default_str()
      ->envname("POLLUX_SYNC");
  verb.add_option("--threads", options.twin.threads, "Worker threads; 0 is one a core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->envname("POLLUX_THREADS");
  verb.add_option("--queue-events", options.twin.queue_events_max,
                  "Events that may wait to be settled; beyond it clients are told to try again")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str()
      ->envname("POLLUX_QUEUE_EVENTS");
  verb.add_flag("--accept-model-change", options.accept_model_change,
                "Replay data written under another version of the model")
      ->envname("POLLUX_ACCEPT_MODEL_CHANGE");
}

void add_retention_options(CLI::App& verb, ServeOptions& options) {
  verb.add_option(
          "--memory", options.memory,
          "How far behind the twin's clock its past is held in memory; what events that are later than "
          "that revise is read from the history")
      ->capture_default_str()
      ->envname("POLLUX_MEMORY");
  verb.add_option("--history-age", options.history_age,
                  "How far behind the twin's clock the history is kept; 0s is for ever")
      ->capture_default_str()
      ->envname("POLLUX_HISTORY_AGE");
  verb.add_option("--history-bytes", options.twin.history.bytes,
                  "About how much disk the history may take, as 64GB; 0 is any amount")
      ->transform(CLI::AsSizeValue(false))
      ->transform(not_negative())
      ->capture_default_str()
      ->envname("POLLUX_HISTORY_BYTES");
  verb.add_option(
          "--snapshot-every", options.snapshot_every,
          "How often a snapshot is taken, by which a restart replays only what came after; 0s is never")
      ->capture_default_str()
      ->envname("POLLUX_SNAPSHOT_EVERY");
  verb.add_option("--snapshots-kept", options.twin.snapshots.kept, "How many snapshots are kept")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str()
      ->envname("POLLUX_SNAPSHOTS_KEPT");
  verb.add_option(
          "--keep-journal", options.keep_journal,
          "How far behind the twin's clock the journal is kept, where snapshots stand for it; 0s is for ever")
      ->capture_default_str()
      ->envname("POLLUX_KEEP_JOURNAL");
  verb.add_option(
          "--keep-journal-bytes", options.twin.snapshots.journal_bytes,
          "About how much disk the journal may take, where snapshots stand for it, as 64GB; 0 is any amount")
      ->transform(CLI::AsSizeValue(false))
      ->transform(not_negative())
      ->capture_default_str()
      ->envname("POLLUX_KEEP_JOURNAL_BYTES");
  verb.add_flag("!--no-history", options.twin.keep_history,
                "Keep no history: no answers about the past, change streams resume from memory only")
      ->envname("POLLUX_NO_HISTORY");
  verb.add_flag(
      "--rebuild-history", options.journal.remake_history,
      "Make the history again from the journal; where retention has dropped the journal's beginning, "
      "it begins anew at the newest snapshot, and what was known before is given up");
  verb.add_option("--backup-directory", options.http.backup_directory,
                  "Where `pollux backup --at` puts backups; without it they are refused")
      ->envname("POLLUX_BACKUP_DIRECTORY");
}

void add_server_options(CLI::App& verb, ServeOptions& options) {
  verb.add_option("--listen", options.http.listen, "HOST:PORT; port 0 takes a free one and logs it")
      ->capture_default_str()
      ->envname("POLLUX_LISTEN");
  verb.add_flag("--insecure-listen", options.insecure_listen,
                "Allow an address that other machines can reach, without TLS and tokens")
      ->envname("POLLUX_INSECURE_LISTEN");
  verb.add_option("--connections", options.http.connections_max, "Connections open at once")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str()
      ->envname("POLLUX_CONNECTIONS");
  verb.add_option("--log-format", options.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str()
      ->envname("POLLUX_LOG_FORMAT");
  verb.add_option("--log-level", options.log_level, "debug, info, warning, error or critical")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "critical"}))
      ->capture_default_str()
      ->envname("POLLUX_LOG_LEVEL");
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ServeOptions>();
  options->twin.history.bytes = kHistoryBytesDefault;
  auto* verb = app.add_subcommand("serve", "Run a twin and serve it over HTTP");
  add_twin_options(*verb, *options);
  add_retention_options(*verb, *options);
  add_server_options(*verb, *options);
  verb->callback([options, &exit_code] { exit_code = run_serve(*options); });
}

}  // namespace pollux::server::cli
