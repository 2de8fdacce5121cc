// `pollux backup` and `pollux restore`.
#include "actors/storage/backup.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include "actors/journal/journal_inspection.h"
#include "actors/plant/plant_directory.h"
#include "server/cli/verbs.h"
#include "server/http/client.h"

namespace pollux::server::cli {
namespace {

struct BackupOptions {
  std::string at;
  std::string data;
  std::string directory;
  std::uint32_t number = 0;
  bool list = false;
};

int fail(const char* verb, const schema::Error& error) {
  std::cerr << "pollux " << verb << ": " << error.text() << "\n";
  switch (error.code) {
    case schema::ErrorCode::io:
    case schema::ErrorCode::unavailable:
      return kInputOutput;
    case schema::ErrorCode::invalid:
      return kUsage;
    default:
      return kDataDirectory;
  }
}

void show(const actors::BackupInfo& info) {
  std::cout << "backup " << info.number << ", " << schema::format_rfc3339(info.taken) << ", " << info.bytes
            << " bytes\n";
}

int back_up_online(const BackupOptions& options) {
  const auto client = HttpClient::create(options.at);
  if (!client.ok()) return fail("backup", client.error());
  const auto reply = (*client)->post("/v1/admin/backup", "application/json", "");
  if (!reply.ok()) return fail("backup", reply.error());
  (reply->status == 200 ? std::cout : std::cerr) << reply->body << std::endl;
  return reply->status == 200 ? kOk : kInputOutput;
}

int run_backup(const BackupOptions& options) {
  const bool offline = !options.data.empty();
  if (offline == !options.at.empty() || offline == options.directory.empty()) {
    std::cerr << "pollux backup: give --at URL for a running server (it knows the directory), or --data DIR "
                 "and --to DIR for one that is stopped\n";
    return kUsage;
  }
  if (!offline) return back_up_online(options);
  const auto division = actors::read_division(options.data);
  if (!division.ok()) return fail("backup", division.error());
  if (*division) {
    const auto all = actors::back_up_plant_directory(**division, options.data, options.directory);
    if (!all.ok()) return fail("backup", all.error());
    show(all->whole);
  } else {
    const auto taken = actors::back_up_directory(options.data, options.directory);
    if (!taken.ok()) return fail("backup", taken.error());
    show(*taken);
  }
  std::cout << std::flush;
  return kOk;
}

int list_divided(const BackupOptions& options) {
  const auto all = actors::list_plant_backups(options.directory);
  if (!all.ok()) return fail("restore", all.error());
  for (const auto& each : *all) show(each.whole);
  std::cout << std::flush;
  return kOk;
}

int list(const BackupOptions& options) {
  const auto all = actors::list_backups(options.directory);
  if (!all.ok()) return fail("restore", all.error());
  for (const auto& each : *all) show(each);
  std::cout << std::flush;
  return kOk;
}

/// Reads what was restored: a backup that cannot be used is better known now.
int check_restored(const std::string& data, const actors::BackupInfo& backup) {
  const auto journal = actors::JournalInspection::open(data);
  if (!journal.ok()) return fail("restore", journal.error());
  const auto verdict = (*journal)->verify(1, UINT64_MAX);
  for (const auto& fault : verdict.faults) std::cerr << "pollux restore: " << fault.text() << "\n";
  if (!verdict.faults.empty()) return kDataDirectory;
  show(backup);
  std::cout << "restored to " << data << ": " << verdict.records << " records, newest at position "
            << verdict.last << std::endl;
  return kOk;
}

int restore_divided(const actors::DirectoryDivision& division, const BackupOptions& options) {
  const auto restored =
      actors::restore_plant_backup(division, options.directory, options.number, options.data);
  if (!restored.ok()) return fail("restore", restored.error());
  for (std::size_t d = 0; d < division.domains.size(); ++d) {
    const int code = check_restored(options.data + "/" + division.domains[d], restored->domains[d]);
    if (code != kOk) return code;
  }
  return kOk;
}

int run_restore(const BackupOptions& options) {
  const auto division = actors::read_division(options.directory);
  if (!division.ok()) return fail("restore", division.error());
  if (options.list) return *division ? list_divided(options) : list(options);
  if (options.data.empty()) {
    std::cerr << "pollux restore: give --data DIR, a directory that is new or empty\n";
    return kUsage;
  }
  if (*division) return restore_divided(**division, options);
  const auto restored = actors::restore_backup(options.directory, options.number, options.data);
  if (!restored.ok()) return fail("restore", restored.error());
  return check_restored(options.data, *restored);
}

}  // namespace

void add_backup(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<BackupOptions>();
  auto* verb = app.add_subcommand("backup", "Copy a data directory, while its server runs or after");
  verb->add_option("--at", options->at, "A running server, http://HOST:PORT")->envname("POLLUX_AT");
  verb->add_option("--data", options->data, "The data directory of a server that does not run");
  verb->add_option("--to", options->directory, "The backup directory, with --data");
  verb->callback([options, &exit_code] { exit_code = run_backup(*options); });
}

void add_restore(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<BackupOptions>();
  auto* verb = app.add_subcommand("restore", "Make a data directory of a backup, and check it");
  verb->add_option("--from", options->directory, "The backup directory")->required();
  verb->add_option("--data", options->data, "The data directory to make; new or empty");
  verb->add_option("--number", options->number, "Which backup; the newest by default");
  verb->add_flag("--list", options->list, "Show what backups there are, and end");
  verb->callback([options, &exit_code] { exit_code = run_restore(*options); });
}

}  // namespace pollux::server::cli
