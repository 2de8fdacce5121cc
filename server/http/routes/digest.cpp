#include <sodium/crypto_generichash.h>

#include <array>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>

#include "server/http/as_of.h"
#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

/// Entities a digest of the past may look at: some 20 microseconds an attribute.
constexpr std::size_t kPastEntitiesMax = 50'000;

void write_members(JsonWriter& json, const std::string& hex, schema::Position position,
                   schema::EventTime clock, const schema::Model& model) {
  write_key(json, "digest");
  write_text(json, hex);
  write_key(json, "position");
  json.Uint64(position);
  write_key(json, "clock");
  write_time(json, clock);
  write_key(json, "model_version");
  write_text(json, model.version());
}

Reply render_digest(const schema::Model& model, const actors::Digest& digest) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_members(json, digest.hex, digest.position, digest.clock, model);
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

/// BLAKE2b-128 over every entity as JSON, in the model's order.
std::string hash_of(const schema::Model& model, const actors::StateView& view) {
  crypto_generichash_state state;
  std::array<unsigned char, 16> hash{};
  crypto_generichash_init(&state, nullptr, 0, hash.size());
  JsonBuffer buffer;
  for (const auto& entity : view.entities) {
    buffer.Clear();
    JsonWriter json(buffer);
    write_entity(json, model, entity, 0);
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(buffer.GetString()),
                              buffer.GetSize());
  }
  crypto_generichash_final(&state, hash.data(), hash.size());
  std::string hex;
  for (const unsigned char byte : hash) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

Reply render_past(const schema::Model& model, const actors::Twin& twin, const AsOf& as_of,
                  actors::StateView present) {
  const auto past = past_view(twin, as_of, std::move(present));
  if (!past.ok()) return past_problem(past.error());
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "at");
  write_time(json, past->at);
  write_members(json, hash_of(model, past->view), past->view.position, past->view.clock, model);
  write_key(json, "of");
  write_text(json, "history");
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

kj::Promise<Reply> digest_of_the_past(Site& site, actors::Twin& twin, const AsOf& as_of) {
  if (site.model->entity_count() > kPastEntitiesMax) {
    return problem(422, {"a digest of the past looks at every entity: this twin has " +
                             std::to_string(site.model->entity_count()) + ", and at most " +
                             std::to_string(kPastEntitiesMax) + " are looked at",
                         "at", "replay the journal up to that position instead", ""});
  }
  std::vector<schema::EntityIndex> all(site.model->entity_count());
  std::iota(all.begin(), all.end(), 0);
  return from_engine<actors::StateView>([&](auto done) { twin.read(std::move(all), std::move(done)); })
      .then([&site, &twin, as_of](actors::StateView&& view) {
        auto held = std::make_shared<actors::StateView>(std::move(view));
        return site.background.run<Reply>(
            [&site, &twin, as_of, held] { return render_past(*site.model, twin, as_of, std::move(*held)); },
            site.too_busy());
      });
}

}  // namespace

kj::Promise<Reply> show_digest(const Request& request, Site& site, actors::Twin& twin) {
  if (auto known = request.target.expect_only({"at", "as_known_at"}); !known.ok()) {
    return problem_of(known.error());
  }
  const auto as_of = parse_as_of(request.target);
  if (!as_of.ok()) return problem_of(as_of.error());
  if (as_of->asked()) return digest_of_the_past(site, twin, *as_of);
  return from_engine<actors::Digest>([&](auto done) { twin.digest(std::move(done)); })
      .then([&site](actors::Digest&& digest) { return render_digest(*site.model, digest); });
}

}  // namespace pollux::server::routes
