#include <algorithm>

#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

constexpr std::string_view kSingle = "application/cloudevents+json";
constexpr std::string_view kBatch = "application/cloudevents-batch+json";
constexpr std::string_view kEither = "application/json";

/// The media type without its parameters, in lower case.
std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

kj::Maybe<Reply> refuse_encoding(const Request& request) {
  if (request.content_encoding.empty() || request.content_encoding == "identity") return nullptr;
  return problem(415, {"the body is encoded as `" + request.content_encoding + "`", "Content-Encoding",
                       "send it as it is", ""});
}

/// A media type that promises one event, or a batch, must keep the promise.
kj::Maybe<Reply> refuse_other_form(const std::string& type, const std::string& body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return nullptr;
  if (type == kSingle && body[first] == '[') {
    return problem(400, {"the body is an array, but its media type promises a single event",
                         "byte " + std::to_string(first), "send it as " + std::string(kBatch), ""});
  }
  if (type == kBatch && body[first] == '{') {
    return problem(400, {"the body is one object, but its media type promises an array of events",
                         "byte " + std::to_string(first), "send it as " + std::string(kSingle), ""});
  }
  return nullptr;
}

/// Of the domains whose events these were; of none, where no event was of any.
std::vector<schema::DomainIndex> concerned(const actors::PlantReceipt& receipt) {
  std::vector<schema::DomainIndex> domains;
  for (schema::DomainIndex d = 0; d < receipt.positions.size(); ++d) {
    if (receipt.positions[d] != 0) domains.push_back(d);
  }
  return domains;
}

Reply render_receipt(const schema::Model& model, const actors::PlantReceipt& receipt) {
  std::size_t accepted = 0;
  std::size_t duplicates = 0;
  std::size_t refused = 0;
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "position");
  write_positions(json, model, concerned(receipt), receipt.positions);
  write_key(json, "outcomes");
  json.StartArray();
  for (const actors::EventOutcome outcome : receipt.outcomes) {
    accepted += outcome == actors::EventOutcome::accepted ? 1 : 0;
    duplicates += outcome == actors::EventOutcome::duplicate ? 1 : 0;
    refused += outcome == actors::EventOutcome::refused ? 1 : 0;
    write_text(json, actors::name_of(outcome));
  }
  json.EndArray();
  write_key(json, "accepted");
  json.Uint64(accepted);
  write_key(json, "duplicates");
  json.Uint64(duplicates);
  write_key(json, "quarantined");
  json.Uint64(receipt.outcomes.size() - accepted - duplicates - refused);
  write_key(json, "refused");
  json.Uint64(refused);
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

}  // namespace

kj::Maybe<Reply> refuse_other_than_json(const Request& request) {
  KJ_IF_MAYBE (refusal, refuse_encoding(request)) {
    return kj::mv(*refusal);
  }
  if (request.content_type.empty() || media_type(request.content_type) == kEither) return nullptr;
  return problem(415, {"`" + request.content_type + "` is not taken here", "Content-Type",
                       "send " + std::string(kEither), ""});
}

kj::Maybe<Reply> refuse_media_type(const Request& request) {
  KJ_IF_MAYBE (refusal, refuse_encoding(request)) {
    return kj::mv(*refusal);
  }
  const std::string type = media_type(request.content_type);
  if (type == kSingle || type == kBatch || type == kEither) return nullptr;
  return problem(
      415, {request.content_type.empty() ? "the media type of the body is not given"
                                         : "`" + request.content_type + "` is not taken here",
            "Content-Type",
            "send " + std::string(kSingle) + ", " + std::string(kBatch) + " or " + std::string(kEither), ""});
}

kj::Promise<Reply> post_events(const Request& request, Site& site, actors::Plant& plant) {
  if (auto known = request.target.expect_only({}); !known.ok()) return problem_of(known.error());
  KJ_IF_MAYBE (refusal, refuse_other_form(media_type(request.content_type), request.body)) {
    return kj::mv(*refusal);
  }
  schema::ParsedEvents parsed = site.parser.parse(request.body);
  if (!parsed.problems.empty()) return problem_of(parsed.problems);
  using Answer = schema::Result<actors::PlantReceipt>;
  return from_engine<Answer>([&](auto done) { plant.submit(std::move(parsed.batch), std::move(done)); })
      .then([&site](Answer&& answer) {
        return answer.ok() ? render_receipt(*site.model, *answer) : problem_of(answer.error());
      });
}

}  // namespace pollux::server::routes
