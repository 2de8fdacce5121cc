#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {

kj::Promise<Reply> show_digest(const Request& request, Site& site, actors::Twin& twin) {
  if (auto known = request.target.expect_only({}); !known.ok()) return problem_of(known.error());
  return from_engine<actors::Digest>([&](auto done) { twin.digest(std::move(done)); })
      .then([&site](actors::Digest&& digest) {
        JsonBuffer buffer;
        JsonWriter json(buffer);
        json.StartObject();
        write_key(json, "digest");
        write_text(json, digest.hex);
        write_key(json, "position");
        json.Uint64(digest.position);
        write_key(json, "clock");
        write_time(json, digest.clock);
        write_key(json, "model_version");
        write_text(json, site.model->version());
        json.EndObject();
        return Reply{200, "application/json", text_of(buffer), {}};
      });
}

}  // namespace pollux::server::routes
