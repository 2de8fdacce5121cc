#include "schema/event/event.h"

#include <sodium.h>

#include <bit>
#include <cstring>
#include <limits>

#include "schema/assert.h"

namespace pollux::schema {

namespace {

// A fixed key: the hash is an identity that is stored, so it must be the same in every process. 128 bits
// make an accidental collision negligible; a source that can forge one can only drop its own events.
constexpr std::array<unsigned char, 16> kEventKeyKey = {'p', 'o', 'l', 'l', 'u', 'x', ' ', 'e',
                                                        'v', 'e', 'n', 't', ' ', 'k', 'e', 'y'};

constexpr std::size_t kKeyTextOnStackBytes = 512;

EventKey hash_of(const unsigned char* bytes, std::size_t size) {
  static_assert(std::endian::native == std::endian::little);
  std::array<unsigned char, crypto_shorthash_siphashx24_BYTES> digest;
  crypto_shorthash_siphashx24(digest.data(), bytes, size, kEventKeyKey.data());
  EventKey key;
  std::memcpy(&key.high, digest.data(), sizeof key.high);
  std::memcpy(&key.low, digest.data() + sizeof key.high, sizeof key.low);
  return key;
}

// The length in front of the source keeps ("a", "bc") and ("ab", "c") apart.
void lay_out(unsigned char* to, std::string_view source, std::string_view id) {
  const auto source_size = static_cast<std::uint64_t>(source.size());
  std::memcpy(to, &source_size, sizeof source_size);
  to += sizeof source_size;
  if (!source.empty()) std::memcpy(to, source.data(), source.size());
  if (!id.empty()) std::memcpy(to + source.size(), id.data(), id.size());
}

template <class Small>
bool fits(std::size_t x) {
  return x <= std::numeric_limits<Small>::max();
}

}  // namespace

std::string_view EventBatch::source_name(const Event& event, const Model& model) const {
  if (event.undeclared_source_size != 0) return undeclared_source(event);
  return model.sources()[event.source].name;
}

Event& EventBatch::add(std::string_view id, EventTime time, SourceIndex source, EntityIndex entity,
                       std::string_view undeclared_source, std::string_view named) {
  POLLUX_ASSERT(fits<std::uint16_t>(id.size()) && fits<std::uint16_t>(undeclared_source.size()));
  POLLUX_ASSERT(fits<std::uint16_t>(named.size()));
  POLLUX_ASSERT(fits<std::uint32_t>(text.size()) && fits<std::uint32_t>(values.size()));
  Event event;
  event.time = time;
  event.entity = entity;
  event.source = source;
  event.id_offset = static_cast<std::uint32_t>(text.size());
  event.id_size = static_cast<std::uint16_t>(id.size());
  event.undeclared_source_size = static_cast<std::uint16_t>(undeclared_source.size());
  event.named_size = static_cast<std::uint16_t>(named.size());
  event.values_offset = static_cast<std::uint32_t>(values.size());
  text.append(id).append(undeclared_source).append(named);
  return events.emplace_back(event);
}

void EventBatch::append(const EventBatch& other, const Event& event) {
  POLLUX_ASSERT(&other != this);
  Event& copy = add(other.id(event), event.time, event.source, event.entity, other.undeclared_source(event),
                    other.named(event));
  copy.sequence = event.sequence;
  copy.kind = event.kind;
  copy.values_count = event.values_count;
  const auto reported = other.values_of(event);
  values.insert(values.end(), reported.begin(), reported.end());
  keys.clear();
}

/// Events of one batch mostly lie one behind the other in all its arrays, and are then copied in one go.
void EventBatch::append(const EventBatch& other, std::size_t first, std::size_t count) {
  POLLUX_ASSERT(&other != this && first + count <= other.events.size());
  POLLUX_ASSERT(keys.size() == events.size() && other.keys.size() == other.events.size());
  if (count == 0) return;
  const std::span<const Event> copied = std::span(other.events).subspan(first, count);
  std::size_t text_end = copied.front().id_offset;
  std::size_t values_end = copied.front().values_offset;
  for (const Event& event : copied) {
    if (event.id_offset != text_end || event.values_offset != values_end) {
      append_scattered(other, first, count);
      return;
    }
    text_end += event.text_size();
    values_end += event.values_count;
  }
  POLLUX_ASSERT(fits<std::uint32_t>(text.size() + text_end) &&
                fits<std::uint32_t>(values.size() + values_end));
  const auto text_shift = static_cast<std::uint32_t>(text.size()) - copied.front().id_offset;
  const auto values_shift = static_cast<std::uint32_t>(values.size()) - copied.front().values_offset;
  text.append(other.text, copied.front().id_offset, text_end - copied.front().id_offset);
  const auto at = [](const auto& array, std::size_t i) {
    return array.begin() + static_cast<std::ptrdiff_t>(i);
  };
  values.insert(values.end(), at(other.values, copied.front().values_offset), at(other.values, values_end));
  keys.insert(keys.end(), at(other.keys, first), at(other.keys, first + count));
  events.insert(events.end(), copied.begin(), copied.end());
  for (Event& event : std::span(events).last(count)) {
    event.id_offset += text_shift;
    event.values_offset += values_shift;
  }
}

void EventBatch::append_scattered(const EventBatch& other, std::size_t first, std::size_t count) {
  std::vector<EventKey> identities = std::move(keys);
  for (std::size_t i = first; i < first + count; ++i) {
    append(other, other.events[i]);
    identities.push_back(other.keys[i]);
  }
  keys = std::move(identities);
}

void EventBatch::identify(const Model& model) {
  if (keys.size() == events.size()) return;
  keys.clear();
  keys.reserve(events.size());
  for (const Event& event : events) keys.push_back(event_key(*this, event, model));
}

void EventBatch::clear() {
  events.clear();
  values.clear();
  keys.clear();
  text.clear();
}

EventKey event_key(std::string_view source, std::string_view id) {
  const std::size_t size = sizeof(std::uint64_t) + source.size() + id.size();
  if (size <= kKeyTextOnStackBytes) {
    std::array<unsigned char, kKeyTextOnStackBytes> bytes;
    lay_out(bytes.data(), source, id);
    return hash_of(bytes.data(), size);
  }
  std::vector<unsigned char> bytes(size);
  lay_out(bytes.data(), source, id);
  return hash_of(bytes.data(), size);
}

EventKey event_key(const EventBatch& batch, const Event& event, const Model& model) {
  return event_key(batch.source_name(event, model), batch.id(event));
}

EventKey named_key(const EventBatch& batch, const Event& event, const Model& model) {
  if (event.kind == EventKind::observe) return {};
  return event_key(batch.source_name(event, model), batch.named(event));
}

const char* name_of(EventKind kind) {
  switch (kind) {
    case EventKind::observe:
      return "observe";
    case EventKind::correct:
      return "correct";
    case EventKind::retract:
      return "retract";
  }
  return "unknown";
}

const char* name_of(QuarantineReason reason) {
  switch (reason) {
    case QuarantineReason::too_late:
      return "too_late";
    case QuarantineReason::from_the_future:
      return "from_the_future";
    case QuarantineReason::poison:
      return "poison";
  }
  return "unknown";
}

}  // namespace pollux::schema
