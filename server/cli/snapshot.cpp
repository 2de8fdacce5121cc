// `pollux snapshot`: takes one of a running twin, and shows which there are.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "actors/snapshot/snapshot_format.h"
#include "actors/snapshot/snapshot_store.h"
#include "schema/time.h"
#include "server/cli/data_directories.h"
#include "server/cli/verbs.h"
#include "server/http/client.h"

namespace pollux::server::cli {
namespace {

constexpr const char* kPath = "/v1/admin/snapshots";

struct SnapshotArguments {
  std::string at;
  std::string data;
  std::string domain;

  std::string path() const { return domain.empty() ? kPath : kPath + ("?domain=" + domain); }
};

int fail(const schema::Error& error, int code) {
  std::cerr << "pollux snapshot: " << error.text() << "\n";
  return code;
}

/// Prints what the server says.
int tell(const schema::Result<HttpReply>& reply) {
  if (!reply.ok()) return fail(reply.error(), kInputOutput);
  const bool done = reply->status == 200 || reply->status == 201;
  (done ? std::cout : std::cerr) << reply->body << std::endl;
  return done ? kOk : kFailed;
}

int create(const SnapshotArguments& arguments) {
  const auto client = HttpClient::create(arguments.at);
  if (!client.ok()) return fail(client.error(), kUsage);
  return tell((*client)->post(arguments.path(), "application/json", ""));
}

/// Of a data directory: each is read to its end and checked.
int list_directory(const std::string& data) {
  std::error_code ignored;  // what cannot be looked at is not there
  if (!std::filesystem::is_directory(data, ignored)) {
    return fail({schema::ErrorCode::not_found, "there is no such directory", data,
                 "name the directory given to `pollux serve --data`"},
                kDataDirectory);
  }
  const actors::SnapshotStore store(data);
  const auto all = store.list();
  if (!all.ok()) return fail(all.error(), kInputOutput);
  if (all->empty()) std::puts("there are no snapshots");
  bool all_whole = true;
  for (const actors::StoredSnapshot& each : *all) {
    const auto bytes = store.read(each);
    const auto view = bytes.ok() ? actors::read_snapshot(*bytes, each.path)
                                 : schema::Result<actors::SnapshotView>(bytes.error());
    if (view.ok()) {
      std::printf(
          "position %llu  clock %s  taken %s  %llu bytes  whole\n",
          static_cast<unsigned long long>(each.position), schema::format_rfc3339(view->info.clock).c_str(),
          schema::format_rfc3339(view->info.taken).c_str(), static_cast<unsigned long long>(each.bytes));
    } else {
      all_whole = false;
      std::printf("position %llu  %llu bytes  %s\n", static_cast<unsigned long long>(each.position),
                  static_cast<unsigned long long>(each.bytes), view.error().text().c_str());
    }
  }
  std::fflush(stdout);
  return all_whole ? kOk : kDataDirectory;
}

int list_directories(const SnapshotArguments& arguments) {
  const auto directories = data_directories(arguments.data, arguments.domain);
  if (!directories.ok()) {
    return fail(directories.error(),
                directories.error().code == schema::ErrorCode::invalid ? kUsage : kDataDirectory);
  }
  int worst = kOk;
  for (const DomainDirectory& each : *directories) {
    if (!each.domain.empty()) std::printf("domain %s\n", each.domain.c_str());
    worst = std::max(worst, list_directory(each.path));
  }
  return worst;
}

int list(const SnapshotArguments& arguments) {
  if (!arguments.data.empty()) return list_directories(arguments);
  const auto client = HttpClient::create(arguments.at);
  if (!client.ok()) return fail(client.error(), kUsage);
  return tell((*client)->get(arguments.path()));
}

}  // namespace

void add_snapshot(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<SnapshotArguments>();
  arguments->at = "http://127.0.0.1:8080";
  auto* verb =
      app.add_subcommand("snapshot", "Take snapshots, by which a server starts sooner, and list them");
  verb->require_subcommand(1);
  auto* making = verb->add_subcommand("create", "Let a running server take one now");
  making->add_option("--at", arguments->at, "The server, http://HOST:PORT")
      ->capture_default_str()
      ->envname("POLLUX_AT");
  making->add_option("--domain", arguments->domain, "Of several domains this one");
  making->callback([arguments, &exit_code] { exit_code = create(*arguments); });
  auto* listing = verb->add_subcommand("list", "Show which there are");
  listing->add_option("--at", arguments->at, "The server, http://HOST:PORT")
      ->capture_default_str()
      ->envname("POLLUX_AT");
  listing->add_option("--data", arguments->data, "A data directory instead; each snapshot is checked");
  listing->add_option("--domain", arguments->domain, "Of several domains this one");
  listing->callback([arguments, &exit_code] { exit_code = list(*arguments); });
}

}  // namespace pollux::server::cli
