#include <simdjson.h>

#include <charconv>
#include <string>
#include <vector>

#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

using Numbers = std::vector<std::uint64_t>;
using Outcome = actors::QuarantineVerdict::Outcome;
using schema::Error;
using schema::ErrorCode;
using schema::Result;

Error not_numbers(std::string what) {
  return {ErrorCode::invalid, std::move(what), "body",
          R"(send {"numbers": [1, 2]}, the numbers as in GET /v1/quarantine, at most )" +
              std::to_string(actors::Twin::kDecisionsMax)};
}

Result<Numbers> read_numbers(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array array;
  if (parser.parse(body).get(root) != simdjson::SUCCESS) return not_numbers("the body is not JSON");
  if (root["numbers"].get_array().get(array) != simdjson::SUCCESS)
    return not_numbers("the body has no array `numbers`");
  Numbers numbers;
  for (const simdjson::dom::element each : array) {
    std::uint64_t number = 0;
    if (each.get_uint64().get(number) != simdjson::SUCCESS)
      return not_numbers("one of the numbers is not a whole number");
    numbers.push_back(number);
  }
  if (numbers.empty()) return not_numbers("there is no number");
  if (numbers.size() > actors::Twin::kDecisionsMax)
    return not_numbers("there are " + std::to_string(numbers.size()) + " numbers");
  return numbers;
}

Result<Numbers> read_number(std::string_view segment) {
  std::uint64_t number = 0;
  const char* end = segment.data() + segment.size();
  const auto [last, fault] = std::from_chars(segment.data(), end, number);
  if (fault == std::errc{} && last == end) return Numbers{number};
  return Error{ErrorCode::invalid, "`" + std::string(segment) + "` is not the number of a quarantined event",
               "path", "take it from GET /v1/quarantine"};
}

void write_verdict(JsonWriter& json, const actors::QuarantineVerdict& verdict) {
  json.StartObject();
  write_key(json, "number");
  json.Uint64(verdict.number);
  write_key(json, "outcome");
  write_text(json, actors::name_of(verdict.outcome));
  if (verdict.position != 0) {
    write_key(json, "position");
    json.Uint64(verdict.position);
  }
  if (!verdict.why.empty()) {
    write_key(json, "why");
    write_text(json, verdict.why);
  }
  json.EndObject();
}

Reply render_one(const actors::QuarantineVerdict& verdict) {
  const std::string number = std::to_string(verdict.number);
  if (verdict.outcome == Outcome::unknown) {
    return problem(404, {"no event in quarantine has number " + number, "path",
                         "GET /v1/quarantine lists them; decisions of long ago are forgotten", ""});
  }
  if (verdict.outcome == Outcome::refused) {
    return problem(409, {"the decision on event " + number + " was not carried out: " + verdict.why, "path",
                         "it stays as it is", ""});
  }
  JsonBuffer buffer;
  JsonWriter json(buffer);
  write_verdict(json, verdict);
  return {200, "application/json", text_of(buffer), {}};
}

Reply render_all(const actors::Receipt& receipt) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "position");
  json.Uint64(receipt.position);
  write_key(json, "decisions");
  json.StartArray();
  for (const actors::QuarantineVerdict& verdict : receipt.verdicts) write_verdict(json, verdict);
  json.EndArray();
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

}  // namespace

kj::Promise<Reply> decide_quarantine(const Request& request, Site&, actors::Twin& twin) {
  if (auto known = request.target.expect_only({}); !known.ok()) return problem_of(known.error());
  const RouteId route = request.match.route;
  const bool one = route == RouteId::quarantine_admit_one || route == RouteId::quarantine_discard_one;
  const bool admits = route == RouteId::quarantine_admit_one || route == RouteId::quarantine_admit;
  auto numbers = one ? read_number(request.argument(0)) : read_numbers(request.body);
  if (!numbers.ok()) return problem_of(numbers.error());
  using Answer = Result<actors::Receipt>;
  return from_engine<Answer>([&](auto done) {
           if (admits) {
             twin.admit(std::move(*numbers), std::move(done));
           } else {
             twin.discard(std::move(*numbers), std::move(done));
           }
         })
      .then([one](Answer&& answer) {
        if (!answer.ok()) return problem_of(answer.error());
        return one ? render_one(answer->verdicts.front()) : render_all(*answer);
      });
}

}  // namespace pollux::server::routes
