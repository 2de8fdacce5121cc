#include <capnp/serialize-packed.h>
#include <kj/exception.h>

#include <bit>
#include <cmath>

#include "schema/record/epoch_codec.h"
#include "schema/record/journal_wire.h"
#include "schema/record/misfits.h"
#include "schema/record/record_columns.h"
#include "schema/record/record_names.h"

namespace pollux::schema {

namespace {

constexpr std::size_t kWordBytes = sizeof(capnp::word);

// Packing turns two bytes into at most 256 words, so this bounds what any bytes can unpack to.
constexpr std::size_t kUnpackedWordsPerByteMax = 128;
constexpr std::size_t kTraversalSlackWords = 64;
constexpr int kNestingMax = 8;

// Records up to this size are unpacked without an allocation.
constexpr std::size_t kScratchWords = 64 * 1024;

// Whether an event has what its kind requires; the engine relies on it.
bool is_whole(EventKind kind, bool has_entity, std::uint16_t values, std::uint16_t named_size) {
  if (kind == EventKind::retract) return !has_entity && values == 0 && named_size != 0;
  return has_entity && (kind == EventKind::correct) == (named_size != 0);
}

}  // namespace

struct RecordDecoder::Implementation {
  Implementation(const Model& the_model, MisfitPolicy policy)
      : model(the_model),
        names(the_model),
        misfits(policy),
        scratch(kj::heapArray<capnp::word>(kScratchWords)) {}

  template <class Root, class Read>
  Result<void> decode(std::string_view bytes, Read read);
  Result<void> read_batch(wire::EventBatch::Reader in, EventBatch& batch);
  Result<void> read_events(const RecordColumns& columns, EventBatch& batch);
  Result<void> resolve_source(const RecordNames::StoredSource& stored, EventBatch& batch, Event& event);
  void rename_sources(const RecordColumns& columns, EventBatch& batch) const;
  Result<void> read_values(const RecordColumns& columns, EventBatch& batch);
  Result<Value> read_value(const RecordColumns& columns, unsigned row,
                           const RecordNames::StoredAttribute& stored) const;

  const Model& model;
  RecordNames names;  // of the record being read
  Misfits misfits;    // of the record being read
  kj::Array<capnp::word> scratch;
  bool sources_renamed = false;
};

Result<void> RecordDecoder::Implementation::read_events(const RecordColumns& columns, EventBatch& batch) {
  batch.text.assign(reinterpret_cast<const char*>(columns.text.begin()), columns.text.size());
  batch.events.resize(columns.times.size());
  sources_renamed = false;
  std::uint64_t text = 0, values = 0;
  for (unsigned i = 0; i < columns.times.size(); ++i) {
    const std::uint32_t entity = columns.entity_rows[i];
    const std::uint16_t source = columns.source_rows[i];
    const std::uint8_t kind = columns.kinds[i];
    const std::uint16_t named_size = columns.named_sizes.size() == 0 ? 0 : columns.named_sizes[i];
    const bool has_entity = entity != kNoEntityRow;
    if ((has_entity && entity >= names.entities().size()) || source >= names.sources().size() ||
        kind >= kStoredCount<EventKind>) {
      return corrupt_record("event " + std::to_string(i) + " points outside the record's tables");
    }
    if (!is_whole(static_cast<EventKind>(kind), has_entity, columns.value_counts[i], named_size)) {
      return corrupt_record("event " + std::to_string(i) + " is not what its kind requires");
    }
    Event& event = batch.events[i];
    event = Event{columns.times[i],
                  columns.sequences[i],
                  has_entity ? names.entities()[entity].index : kNone,
                  static_cast<std::uint32_t>(text),
                  static_cast<std::uint32_t>(values),
                  columns.id_sizes[i],
                  columns.value_counts[i],
                  SourceIndex{0},
                  columns.undeclared_source_sizes[i],
                  named_size,
                  static_cast<EventKind>(kind)};
    text += std::uint64_t{event.id_size} + event.undeclared_source_size + named_size;
    values += event.values_count;
    if (text > columns.text.size() || values > columns.bits.size()) {
      return corrupt_record("event " + std::to_string(i) + " reaches past the record's end");
    }
    if (auto known = resolve_source(names.sources()[source], batch, event); !known.ok()) {
      if (!misfits.leave_out(known.error(), &Misfit::events)) return known;
      misfits.drop_event(i, columns.times.size());
    } else if (has_entity) {
      // Without its entity an event still is one: sent again it is a duplicate, and what it corrects stays
      // withdrawn.
      const auto there = names.check(names.entities()[entity]);
      if (!there.ok() && !misfits.leave_out(there.error(), &Misfit::events)) return there;
    }
  }
  if (text != columns.text.size() || values != columns.bits.size())
    return corrupt_record("it holds more than its events");
  if (sources_renamed) rename_sources(columns, batch);
  return {};
}

Result<void> RecordDecoder::Implementation::resolve_source(const RecordNames::StoredSource& stored,
                                                           EventBatch& batch, Event& event) {
  const bool was_declared = event.undeclared_source_size == 0;
  const std::string_view name = was_declared ? stored.name : batch.undeclared_source(event);
  const auto index = was_declared ? stored.index : model.find_source(name);
  if (!index) {
    return Error{ErrorCode::not_found,
                 "it holds events of source `" + std::string(name) + "`, which the model does not declare",
                 {},
                 RecordNames::advice()};
  }
  event.source = *index;
  const bool is_declared = model.sources()[*index].name == name;
  if (is_declared != was_declared) sources_renamed = true;
  return {};
}

// A source came to be declared, or no longer is: its name moves out of, or into, the text of its events.
void RecordDecoder::Implementation::rename_sources(const RecordColumns& columns, EventBatch& batch) const {
  EventBatch renamed;
  for (unsigned i = 0; i < batch.events.size(); ++i) {
    const Event& event = batch.events[i];
    const bool was_declared = event.undeclared_source_size == 0;
    const std::string_view name =
        was_declared ? names.sources()[columns.source_rows[i]].name : batch.undeclared_source(event);
    const bool is_declared = misfits.drops_event(i) || model.sources()[event.source].name == name;
    Event& copy = renamed.add(batch.id(event), event.time, event.source, event.entity,
                              is_declared ? "" : name, batch.named(event));
    copy.sequence = event.sequence;
    copy.kind = event.kind;
    copy.values_offset = event.values_offset;
    copy.values_count = event.values_count;
  }
  batch.events = std::move(renamed.events);
  batch.text = std::move(renamed.text);
}

Result<Value> RecordDecoder::Implementation::read_value(const RecordColumns& columns, unsigned row,
                                                        const RecordNames::StoredAttribute& stored) const {
  const std::uint8_t raw_quality = columns.qualities[row];
  const std::uint8_t raw_reason = columns.reasons[row];
  if (raw_quality >= kStoredCount<Quality> || raw_reason >= kStoredCount<Reason>) {
    return corrupt_record("value " + std::to_string(row) + " has an unknown quality or reason");
  }
  const auto quality = static_cast<Quality>(raw_quality);
  const auto reason = static_cast<Reason>(raw_reason);
  const std::uint64_t bits = columns.bits[row];
  if (quality >= Quality::bad) {
    if (bits != 0)
      return corrupt_record("value " + std::to_string(row) + " is " + name_of(quality) +
                            " and has a payload");
    return Value{0, stored.type, quality, reason, {}};
  }
  switch (stored.type) {
    case ValueType::number: {
      const double x = stored.resolved.conversion(std::bit_cast<double>(bits));
      if (!std::isfinite(x))
        return corrupt_record("value " + std::to_string(row) + " is not a finite number");
      return Value::number(x, quality, reason);
    }
    case ValueType::boolean:
      if (bits > 1) return corrupt_record("value " + std::to_string(row) + " is not a truth value");
      return Value::boolean(bits == 1, quality, reason);
    case ValueType::symbol:
      return names.symbol(bits, quality, reason, *stored.resolved.attribute);
  }
  return corrupt_record("unknown value type");
}

Result<void> RecordDecoder::Implementation::read_values(const RecordColumns& columns, EventBatch& batch) {
  batch.values.resize(columns.bits.size());
  unsigned row = 0;
  for (std::size_t e = 0; e < batch.events.size(); ++e) {
    const Event& event = batch.events[e];
    if (event.values_count == 0) continue;
    if (misfits.drops_event(e) || event.entity == kNone) {
      for (unsigned i = 0; i < event.values_count; ++i, ++row) misfits.drop_value(row, columns.bits.size());
      continue;
    }
    const TypeIndex type = model.type_index(event.entity);
    for (unsigned i = 0; i < event.values_count; ++i, ++row) {
      const std::uint32_t attribute = columns.attribute_rows[row];
      if (attribute >= names.attributes().size())
        return corrupt_record("a value points outside the record's attributes");
      RecordNames::StoredAttribute& stored = names.attributes()[attribute];
      Result<void> fits;
      if (stored.resolved.type != type) fits = names.resolve(stored, type);
      if (fits.ok()) {
        auto value = read_value(columns, row, stored);
        if (value.ok()) {
          batch.values[row] = {stored.resolved.slot, *value};
          continue;
        }
        fits = std::move(value).error();
      }
      if (!misfits.leave_out(fits.error(), &Misfit::values)) return fits;
      misfits.drop_value(row, columns.bits.size());
    }
  }
  return {};
}

Result<void> RecordDecoder::Implementation::read_batch(wire::EventBatch::Reader in, EventBatch& batch) {
  const RecordColumns columns(in);
  batch.keys.clear();
  misfits.clear();
  if (!columns.equally_long()) return corrupt_record("its columns differ in length");
  if (auto read = names.read(in); !read.ok()) return read;
  if (auto read = read_events(columns, batch); !read.ok()) return read;
  if (auto read = read_values(columns, batch); !read.ok()) return read;
  if (!misfits.none()) misfits.take_off(batch);
  return {};
}

template <class Root, class Read>
Result<void> RecordDecoder::Implementation::decode(std::string_view bytes, Read read) {
  const std::size_t packed_max = kRecordBytesMax / kWordBytes / kUnpackedWordsPerByteMax;
  capnp::ReaderOptions options;
  options.nestingLimit = kNestingMax;
  options.traversalLimitInWords = kRecordBytesMax / kWordBytes;
  if (bytes.size() < packed_max) {
    options.traversalLimitInWords = bytes.size() * kUnpackedWordsPerByteMax + kTraversalSlackWords;
  }
  // Cap'n Proto reports damage by throwing, also when a reader is destroyed; nothing of it leaves this
  // function. What is returned lives outside: compilers forget it where a destructor throws on the way out.
  Result<void> outcome;
  try {
    kj::ArrayInputStream input({reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()});
    capnp::PackedMessageReader message(input, options, scratch);
    outcome = read(message.getRoot<Root>());
    if (outcome.ok() && input.tryGetReadBuffer().size() != 0)
      outcome = corrupt_record("there are bytes after its end");
  } catch (const kj::Exception& exception) {
    const auto description = exception.getDescription();
    return corrupt_record(std::string(description.cStr(), description.size()));
  } catch (const std::exception& exception) {
    return corrupt_record(exception.what());
  }
  return outcome;
}

RecordDecoder::RecordDecoder(const Model& model, MisfitPolicy policy)
    : implementation_(std::make_unique<Implementation>(model, policy)) {}
RecordDecoder::~RecordDecoder() = default;
RecordDecoder::RecordDecoder(RecordDecoder&&) noexcept = default;

Result<void> RecordDecoder::decode(std::string_view bytes, EpochRecord& record) {
  return implementation_->decode<wire::EpochRecord>(bytes, [&](wire::EpochRecord::Reader root) {
    record.position = root.getPosition();
    record.clock = root.getClock();
    auto read = implementation_->read_batch(root.getBatch(), record.events);
    record.misfits = std::move(implementation_->misfits.told());
    return read;
  });
}

Result<void> RecordDecoder::decode(std::string_view bytes, QuarantinedEvent& event) {
  return implementation_->decode<wire::QuarantinedEvent>(
      bytes, [&](wire::QuarantinedEvent::Reader root) -> Result<void> {
        const auto reason = static_cast<std::uint16_t>(root.getReason());
        if (reason >= kStoredCount<QuarantineReason>)
          return corrupt_record("unknown reason " + std::to_string(reason));
        event.number = root.getNumber();
        event.reason = static_cast<QuarantineReason>(reason);
        event.clock = root.getClock();
        if (root.getBatch().getTimes().size() != 1)
          return corrupt_record("it does not hold exactly one event");
        if (auto read = implementation_->read_batch(root.getBatch(), event.event); !read.ok()) return read;
        event.why.clear();
        if (implementation_->misfits.none()) return {};
        event.why = implementation_->misfits.told().front().why;
        event.event.clear();
        return {};
      });
}

Result<QuarantineReason> RecordDecoder::decode_reason(std::string_view bytes) {
  QuarantineReason found{};
  const auto decoded = implementation_->decode<wire::QuarantinedEvent>(
      bytes, [&](wire::QuarantinedEvent::Reader root) -> Result<void> {
        const auto reason = static_cast<std::uint16_t>(root.getReason());
        if (reason >= kStoredCount<QuarantineReason>)
          return corrupt_record("unknown reason " + std::to_string(reason));
        found = static_cast<QuarantineReason>(reason);
        return {};
      });
  if (!decoded.ok()) return decoded.error();
  return found;
}

}  // namespace pollux::schema
