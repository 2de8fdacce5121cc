#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/as_of.h"
#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

using schema::Error;
using schema::ErrorCode;
using schema::EventTime;
using schema::Result;

constexpr std::uint64_t kLimitDefault = 1'000;
constexpr std::uint64_t kLimitMax = 10'000;
constexpr std::size_t kEntriesAStep = 16'384;
constexpr std::array<std::string_view, 5> kAggregates = {"min", "max", "mean", "last", "first"};

/// A range as asked for. Owns everything: it outlives the request.
struct Wanted {
  actors::Series series;  ///< In the undivided model.
  DomainAsOf as_of;
  std::optional<EventTime> from;
  std::optional<EventTime> to;
  std::uint64_t limit = kLimitDefault;
  schema::Duration bucket = 0;  ///< 0: every version.
  std::vector<std::string> aggregates;
};

/// A cursor holds what was known when the first page was made, so that all pages tell the same story.
Result<void> take_cursor(std::string_view cursor, Wanted& wanted) {
  const std::size_t split = cursor.find('~');
  schema::Position known = 0;
  EventTime from = 0;
  const auto parse = [](std::string_view text, auto& number) {
    const auto [last, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    return fault == std::errc{} && last == text.data() + text.size();
  };
  if (split == std::string_view::npos || !parse(cursor.substr(0, split), known) ||
      !parse(cursor.substr(split + 1), from)) {
    return Error{ErrorCode::invalid, "the cursor is not one this server gave", "cursor",
                 "start again without a cursor"};
  }
  wanted.as_of.known = known;
  wanted.as_of.known_clock.reset();
  wanted.from = from;
  return {};
}

Result<void> take_bucket(const Target& target, const schema::Attribute& attribute, Wanted& wanted) {
  const auto bucket = target.parameter("bucket");
  if (!bucket) {
    if (!target.parameter("aggregate")) return {};
    return Error{ErrorCode::invalid, "`aggregate` needs a `bucket`", "aggregate", "add bucket=1min"};
  }
  const auto width = schema::parse_duration(*bucket);
  if (!width.ok()) return Error{ErrorCode::invalid, width.error().message, "bucket", "give 1s, 5min, 1h, 1d"};
  if (*width == 0) return Error{ErrorCode::invalid, "a bucket cannot be empty", "bucket", ""};
  wanted.bucket = *width;
  std::string_view list = target.parameter("aggregate").value_or("");
  const bool is_number = attribute.spec.type == schema::ValueType::number;
  if (list.empty()) list = is_number ? "min,max,mean,last,first" : "last,first";
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string name(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (std::ranges::find(kAggregates, name) == kAggregates.end()) {
      return Error{ErrorCode::invalid, "there is no aggregate `" + name + "`", "aggregate",
                   "min, max, mean, last, first"};
    }
    if (!is_number && name != "last" && name != "first") {
      return Error{ErrorCode::invalid, "`" + attribute.name + "` is not a number: it has no " + name,
                   "aggregate", "ask for last and first"};
    }
    wanted.aggregates.push_back(name);
  }
  return {};
}

Result<Wanted> parse_wanted(const Target& target, const schema::Attribute& attribute,
                            const actors::Series& series, const schema::Model& model) {
  auto known = target.expect_only({"from", "to", "as_known_at", "limit", "cursor", "bucket", "aggregate"});
  if (!known.ok()) return known.error();
  const auto all = parse_as_of(target, model);
  if (!all.ok()) return all.error();
  const auto as_of = all->in(model, model.domain_of(series.entity));
  if (!as_of.ok()) return as_of.error();
  Wanted wanted{series, *as_of, {}, {}, 0, 0, {}};
  for (auto [name, bound] : {std::pair{"from", &wanted.from}, std::pair{"to", &wanted.to}}) {
    if (!target.parameter(name)) continue;
    auto time = target.time(name, 0);
    if (!time.ok()) return time.error();
    *bound = *time;
  }
  auto limit = target.number("limit", kLimitDefault, 1, kLimitMax);
  if (!limit.ok()) return limit.error();
  wanted.limit = *limit;
  if (auto taken = take_bucket(target, attribute, wanted); !taken.ok()) return taken.error();
  if (const auto cursor = target.parameter("cursor")) {
    if (auto taken = take_cursor(*cursor, wanted); !taken.ok()) return taken.error();
  }
  if (wanted.bucket > 0 && !wanted.from) {
    return Error{ErrorCode::invalid, "buckets need a beginning", "from", "add from=2026-11-22T07:00:00Z"};
  }
  return wanted;
}

void write_plain(JsonWriter& json, const schema::Model& model, const schema::Value& value) {
  write_key(json, "value");
  write_value(json, model, value);
  write_key(json, "quality");
  write_text(json, schema::name_of(value.quality));
  if (value.reason == schema::Reason::none) return;
  write_key(json, "reason");
  write_text(json, schema::name_of(value.reason));
}

void write_bucket(JsonWriter& json, const schema::Model& model, const Wanted& wanted,
                  const actors::Bucket& bucket) {
  json.StartObject();
  write_key(json, "from");
  write_time(json, bucket.from);
  write_key(json, "to");
  write_time(json, bucket.to);
  for (const std::string& name : wanted.aggregates) {
    write_key(json, name);
    if (name == "first" || name == "last") {
      write_value(json, model, name == "first" ? bucket.first : bucket.last);
    } else if (bucket.usable == 0) {
      json.Null();
    } else {
      write_number(json, name == "min" ? bucket.min : name == "max" ? bucket.max : bucket.mean);
    }
  }
  write_key(json, "quality");
  write_text(json, schema::name_of(bucket.worst));
  write_key(json, "coverage");
  write_number(json, static_cast<double>(bucket.usable) / static_cast<double>(bucket.to - bucket.from));
  json.EndObject();
}

void write_head(JsonWriter& json, const schema::Model& model, const Wanted& wanted,
                const ResolvedAsOf& resolved) {
  const schema::Attribute& attribute =
      model.type_of(wanted.series.entity).attributes[wanted.series.attribute];
  write_key(json, "entity");
  write_text(json, model.id(wanted.series.entity));
  write_key(json, "attribute");
  write_text(json, attribute.name);
  write_key(json, "unit");
  write_text_or_null(json, attribute.spec.unit.text);
  write_domain(json, model, model.domain_of(wanted.series.entity));
  write_key(json, "as_known_at");
  json.Uint64(resolved.moment.known);
  write_key(json, "clock");
  write_time(json, resolved.clock);
}

void write_cursor(JsonWriter& json, schema::Position known, std::optional<EventTime> next) {
  write_key(json, "next_cursor");
  if (next) {
    write_text(json, std::to_string(known) + "~" + std::to_string(*next));
  } else {
    json.Null();
  }
}

/// Where the history of it lies.
struct Place {
  const actors::History& history;
  actors::Series series;  ///< In the model of its domain.
};

struct Range {
  EventTime from;
  EventTime to;
};

Result<std::optional<EventTime>> write_versions(JsonWriter& json, const schema::Model& model,
                                                const Place& place, const Wanted& wanted, const Range& range,
                                                schema::Position known, const schema::Value& initial) {
  // One version more than wanted tells where the next page begins.
  std::vector<actors::Version> versions;
  EventTime next = range.from;
  for (std::size_t looked_at = 0; next < range.to && versions.size() <= wanted.limit;) {
    if (looked_at >= actors::kEntriesPerAnswerMax) break;
    const auto page =
        actors::versions_between(place.history, place.series, next, range.to, known, initial, kEntriesAStep);
    if (!page.ok()) return page.error();
    for (const actors::Version& version : page->versions) {
      if (versions.empty() || versions.back().value != version.value) versions.push_back(version);
    }
    looked_at += kEntriesAStep;
    next = page->to;
  }
  if (versions.size() > wanted.limit) {
    next = versions[wanted.limit].from;
    versions.resize(wanted.limit);
  }
  write_key(json, "versions");
  json.StartArray();
  for (const actors::Version& version : versions) {
    json.StartObject();
    write_key(json, "from");
    write_time(json, version.from);
    write_plain(json, model, version.value);
    json.EndObject();
  }
  json.EndArray();
  return next < range.to ? std::optional(next) : std::nullopt;
}

Result<std::optional<EventTime>> write_buckets(JsonWriter& json, const schema::Model& model,
                                               const Place& place, const Wanted& wanted, const Range& range,
                                               schema::Position known, const schema::Value& initial) {
  const auto page = actors::buckets_between(place.history, place.series, range.from, range.to, known, initial,
                                            wanted.bucket, wanted.limit);
  if (!page.ok()) return page.error();
  write_key(json, "buckets");
  json.StartArray();
  for (const actors::Bucket& bucket : page->buckets) write_bucket(json, model, wanted, bucket);
  json.EndArray();
  return page->to < range.to ? std::optional(page->to) : std::nullopt;
}

Reply render_range(const actors::Plant& plant, const Wanted& wanted, const schema::Value& initial) {
  const schema::Model& model = plant.model();
  const auto& place = plant.place(wanted.series.entity);
  const actors::Twin& twin = plant.domain(place.domain);
  const auto resolved = resolve(wanted.as_of, twin);
  if (!resolved.ok()) return past_problem(resolved.error());
  const actors::HistoryBounds bounds = twin.history()->bounds();
  // Just behind the clock: what holds there is the last that is said.
  const Range range{wanted.from.value_or(bounds.dropped_clock),
                    wanted.to.value_or(schema::after(resolved->clock, 1))};
  if (range.from >= range.to) {
    return problem(400, {"the range ends before it begins", "from", "", ""});
  }
  if (auto kept = actors::check_kept(bounds, {range.from, resolved->moment.known}); !kept.ok()) {
    return past_problem(kept.error());
  }
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_head(json, model, wanted, *resolved);
  write_key(json, "to");
  write_time(json, range.to);
  const auto write = wanted.bucket > 0 ? write_buckets : write_versions;
  const auto next = write(json, model, {*twin.history(), {place.entity, wanted.series.attribute}}, wanted,
                          range, resolved->moment.known, initial);
  if (!next.ok()) return past_problem(next.error());
  write_cursor(json, resolved->moment.known, *next);
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

}  // namespace

kj::Promise<Reply> show_history(const Request& request, Site& site, actors::Plant& plant) {
  const schema::Model& model = *site.model;
  const schema::EntityIndex entity = model.find_entity(request.argument(0));
  if (entity == schema::kNone) return unknown_entity(model, request.argument(0));
  const schema::EntityType& type = model.type_of(entity);
  const schema::AttributeSlot slot = type.find_attribute(request.argument(1));
  if (slot == schema::kNoSlot || type.attributes[slot].role == schema::Role::memory) {
    return unknown_attribute(model, entity, request.argument(1));
  }
  auto wanted = parse_wanted(request.target, type.attributes[slot], {entity, slot}, model);
  if (!wanted.ok()) return problem_of(wanted.error());
  // The present value stands for that of an attribute that never changed; read first, so that it has not.
  return from_engine<actors::Plant::Values>([&](auto done) { plant.look({wanted->series}, std::move(done)); })
      .then([&site, &plant, wanted = *wanted](actors::Plant::Values&& present) {
        return site.background.run<Reply>(
            [&plant, wanted, value = present.values.front()] { return render_range(plant, wanted, value); },
            site.too_busy());
      });
}

}  // namespace pollux::server::routes
