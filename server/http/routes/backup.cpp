#include <spdlog/spdlog.h>

#include <string>

#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

void write_backup(JsonWriter& json, const actors::BackupInfo& info) {
  write_key(json, "number");
  json.Uint(info.number);
  write_key(json, "taken");
  write_time(json, info.taken);
  write_key(json, "bytes");
  json.Uint64(info.bytes);
}

Reply render_backup(const schema::Model& model, const actors::PlantBackup& backup,
                    const std::string& directory) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_backup(json, backup.whole);
  write_key(json, "directory");
  write_text(json, directory);
  if (is_divided(model)) {
    write_key(json, "domains");
    json.StartArray();
    for (schema::DomainIndex d = 0; d < backup.domains.size(); ++d) {
      json.StartObject();
      write_domain(json, model, d);
      write_backup(json, backup.domains[d]);
      json.EndObject();
    }
    json.EndArray();
  }
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

}  // namespace

/// The place is the operator's choice when starting the server, never the client's.
kj::Promise<Reply> take_backup(const Request& request, Site& site, actors::Plant& plant) {
  if (auto known = request.target.expect_only({}); !known.ok()) return problem_of(known.error());
  if (site.backup_directory.empty()) {
    return problem(409, {"this server was started without a backup directory", "",
                         "start it with --backup-directory DIR", ""});
  }
  if (site.backing_up.exchange(true)) return problem(409, {"a backup is under way", "", "wait for it", ""});
  Reply busy = site.too_busy();
  return site.background
      .run<Reply>(
          [&site, &plant]() -> Reply {
            const auto taken = plant.back_up(site.backup_directory);
            if (!taken.ok()) {
              spdlog::error("a backup failed: {}", taken.error().text());
              return problem_of(taken.error());
            }
            spdlog::info("backup {} taken: {} bytes in {}", taken->whole.number, taken->whole.bytes,
                         site.backup_directory);
            return render_backup(*site.model, *taken, site.backup_directory);
          },
          std::move(busy))
      .attach(kj::defer([&site] { site.backing_up = false; }));
}

}  // namespace pollux::server::routes
