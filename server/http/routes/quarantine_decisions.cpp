#include <simdjson.h>

#include <optional>
#include <string>
#include <vector>

#include "actors/plant/gather.h"
#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

using Numbers = std::vector<NumberIn>;
using Outcome = actors::QuarantineVerdict::Outcome;
using schema::Error;
using schema::ErrorCode;
using schema::Result;

std::string example_of(const schema::Model& model, const char* number) {
  return is_divided(model) ? "\"" + model.domain_name(0) + ":" + number + "\"" : number;
}

Error not_numbers(std::string what, const schema::Model& model) {
  return {ErrorCode::invalid, std::move(what), "body",
          R"(send {"numbers": [)" + example_of(model, "1") + ", " + example_of(model, "2") +
              "]}, the numbers as in GET /v1/quarantine, at most " +
              std::to_string(actors::Twin::kDecisionsMax)};
}

std::optional<NumberIn> read_number(simdjson::dom::element each, const schema::Model& model) {
  std::uint64_t number = 0;
  if (!is_divided(model) && each.get_uint64().get(number) == simdjson::SUCCESS) return NumberIn{0, number};
  std::string_view text;
  if (!is_divided(model) || each.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return parse_number_in(text, model);
}

Result<Numbers> read_numbers(const std::string& body, const schema::Model& model) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array array;
  if (parser.parse(body).get(root) != simdjson::SUCCESS) return not_numbers("the body is not JSON", model);
  if (root["numbers"].get_array().get(array) != simdjson::SUCCESS)
    return not_numbers("the body has no array `numbers`", model);
  Numbers numbers;
  for (const simdjson::dom::element each : array) {
    const auto number = read_number(each, model);
    if (!number) {
      return not_numbers(is_divided(model) ? "one of the numbers is not a domain and a number in it"
                                           : "one of the numbers is not a whole number",
                         model);
    }
    numbers.push_back(*number);
  }
  if (numbers.empty()) return not_numbers("there is no number", model);
  if (numbers.size() > actors::Twin::kDecisionsMax)
    return not_numbers("there are " + std::to_string(numbers.size()) + " numbers", model);
  return numbers;
}

Result<Numbers> read_segment(std::string_view segment, const schema::Model& model) {
  if (const auto number = parse_number_in(segment, model)) return Numbers{*number};
  return Error{ErrorCode::invalid,
               "`" + std::string(segment) + "` is not the number of a quarantined event" +
                   (is_divided(model) ? ", such as " + model.domain_name(0) + ":12" : ""),
               "path", "take it from GET /v1/quarantine"};
}

/// What was decided, with the domain each number lies in.
struct Decided {
  Positions positions;                              // by domain; 0 where nothing was decided
  std::vector<schema::DomainIndex> domains;         // of each verdict
  std::vector<actors::QuarantineVerdict> verdicts;  // in the order asked for
};

void write_verdict(JsonWriter& json, const schema::Model& model, schema::DomainIndex domain,
                   const actors::QuarantineVerdict& verdict) {
  json.StartObject();
  write_key(json, "number");
  write_number_in(json, model, domain, verdict.number);
  write_domain(json, model, domain);
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

Reply render_one(const schema::Model& model, const Decided& decided) {
  const actors::QuarantineVerdict& verdict = decided.verdicts.front();
  const std::string number = (is_divided(model) ? model.domain_name(decided.domains.front()) + ":" : "") +
                             std::to_string(verdict.number);
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
  write_verdict(json, model, decided.domains.front(), verdict);
  return {200, "application/json", text_of(buffer), {}};
}

Reply render_all(const schema::Model& model, const Decided& decided) {
  std::vector<schema::DomainIndex> concerned;
  for (schema::DomainIndex d = 0; d < decided.positions.size(); ++d) {
    if (decided.positions[d] != 0) concerned.push_back(d);
  }
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "position");
  write_positions(json, model, concerned, decided.positions);
  write_key(json, "decisions");
  json.StartArray();
  for (std::size_t i = 0; i < decided.verdicts.size(); ++i) {
    write_verdict(json, model, decided.domains[i], decided.verdicts[i]);
  }
  json.EndArray();
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

/// Brings the verdicts of each domain back into the order asked for.
Result<Decided> together(const actors::Plant& plant, const Numbers& numbers, Domains asked,
                         std::vector<Result<actors::Receipt>> answers) {
  Decided all;
  all.positions.resize(plant.domain_count());
  std::vector<std::size_t> place(plant.domain_count());  // among `asked`
  std::vector<std::size_t> next(plant.domain_count());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!answers[i].ok()) return answers[i].error();
    all.positions[asked[i]] = answers[i]->position;
    place[asked[i]] = i;
  }
  for (const NumberIn& each : numbers) {
    all.domains.push_back(each.domain);
    all.verdicts.push_back(std::move(answers[place[each.domain]]->verdicts[next[each.domain]++]));
  }
  return all;
}

}  // namespace

kj::Promise<Reply> decide_quarantine(const Request& request, Site& site, actors::Plant& plant) {
  if (auto known = request.target.expect_only({}); !known.ok()) return problem_of(known.error());
  const schema::Model& model = *site.model;
  const RouteId route = request.match.route;
  const bool one = route == RouteId::quarantine_admit_one || route == RouteId::quarantine_discard_one;
  const bool admits = route == RouteId::quarantine_admit_one || route == RouteId::quarantine_admit;
  auto numbers = one ? read_segment(request.argument(0), model) : read_numbers(request.body, model);
  if (!numbers.ok()) return problem_of(numbers.error());
  std::vector<std::vector<std::uint64_t>> by_domain(plant.domain_count());
  for (const NumberIn& each : *numbers) by_domain[each.domain].push_back(each.number);
  std::vector<schema::DomainIndex> asked = plant.domains();
  std::erase_if(asked, [&](schema::DomainIndex d) { return by_domain[d].empty(); });
  using Answer = Result<actors::Receipt>;
  using Answers = std::vector<Answer>;
  return from_engine<Answers>([&](auto done) {
           actors::gather<Answer>(
               asked,
               [&](schema::DomainIndex d, auto answer) {
                 if (admits) {
                   plant.domain(d).admit(std::move(by_domain[d]), std::move(answer));
                 } else {
                   plant.domain(d).discard(std::move(by_domain[d]), std::move(answer));
                 }
               },
               done);
         })
      .then([one, asked, numbers = *numbers, &plant](Answers&& answers) {
        const auto decided = together(plant, numbers, asked, std::move(answers));
        if (!decided.ok()) return problem_of(decided.error());
        return one ? render_one(plant.model(), *decided) : render_all(plant.model(), *decided);
      });
}

}  // namespace pollux::server::routes
