#include "actors/snapshot/image_codec.h"

#include <sodium/crypto_generichash_blake2b.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace pollux::actors {

using schema::AttributeSlot;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Value;
using schema::ValueType;

namespace {

// What stands before an image.
constexpr std::uint8_t kEvaluated = 1;  // each: the time follows; else it is `kBeginning` or `kNever`
constexpr std::uint8_t kTimers = 2;
constexpr std::uint8_t kWakes = 4;
constexpr std::uint8_t kObserves = 8;
constexpr std::uint8_t kImageFlags = 15;

// What stands before a timeline: how many versions, and whether the first holds from the beginning.
constexpr std::uint64_t kFromBeginning = 1;

constexpr std::size_t kVersionBytes = 1;  // at least: of the first one, only the value
constexpr std::size_t kHeardBytes = 2;
constexpr std::size_t kObservationBytes = 1 + 1 + 8 + 1 + 1;

/// Times one after another, each as its difference from the one before.
class Times {
 public:
  explicit Times(EventTime clock) : last_(clock) {}
  void write(EventTime time, ByteWriter& out) {
    out.difference(time, last_);
    last_ = time;
  }
  EventTime read(ByteReader& in) { return last_ = in.difference(last_); }

 private:
  EventTime last_;
};

void write_timeline(std::span<const Version> versions, Times& times, ByteWriter& out) {
  const bool from_beginning = versions.front().from == kBeginning;
  out.number(versions.size() << 1 | (from_beginning ? kFromBeginning : 0));
  for (const Version& version : versions) {
    if (version.from != kBeginning) times.write(version.from, out);
    out.value(version.value);
  }
}

bool makes_sense(const Value& value, const schema::Model& model) {
  return value.type != ValueType::symbol || !value.usable() || value.bits < model.symbol_count();
}

bool read_timeline(ByteReader& in, const schema::Model& model, Times& times, EntityImage& image) {
  const std::uint64_t head = in.number();
  const std::uint64_t size = head >> 1;
  if (!in.ok() || size == 0 || size > in.left() / kVersionBytes) return false;
  const std::size_t first = image.versions.size();
  for (std::uint64_t i = 0; i < size; ++i) {
    Version version;
    const bool from_beginning = i == 0 && (head & kFromBeginning) != 0;
    version.from = from_beginning ? kBeginning : times.read(in);
    version.value = in.value();
    if (!in.ok() || !makes_sense(version.value, model)) return false;
    const bool follows = image.versions.size() == first || (image.versions.back().from < version.from &&
                                                            image.versions.back().value != version.value);
    if (!follows) return false;
    image.versions.push_back(version);
  }
  image.ends.push_back(static_cast<std::uint32_t>(image.versions.size()));
  return true;
}

void write_observations(const std::vector<Observation>& observations, Times& times, ByteWriter& out) {
  out.number(observations.size());
  for (const Observation& each : observations) {
    times.write(each.time, out);
    out.number(each.sequence);
    out.fixed(each.id_hash);
    out.number(each.source);
    out.value(each.value);
  }
}

bool read_observations(ByteReader& in, const schema::Model& model, Times& times,
                       std::vector<Observation>& observations) {
  observations.resize(in.count(kObservationBytes));
  for (Observation& each : observations) {
    each.time = times.read(in);
    each.sequence = in.number();
    each.id_hash = in.fixed();
    const std::uint64_t source = in.number();
    each.source = static_cast<std::uint32_t>(source);
    each.value = in.value();
    if (!in.ok() || source >= model.sources().size() || !makes_sense(each.value, model)) return false;
  }
  return in.ok();
}

void write_heard(const std::vector<Heard>& heard, Times& times, ByteWriter& out) {
  out.number(heard.size());
  for (const Heard& each : heard) {
    times.write(each.from, out);
    times.write(each.to, out);
  }
}

bool read_heard(ByteReader& in, Times& times, std::vector<Heard>& heard) {
  heard.resize(in.count(kHeardBytes));
  for (std::size_t i = 0; i < heard.size(); ++i) {
    heard[i].from = times.read(in);
    heard[i].to = times.read(in);
    const bool follows = heard[i].from <= heard[i].to && (i == 0 || heard[i - 1].to < heard[i].from);
    if (!in.ok() || !follows) return false;
  }
  return in.ok();
}

/// Hashes numbers and texts, each with where it ends.
class Shape {
 public:
  Shape() { crypto_generichash_blake2b_init(&state_, nullptr, 0, sizeof(std::uint64_t)); }
  void add(std::uint64_t number) {
    crypto_generichash_blake2b_update(&state_, reinterpret_cast<const unsigned char*>(&number),
                                      sizeof number);
  }
  void add(std::string_view text) {
    add(text.size());
    crypto_generichash_blake2b_update(&state_, reinterpret_cast<const unsigned char*>(text.data()),
                                      text.size());
  }
  std::uint64_t result() {
    std::uint64_t hash = 0;
    crypto_generichash_blake2b_final(&state_, reinterpret_cast<unsigned char*>(&hash), sizeof hash);
    return hash;
  }

 private:
  crypto_generichash_blake2b_state state_;
};

}  // namespace

void write_image(const EntityImage& image, EventTime clock, ByteWriter& out) {
  Times times(clock);
  const std::uint8_t flags = (image.evaluated_to != kBeginning ? kEvaluated : 0) |
                             (image.timers_to != kBeginning ? kTimers : 0) |
                             (image.wake != kNever ? kWakes : 0) | (image.observed.empty() ? 0 : kObserves);
  out.byte(flags);
  if ((flags & kEvaluated) != 0) times.write(image.evaluated_to, out);
  if ((flags & kTimers) != 0) times.write(image.timers_to, out);
  if ((flags & kWakes) != 0) times.write(image.wake, out);
  for (AttributeSlot a = 0; a < image.ends.size(); ++a) write_timeline(image.versions_of(a), times, out);
  for (const EntityImage::Observed& each : image.observed) {
    write_observations(each.standing, times, out);
    write_observations(each.withdrawn, times, out);
    write_heard(each.heard, times, out);
  }
}

bool read_image(ByteReader& in, const schema::Model& model, const schema::EntityType& type, EventTime clock,
                EntityImage& image) {
  Times times(clock);
  image.versions.clear();
  image.ends.clear();
  image.observed.clear();
  const std::uint8_t flags = in.byte();
  if (!in.ok() || flags > kImageFlags) return false;
  image.evaluated_to = (flags & kEvaluated) != 0 ? times.read(in) : kBeginning;
  image.timers_to = (flags & kTimers) != 0 ? times.read(in) : kBeginning;
  image.wake = (flags & kWakes) != 0 ? times.read(in) : kNever;
  for (AttributeSlot a = 0; a < type.attributes.size(); ++a) {
    if (!read_timeline(in, model, times, image)) return false;
  }
  const bool observes = (flags & kObserves) != 0;
  const bool should = std::ranges::any_of(
      type.attributes, [](const auto& attribute) { return attribute.role == schema::Role::observed; });
  if (observes != should) return false;
  if (!observes) return in.ok();
  image.observed.resize(type.attributes.size());
  for (EntityImage::Observed& each : image.observed) {
    if (!read_observations(in, model, times, each.standing)) return false;
    if (!read_observations(in, model, times, each.withdrawn)) return false;
    if (!read_heard(in, times, each.heard)) return false;
    const auto in_order = [](const Observation& a, const Observation& b) { return a.precedes(b); };
    if (!std::ranges::is_sorted(each.standing, in_order)) return false;
  }
  return in.ok();
}

std::uint64_t shape_of(const schema::Model& model) {
  Shape shape;
  shape.add(kEngineVersion);
  for (const schema::EntityType& type : model.types()) {
    shape.add(type.name);
    shape.add(type.attributes.size());
    for (const schema::Attribute& attribute : type.attributes) {
      shape.add(attribute.name);
      shape.add(static_cast<std::uint64_t>(attribute.role) << 8 |
                static_cast<std::uint64_t>(attribute.spec.type));
    }
    shape.add(type.steps.size());
    shape.add(type.operand_count);
  }
  for (schema::Symbol symbol = 0; symbol < model.symbol_count(); ++symbol)
    shape.add(model.symbol_text(symbol));
  for (const schema::Source& source : model.sources()) shape.add(source.name);
  shape.add(model.entity_count());
  for (schema::EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    shape.add(model.id(entity));
    shape.add(model.type_index(entity));
  }
  return shape.result();
}

}  // namespace pollux::actors
