// What the field tells the twin, resolved against the model.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/model/model.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::schema {

/// A position in a domain's journal; the first record is at 1. Knowledge time is counted in positions.
using Position = std::uint64_t;

/// What an event says (the CloudEvents `type` is `pollux.` and this name).
enum class EventKind : std::uint8_t {
  observe,  ///< Values of an entity at a time.
  correct,  ///< The same, in place of an earlier event of the same source, which it names.
  retract,  ///< That an earlier event of the same source, which it names, is to count as never sent.
};
const char* name_of(EventKind kind);

/// A value reported for one attribute of the event's entity, in the attribute's declared unit.
struct ReportedValue {
  AttributeSlot attribute = kNoSlot;
  Value value;
};

/// One event of a batch; strings and values live in the batch.
struct Event {
  EventTime time = 0;
  std::uint64_t sequence = 0;  ///< The source's own counter; 0 when it keeps none.
  /// None for a retraction (the event it names tells), and in a record whose entity the model no longer has.
  EntityIndex entity = kNone;
  std::uint32_t id_offset = 0;
  std::uint32_t values_offset = 0;
  std::uint16_t id_size = 0;
  std::uint16_t values_count = 0;
  SourceIndex source = 0;
  std::uint16_t undeclared_source_size = 0;  ///< See EventBatch::undeclared_source.
  std::uint16_t named_size = 0;              ///< See EventBatch::named.
  EventKind kind = EventKind::observe;

  /// Bytes of the batch's text that are its own.
  std::size_t text_size() const { return std::size_t{id_size} + undeclared_source_size + named_size; }
};
static_assert(sizeof(Event) == 40);

/// Identity of an event, (source, id), as a 128-bit hash (SipHash-2-4-128 under a fixed key).
struct EventKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const EventKey&, const EventKey&) = default;
  // clang-tidy 14 takes the zero in a defaulted comparison for a null pointer.
  friend auto operator<=>(const EventKey&, const EventKey&) = default;  // NOLINT(modernize-use-nullptr)
};

/// Events that arrived together: flat arrays, so a batch costs a handful of allocations however many events
/// it holds.
struct EventBatch {
  std::vector<Event> events;
  std::vector<ReportedValue> values;
  /// The identities of the events, in order; empty until `identify` has computed them.
  std::vector<EventKey> keys;
  /// The ids, end to end, each followed by its undeclared source and the id it names, if it has them.
  std::string text;

  std::string_view id(const Event& event) const {
    return std::string_view(text).substr(event.id_offset, event.id_size);
  }
  /// The source as the event named it, where the model does not declare it and `source` is the model's `*`
  /// entry, which stands for every other source; empty for a declared source.
  std::string_view undeclared_source(const Event& event) const {
    return std::string_view(text).substr(std::size_t{event.id_offset} + event.id_size,
                                         event.undeclared_source_size);
  }
  /// The id of the event that a correction or retraction names, of the same source; else empty.
  std::string_view named(const Event& event) const {
    return std::string_view(text).substr(
        std::size_t{event.id_offset} + event.id_size + event.undeclared_source_size, event.named_size);
  }
  /// The source as the event named it, declared or not: half of the event's identity.
  std::string_view source_name(const Event& event, const Model& model) const;
  std::span<const ReportedValue> values_of(const Event& event) const {
    return std::span(values).subspan(event.values_offset, event.values_count);
  }

  /// Appends an event without values; the caller then pushes to `values` and counts them in `values_count`.
  /// REQUIRES: id, undeclared source and named id below 64 KiB each, the batch's text and values below 2^32.
  Event& add(std::string_view id, EventTime time, SourceIndex source, EntityIndex entity,
             std::string_view undeclared_source = {}, std::string_view named = {});
  /// Appends a copy of an event of another batch, without its identity: `keys` is empty afterwards.
  void append(const EventBatch& other, const Event& event);
  /// Appends copies of `count` events of another batch from `first` on, with their identities.
  /// REQUIRES: both batches know those of their events, or are empty.
  void append(const EventBatch& other, std::size_t first, std::size_t count);
  /// Computes `keys`, unless they are known.
  void identify(const Model& model);
  void clear();

 private:
  void append_scattered(const EventBatch& other, std::size_t first, std::size_t count);
};

EventKey event_key(std::string_view source, std::string_view id);
/// Of an event as its source named itself, so that two undeclared sources never share an identity.
EventKey event_key(const EventBatch& batch, const Event& event, const Model& model);
/// Identity of the event that a correction or retraction names; zero for others.
EventKey named_key(const EventBatch& batch, const Event& event, const Model& model);

/// For hash tables: the key is a hash already.
struct EventKeyHash {
  std::size_t operator()(const EventKey& key) const noexcept { return key.low; }
};

/// What of a journaled record does not fit the model it is read under, for one reason.
struct Misfit {
  std::string why;
  std::uint64_t events = 0;  ///< Left out as a whole, or all but their identity and what they name.
  std::uint64_t values = 0;  ///< Left out of events that were kept without them.
};

/// One journaled step of the twin: the events accepted together, and how far its clock then stood.
struct EpochRecord {
  Position position = 0;
  EventTime clock = kBeginning;  ///< The twin's clock after this epoch; never before an earlier record's.
  EventBatch events;
  std::vector<Misfit> misfits{};  ///< Where it was read under a model that lacks what it speaks of.
};

/// Why an event was set aside.
enum class QuarantineReason : std::uint8_t { too_late, from_the_future, poison };
const char* name_of(QuarantineReason reason);

/// An event set aside, with what is needed to look at it and admit it later.
struct QuarantinedEvent {
  std::uint64_t number = 0;  ///< Assigned by the journal, ascending from 1.
  QuarantineReason reason = QuarantineReason::too_late;
  EventTime clock = 0;  ///< The twin's clock when it was set aside.
  EventBatch event;     ///< Exactly one event; none where `why` says that the model of today lacks its names.
  std::string why{};
};

}  // namespace pollux::schema
