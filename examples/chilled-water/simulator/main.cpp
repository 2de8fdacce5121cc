// chilled-water-simulator: a small plant that reports to a Pollux server. See ../README.md.
#include <csignal>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "examples/chilled-water/simulator/fault.h"
#include "examples/chilled-water/simulator/plant.h"
#include "examples/chilled-water/simulator/sender.h"
#include "examples/chilled-water/simulator/sensors.h"
#include "server/http/client.h"

namespace {

namespace plant = pollux::examples::chilled_water;
namespace schema = pollux::schema;

/// Options as written on the command line.
struct Options {
  std::string to = "http://127.0.0.1:8080";
  std::uint64_t seed = 1;
  std::string speed = "1x";
  std::string length;
  std::string start;
  std::vector<std::string> faults;
};

/// `60x` is 60 simulated seconds a second, `max` is 0: unpaced.
schema::Result<double> parse_speed(const std::string& text) {
  if (text == "max") return 0.0;
  char* end = nullptr;
  const double speed = std::strtod(text.c_str(), &end);
  const std::string rest = end;
  if (end == text.c_str() || (rest != "x" && !rest.empty()) || !(speed > 0) || speed > 1e6) {
    return schema::Error{schema::ErrorCode::invalid, "'" + text + "' is no speed", "--speed",
                         "write 1x, 60x or max"};
  }
  return speed;
}

schema::Result<schema::EventTime> parse_start(const std::string& text) {
  if (!text.empty()) return schema::parse_rfc3339(text);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count() * schema::kSecond;
}

schema::Result<plant::Played> run(const Options& options) {
  schema::Result<double> speed = parse_speed(options.speed);
  if (!speed) return speed.error();
  schema::Result<schema::EventTime> start = parse_start(options.start);
  if (!start) return start.error();
  schema::Result<schema::Duration> length = schema::Duration{schema::kNever};
  if (!options.length.empty()) length = schema::parse_duration(options.length);
  if (!length) return length.error();
  std::vector<plant::Fault> faults;
  for (const std::string& text : options.faults) {
    schema::Result<plant::Fault> fault = plant::parse_fault(text);
    if (!fault) return fault.error();
    faults.push_back(*fault);
  }
  schema::Result<std::unique_ptr<pollux::server::HttpClient>> client =
      pollux::server::HttpClient::create(options.to);
  if (!client) return client.error();

  plant::Plant building(plant::PlantParameters::office(), *start, options.seed, faults);
  plant::Sensors sensors(plant::plant_devices(), {}, *start, options.seed);
  return plant::play(building, sensors, **client, {*start, *length, *speed});
}

void block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("A small chilled-water plant that reports to a Pollux server.", "chilled-water-simulator");
  app.add_option("--to", options.to, "The server, http://HOST:PORT")->capture_default_str();
  app.add_option("--seed", options.seed, "Chooses weather, noise and losses")->capture_default_str();
  app.add_option("--speed", options.speed, "Simulated time to real time: 1x, 60x, max")
      ->capture_default_str();
  app.add_option("--for", options.length, "Simulated time to run, as 40min; else until stopped");
  app.add_option("--start", options.start, "Simulated time to start at, RFC 3339; else now");
  app.add_option("--fault", options.faults,
                 "NAME@TIME after the start, as pump-1-wear@10min; may be repeated");
  CLI11_PARSE(app, argc, argv);

  block_stop_signals();
  const schema::Result<plant::Played> played = run(options);
  if (!played) {
    std::fprintf(stderr, "chilled-water-simulator: %s\n", played.error().text().c_str());
    return 1;
  }
  std::printf("sent %llu events in %llu batches, up to %s\n", static_cast<unsigned long long>(played->events),
              static_cast<unsigned long long>(played->batches),
              schema::format_rfc3339(played->until).c_str());
  return 0;
}
