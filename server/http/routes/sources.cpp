#include <algorithm>

#include "schema/time.h"
#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

constexpr std::size_t kRangesShown = 10;

void write_count(JsonWriter& json, const char* key, const actors::Counter& counter) {
  write_key(json, key);
  json.Uint64(counter.value());
}

void write_count(JsonWriter& json, const char* key, const actors::Gauge& gauge) {
  write_key(json, key);
  json.Uint64(static_cast<std::uint64_t>(gauge.value()));
}

/// Null for a source that numbers no events, or whose numbers are not followed.
void write_sequence(JsonWriter& json, const actors::SourceProbe& probe,
                    const std::vector<actors::SequenceLog::Range>& missing) {
  write_key(json, "sequence");
  if (probe.sequence_highest.value() == 0) {
    json.Null();
    return;
  }
  json.StartObject();
  write_count(json, "highest", probe.sequence_highest);
  write_count(json, "missing", probe.sequence_missing);
  write_count(json, "gaps", probe.sequence_gaps);
  write_count(json, "lost", probe.sequence_lost);
  write_count(json, "restarts", probe.sequence_restarts);
  write_key(json, "missing_ranges");
  json.StartArray();
  for (std::size_t i = 0; i < std::min(missing.size(), kRangesShown); ++i) {
    json.StartArray();
    json.Uint64(missing[i].first);
    json.Uint64(missing[i].last);
    json.EndArray();
  }
  json.EndArray();
  json.EndObject();
}

void write_source(JsonWriter& json, const schema::Model& model, schema::DomainIndex domain,
                  const schema::Source& source, const actors::SourceProbe& probe,
                  const std::vector<actors::SequenceLog::Range>& missing, schema::EventTime clock) {
  constexpr double kNanosecond = 1e-9;
  const schema::EventTime newest = probe.newest_time_ns.value();
  json.StartObject();
  write_key(json, "source");
  write_text(json, source.name);
  write_domain(json, model, domain);
  write_key(json, "allowed_lateness");
  write_text(json, schema::format_duration(source.allowed_lateness));
  write_key(json, "clock_tolerance");
  write_text(json, schema::format_duration(source.clock_tolerance));
  write_key(json, "watermark");
  write_time(json, clock == schema::kBeginning ? clock : schema::before(clock, source.allowed_lateness));
  write_key(json, "silent_since");
  write_time(json, newest);
  write_key(json, "lag_seconds");
  if (newest == schema::kBeginning || clock == schema::kBeginning) {
    json.Null();
  } else {
    write_number(json, static_cast<double>(std::max<schema::EventTime>(clock - newest, 0)) * kNanosecond);
  }
  write_count(json, "accepted", probe.accepted);
  write_count(json, "duplicates", probe.duplicates);
  write_count(json, "too_late", probe.too_late);
  write_count(json, "from_the_future", probe.from_the_future);
  write_count(json, "poison", probe.poison);
  write_count(json, "refused", probe.refused);
  write_sequence(json, probe, missing);
  json.EndObject();
}

struct SourceOfDomain {
  schema::DomainIndex domain;
  schema::SourceIndex index;
};

/// By name, those of one source in each domain that has it: a domain has a clock of its own, and follows the
/// numbers of what is sent to it, so what they say does not add up to one row.
std::vector<SourceOfDomain> sources_of(const actors::Plant& plant, Domains domains) {
  std::vector<SourceOfDomain> all;
  const auto name_of = [&](const SourceOfDomain& each) -> const std::string& {
    return plant.domain(each.domain).model().sources()[each.index].name;
  };
  for (const schema::DomainIndex d : domains) {
    for (std::size_t i = 0; i < plant.domain(d).model().sources().size(); ++i)
      all.push_back({d, static_cast<schema::SourceIndex>(i)});
  }
  if (domains.size() > 1) std::ranges::stable_sort(all, {}, name_of);
  return all;
}

}  // namespace

kj::Promise<Reply> list_sources(const Request& request, Site& site, actors::Plant& plant) {
  if (auto known = request.target.expect_only({"domain"}); !known.ok()) return problem_of(known.error());
  const auto domain = parse_domain(request.target, *site.model);
  if (!domain.ok()) return problem_of(domain.error());
  const auto domains = domains_of(*site.model, *domain);
  schema::EventTime clock = schema::kNever;
  for (const schema::DomainIndex d : domains) clock = std::min(clock, plant.domain(d).clock());
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "clock");
  write_time(json, clock);
  write_key(json, "sources");
  json.StartArray();
  for (const SourceOfDomain& each : sources_of(plant, domains)) {
    const actors::Twin& twin = plant.domain(each.domain);
    write_source(json, *site.model, each.domain, twin.model().sources()[each.index],
                 twin.probe().sources[each.index], twin.sources().missing(each.index), twin.clock());
  }
  json.EndArray();
  json.EndObject();
  return Reply{200, "application/json", text_of(buffer), {}};
}

}  // namespace pollux::server::routes
