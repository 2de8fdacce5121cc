#include <sodium/crypto_generichash.h>

#include <array>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>

#include "server/http/as_of.h"
#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

/// Entities a digest of the past may look at: some 20 microseconds an attribute.
constexpr std::size_t kPastEntitiesMax = 50'000;

void write_digest(JsonWriter& json, const std::string& hex) {
  write_key(json, "digest");
  write_text(json, hex);
}

void write_version(JsonWriter& json, const schema::Model& model) {
  write_key(json, "model_version");
  write_text(json, model.version());
}

/// Each domain's own, where there are several.
void write_domains(JsonWriter& json, const schema::Model& model, const std::vector<actors::Digest>& all) {
  if (!is_divided(model)) return;
  write_key(json, "domains");
  json.StartArray();
  for (schema::DomainIndex d = 0; d < all.size(); ++d) {
    json.StartObject();
    write_domain(json, model, d);
    write_digest(json, all[d].hex);
    write_key(json, "position");
    json.Uint64(all[d].position);
    write_key(json, "clock");
    write_time(json, all[d].clock);
    json.EndObject();
  }
  json.EndArray();
}

Reply render_digest(const actors::Plant& plant, const actors::Plant::Digest& digest) {
  Positions positions;
  std::vector<schema::EventTime> clocks;
  for (const actors::Digest& each : digest.domains) {
    positions.push_back(each.position);
    clocks.push_back(each.clock);
  }
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_digest(json, digest.hex);
  write_settled(json, plant.model(), plant.domains(), positions, clocks);
  write_domains(json, plant.model(), digest.domains);
  write_version(json, plant.model());
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

/// BLAKE2b-128 over every entity as JSON, in the model's order.
std::string hash_of(const schema::Model& model, const actors::PlantView& view) {
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

Reply render_past(const actors::Plant& plant, const AsOf& as_of, actors::PlantView present) {
  const schema::Model& model = plant.model();
  const auto domains = plant.domains();
  const auto past = past_view(plant, as_of, domains, std::move(present));
  if (!past.ok()) return past_problem(past.error());
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "at");
  write_time(json, past->earliest(domains));
  write_digest(json, hash_of(model, past->view));
  write_settled(json, model, domains, past->view.positions, past->view.clocks);
  write_version(json, model);
  write_key(json, "of");
  write_text(json, "history");
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

kj::Promise<Reply> digest_of_the_past(Site& site, actors::Plant& plant, const AsOf& as_of) {
  if (site.model->entity_count() > kPastEntitiesMax) {
    return problem(422, {"a digest of the past looks at every entity: this twin has " +
                             std::to_string(site.model->entity_count()) + ", and at most " +
                             std::to_string(kPastEntitiesMax) + " are looked at",
                         "at", "replay the journal up to that position instead", ""});
  }
  std::vector<schema::EntityIndex> all(site.model->entity_count());
  std::iota(all.begin(), all.end(), 0);
  return from_engine<actors::PlantView>([&](auto done) { plant.read(std::move(all), std::move(done)); })
      .then([&site, &plant, as_of](actors::PlantView&& view) {
        auto held = std::make_shared<actors::PlantView>(std::move(view));
        return site.background.run<Reply>(
            [&plant, as_of, held] { return render_past(plant, as_of, std::move(*held)); }, site.too_busy());
      });
}

}  // namespace

kj::Promise<Reply> show_digest(const Request& request, Site& site, actors::Plant& plant) {
  if (auto known = request.target.expect_only({"at", "as_known_at"}); !known.ok()) {
    return problem_of(known.error());
  }
  const auto as_of = parse_as_of(request.target, *site.model);
  if (!as_of.ok()) return problem_of(as_of.error());
  if (as_of->asked()) return digest_of_the_past(site, plant, *as_of);
  return from_engine<actors::Plant::Digest>([&](auto done) { plant.digest(std::move(done)); })
      .then([&plant](actors::Plant::Digest&& digest) { return render_digest(plant, digest); });
}

}  // namespace pollux::server::routes
