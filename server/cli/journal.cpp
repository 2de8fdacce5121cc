// `pollux journal verify|dump|stat`: looking into a data directory without running its twin.
#include "actors/journal/journal_inspection.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include "server/cli/data_directories.h"
#include "server/cli/verbs.h"
#include "server/http/json.h"

namespace pollux::server::cli {
namespace {

struct JournalOptions {
  std::string directory;
  std::string domain;
  std::uint64_t from = 1;
  std::uint64_t to = UINT64_MAX;
  std::string output = "text";
  bool json() const { return output == "json"; }
};

int fail(const schema::Error& error) {
  std::cerr << "pollux journal: " << error.text() << "\n";
  if (error.code == schema::ErrorCode::invalid) return kUsage;
  return error.code == schema::ErrorCode::io ? kInputOutput : kDataDirectory;
}

int finish(const JsonBuffer& buffer, int exit_code) {
  std::cout << text_of(buffer) << "\n" << std::flush;
  return std::cout.good() ? exit_code : kInputOutput;
}

void write_error(JsonWriter& json, const schema::Error& error) {
  json.StartObject();
  write_key(json, "where");
  write_text(json, error.where);
  write_key(json, "message");
  write_text(json, error.message);
  json.EndObject();
}

void write_faults(JsonWriter& json, const std::vector<schema::Error>& faults) {
  write_key(json, "faults");
  json.StartArray();
  for (const schema::Error& fault : faults) write_error(json, fault);
  json.EndArray();
}

void print_faults(const std::vector<schema::Error>& faults) {
  for (const schema::Error& fault : faults) std::cerr << fault.where << ": " << fault.message << "\n";
  if (faults.size() == actors::JournalVerdict::kFaultsMax) std::cerr << "and perhaps more\n";
}

int show_verdict(const actors::JournalVerdict& verdict, const JournalOptions& options) {
  const int exit_code = verdict.faults.empty() ? kOk : kDataDirectory;
  if (options.json()) {
    JsonBuffer buffer;
    JsonWriter json(buffer);
    json.StartObject();
    for (auto [name, number] : {std::pair{"records", verdict.records}, std::pair{"events", verdict.events},
                                std::pair{"quarantined", verdict.quarantined},
                                std::pair{"first", verdict.first}, std::pair{"last", verdict.last}}) {
      write_key(json, name);
      json.Uint64(number);
    }
    write_faults(json, verdict.faults);
    json.EndObject();
    return finish(buffer, exit_code);
  }
  print_faults(verdict.faults);
  std::cout << verdict.records << " records (positions " << verdict.first << " to " << verdict.last << "), "
            << verdict.events << " events, " << verdict.quarantined << " quarantined: "
            << (verdict.faults.empty() ? "all in order" : std::to_string(verdict.faults.size()) + " faults")
            << std::endl;
  return std::cout.good() ? exit_code : kInputOutput;
}

/// Runs `look` on the directory of each domain, the worst of its exit codes counting.
int for_each_domain(const JournalOptions& options, int (*look)(const JournalOptions&)) {
  const auto directories = data_directories(options.directory, options.domain);
  if (!directories.ok()) return fail(directories.error());
  int worst = kOk;
  for (const DomainDirectory& each : *directories) {
    JournalOptions of_one = options;
    of_one.directory = each.path;
    if (!each.domain.empty() && !options.json()) std::cout << "domain " << each.domain << "\n";
    worst = std::max(worst, look(of_one));
  }
  return worst;
}

/// Positions, and with them records, are those of one domain.
int of_one_domain(const JournalOptions& options, int (*look)(const JournalOptions&)) {
  const auto directories = data_directories(options.directory, options.domain);
  if (!directories.ok()) return fail(directories.error());
  if (directories->size() > 1) {
    std::string known;
    for (const DomainDirectory& each : *directories) known += (known.empty() ? "" : ", ") + each.domain;
    std::cerr << "pollux journal: " << options.directory
              << " has a journal for each domain: say which with --domain NAME, one of " << known << "\n";
    return kUsage;
  }
  JournalOptions of_one = options;
  of_one.directory = directories->front().path;
  return look(of_one);
}

int run_verify(const JournalOptions& options) {
  const auto journal = actors::JournalInspection::open(options.directory);
  if (!journal.ok()) return fail(journal.error());
  actors::JournalVerdict verdict = (*journal)->verify(options.from, options.to);
  if (const auto files = (*journal)->verify_files(); !files.ok()) verdict.faults.push_back(files.error());
  return show_verdict(verdict, options);
}

void write_named_value(JsonWriter& json, const schema::NamedValue& named) {
  json.StartObject();
  write_key(json, "value");
  if (!named.value.usable()) {
    json.Null();
  } else if (named.value.type == schema::ValueType::symbol) {
    write_text(json, named.symbol);
  } else if (named.value.type == schema::ValueType::boolean) {
    json.Bool(named.value.as_boolean());
  } else {
    write_number(json, named.value.as_number());
  }
  write_key(json, "unit");
  write_text_or_null(json, named.unit);
  write_key(json, "quality");
  write_text(json, schema::name_of(named.value.quality));
  json.EndObject();
}

void write_event(JsonWriter& json, const schema::NamedEvent& event) {
  json.StartObject();
  write_key(json, "type");
  write_text(json, std::string("pollux.") + schema::name_of(event.kind));
  write_key(json, "source");
  write_text(json, event.source);
  write_key(json, "id");
  write_text(json, event.id);
  if (!event.named.empty()) {
    write_key(json, event.kind == schema::EventKind::retract ? "retracts" : "corrects");
    write_text(json, event.named);
  }
  write_key(json, "subject");
  write_text_or_null(json, event.entity);
  write_key(json, "time");
  write_time(json, event.time);
  write_key(json, "sequence");
  json.Uint64(event.sequence);
  write_key(json, "data");
  json.StartObject();
  for (const auto& value : event.values) {
    write_key(json, value.attribute);
    write_named_value(json, value);
  }
  json.EndObject();
  json.EndObject();
}

std::string line_of(const schema::NamedRecord& record) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "position");
  json.Uint64(record.position);
  write_key(json, "clock");
  write_time(json, record.clock);
  write_key(json, "events");
  json.StartArray();
  for (const auto& event : record.events) write_event(json, event);
  json.EndArray();
  json.EndObject();
  return text_of(buffer);
}

/// A line of JSON a record, in either form of output: there is no better one for people.
int run_dump(const JournalOptions& options) {
  const auto journal = actors::JournalInspection::open(options.directory);
  if (!journal.ok()) return fail(journal.error());
  const auto dumped = (*journal)->dump(options.from, options.to, [](const schema::NamedRecord& record) {
    std::cout << line_of(record) << "\n";
    return std::cout.good();
  });
  std::cout << std::flush;
  if (!dumped.ok()) return fail(dumped.error());
  return std::cout.good() ? kOk : kInputOutput;
}

int run_stat(const JournalOptions& options) {
  const auto journal = actors::JournalInspection::open(options.directory);
  if (!journal.ok()) return fail(journal.error());
  const auto statistics = (*journal)->statistics();
  if (!statistics.ok()) return fail(statistics.error());
  JsonBuffer buffer;
  JsonWriter json(buffer);
  const auto text = [&](const char* name, const std::string& value) {
    if (!options.json()) std::cout << name << ": " << value << "\n";
    write_key(json, name);
    write_text(json, value);
  };
  const auto number = [&](const char* name, std::uint64_t value) {
    if (!options.json()) std::cout << name << ": " << value << "\n";
    write_key(json, name);
    json.Uint64(value);
  };
  json.StartObject();
  text("twin", statistics->twin);
  text("format", statistics->format);
  text("created", schema::format_rfc3339(statistics->created));
  text("model_version", statistics->model_version);
  number("model_versions", statistics->model_versions);
  number("first", statistics->first);
  number("last", statistics->last);
  number("dropped", statistics->dropped);
  number("records_bytes", statistics->records_bytes);
  number("quarantined", statistics->quarantined);
  number("history_from", statistics->history_from);
  number("history_to", statistics->history_to);
  number("history_bytes", statistics->history_bytes);
  number("disk_bytes", statistics->disk_bytes);
  write_faults(json, statistics->faults);
  json.EndObject();
  const int exit_code = statistics->faults.empty() ? kOk : kDataDirectory;
  if (options.json()) return finish(buffer, exit_code);
  std::cout << std::flush;
  print_faults(statistics->faults);
  return std::cout.good() ? exit_code : kInputOutput;
}

CLI::App* add_verb(CLI::App& journal, const char* name, const char* what,
                   const std::shared_ptr<JournalOptions>& options) {
  auto* verb = journal.add_subcommand(name, what);
  verb->add_option("DIR", options->directory, "The data directory")->required();
  verb->add_option("-o,--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  verb->add_option("--domain", options->domain, "Of several domains this one");
  return verb;
}

void add_range(CLI::App& verb, const std::shared_ptr<JournalOptions>& options) {
  verb.add_option("--from", options->from, "First position")->capture_default_str();
  verb.add_option("--to", options->to, "Last position");
}

}  // namespace

void add_journal(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<JournalOptions>();
  auto* journal = app.add_subcommand("journal", "Look into a data directory, beside a server or without one");
  journal->require_subcommand(1);
  auto* verify =
      add_verb(*journal, "verify", "Check every record, the chain, and every file's checksums", options);
  add_range(*verify, options);
  verify->callback([options, &exit_code] { exit_code = for_each_domain(*options, run_verify); });
  auto* dump = add_verb(*journal, "dump", "Print records, a line of JSON each", options);
  add_range(*dump, options);
  dump->callback([options, &exit_code] { exit_code = of_one_domain(*options, run_dump); });
  auto* stat = add_verb(*journal, "stat", "Say what the directory holds", options);
  stat->callback([options, &exit_code] { exit_code = for_each_domain(*options, run_stat); });
}

}  // namespace pollux::server::cli
