#include <capnp/serialize-packed.h>
#include <kj/exception.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <vector>

#include "schema/epoch_codec.h"
#include "schema/journal_wire.h"

namespace pollux::schema {

namespace {

constexpr std::size_t kWordBytes = sizeof(capnp::word);

// Packing turns two bytes into at most 256 words, so this bounds what any bytes can unpack to.
constexpr std::size_t kUnpackedWordsPerByteMax = 128;
constexpr std::size_t kTraversalSlackWords = 64;
constexpr int kNestingMax = 8;

// Records up to this size are unpacked without an allocation.
constexpr std::size_t kScratchWords = 64 * 1024;

constexpr const char* kModelAdvice =
    "start with the model version the record was written under, or keep what it names in the model";

Error corrupt(std::string message) {
  return {ErrorCode::corrupt, "this is not a readable journal record: " + std::move(message), {}, {}};
}

std::string_view view(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}

// Whether an event has what its kind requires; the engine relies on it.
bool is_whole(EventKind kind, bool has_entity, std::uint16_t values, std::uint16_t named_size) {
  if (kind == EventKind::retract) return !has_entity && values == 0 && named_size != 0;
  return has_entity && (kind == EventKind::correct) == (named_size != 0);
}

// What a row of the record's attribute table means in the model, for the type it was last asked about.
struct ResolvedAttribute {
  TypeIndex type = kNone;
  AttributeSlot slot = kNoSlot;
  const Attribute* attribute = nullptr;
  Conversion conversion;
};

// The columns of a batch, each fetched once: fetching counts against the traversal limit.
struct Columns {
  explicit Columns(wire::EventBatch::Reader batch)
      : times(batch.getTimes()),
        sequences(batch.getSequences()),
        entity_rows(batch.getEntityRows()),
        source_rows(batch.getSourceRows()),
        kinds(batch.getKinds()),
        id_sizes(batch.getIdSizes()),
        undeclared_source_sizes(batch.getUndeclaredSourceSizes()),
        value_counts(batch.getValueCounts()),
        text(batch.getText()),
        attribute_rows(batch.getAttributeRows()),
        bits(batch.getBits()),
        qualities(batch.getQualities()),
        reasons(batch.getReasons()),
        named_sizes(batch.getNamedSizes()) {}

  bool equally_long() const {
    const auto n = times.size();
    const auto m = bits.size();
    if (named_sizes.size() != 0 && named_sizes.size() != n) return false;
    return sequences.size() == n && entity_rows.size() == n && source_rows.size() == n && kinds.size() == n &&
           id_sizes.size() == n && undeclared_source_sizes.size() == n && value_counts.size() == n &&
           attribute_rows.size() == m && qualities.size() == m && reasons.size() == m;
  }

  capnp::List<std::int64_t>::Reader times;
  capnp::List<std::uint64_t>::Reader sequences;
  capnp::List<std::uint32_t>::Reader entity_rows;
  capnp::List<std::uint16_t>::Reader source_rows;
  capnp::List<std::uint8_t>::Reader kinds;
  capnp::List<std::uint16_t>::Reader id_sizes;
  capnp::List<std::uint16_t>::Reader undeclared_source_sizes;
  capnp::List<std::uint16_t>::Reader value_counts;
  capnp::Data::Reader text;
  capnp::List<std::uint32_t>::Reader attribute_rows;
  capnp::List<std::uint64_t>::Reader bits;
  capnp::List<std::uint8_t>::Reader qualities;
  capnp::List<std::uint8_t>::Reader reasons;
  capnp::List<std::uint16_t>::Reader named_sizes;
};

}  // namespace

struct RecordDecoder::Implementation {
  Implementation(const Model& the_model, MisfitPolicy the_policy)
      : model(the_model), policy(the_policy), scratch(kj::heapArray<capnp::word>(kScratchWords)) {}

  struct StoredAttribute {
    std::string_view name;
    std::string_view unit;
    ValueType type = ValueType::number;
    ResolvedAttribute resolved;
  };

  // The model of today may have the name as its own, or let its default source stand for it, or neither.
  struct StoredSource {
    std::string_view name;
    std::optional<SourceIndex> index;
  };

  struct StoredEntity {
    std::string_view name;
    EntityIndex index = kNone;
  };

  template <class Root, class Read>
  Result<void> decode(std::string_view bytes, Read read);
  Result<void> read_batch(wire::EventBatch::Reader in, EventBatch& batch);
  Result<void> read_tables(wire::EventBatch::Reader in);
  Result<void> read_attributes(wire::EventBatch::Reader in);
  Result<void> read_events(const Columns& columns, EventBatch& batch);
  Result<void> resolve_entity(const StoredEntity& stored, Event& event) const;
  Result<void> resolve_source(const StoredSource& stored, EventBatch& batch, Event& event);
  void rename_sources(const Columns& columns, EventBatch& batch) const;
  Result<void> read_values(const Columns& columns, EventBatch& batch);
  Result<void> resolve(StoredAttribute& stored, TypeIndex type) const;
  Result<Value> read_value(const Columns& columns, unsigned row, const StoredAttribute& stored) const;
  Result<Value> read_symbol(std::uint64_t bits, Quality quality, Reason reason,
                            const Attribute& attribute) const;

  // Whether this may be left out instead of failing; if so, it is from now on told as a misfit.
  bool leave_out(const Result<void>& outcome, std::uint64_t Misfit::*count);
  void leave_out_event(unsigned i, std::size_t events);
  void leave_out_value(unsigned row, std::size_t values);
  void drop_left_out(EventBatch& batch) const;

  const Model& model;
  const MisfitPolicy policy;
  kj::Array<capnp::word> scratch;
  // Of the record being read; empty where all of it fits.
  std::vector<Misfit> misfits;
  std::vector<bool> events_left_out;
  std::vector<bool> values_left_out;
  // Tables of the record being read; the views point into it.
  std::vector<StoredEntity> entities;
  std::vector<StoredSource> sources;
  std::vector<StoredAttribute> attributes;
  std::vector<std::string_view> symbols;
  bool sources_renamed = false;
};

Result<void> RecordDecoder::Implementation::read_attributes(wire::EventBatch::Reader in) {
  attributes.clear();
  for (const auto entry : in.getAttributes()) {
    const auto type = static_cast<std::uint16_t>(entry.getType());
    if (type >= kStoredCount<ValueType>) return corrupt("unknown value type " + std::to_string(type));
    attributes.push_back(
        {view(entry.getName()), view(entry.getUnit()), static_cast<ValueType>(type), ResolvedAttribute{}});
  }
  return {};
}

Result<void> RecordDecoder::Implementation::read_tables(wire::EventBatch::Reader in) {
  entities.clear();
  for (const auto text : in.getEntities()) entities.push_back({view(text), model.find_entity(view(text))});
  sources.clear();
  for (const auto text : in.getSources()) sources.push_back({view(text), model.find_source(view(text))});
  symbols.clear();
  for (const auto text : in.getSymbols()) symbols.push_back(view(text));
  return read_attributes(in);
}

Result<void> RecordDecoder::Implementation::read_events(const Columns& columns, EventBatch& batch) {
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
    if ((has_entity && entity >= entities.size()) || source >= sources.size() ||
        kind >= kStoredCount<EventKind>) {
      return corrupt("event " + std::to_string(i) + " points outside the record's tables");
    }
    if (!is_whole(static_cast<EventKind>(kind), has_entity, columns.value_counts[i], named_size)) {
      return corrupt("event " + std::to_string(i) + " is not what its kind requires");
    }
    Event& event = batch.events[i];
    event = Event{columns.times[i],
                  columns.sequences[i],
                  has_entity ? entities[entity].index : kNone,
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
      return corrupt("event " + std::to_string(i) + " reaches past the record's end");
    }
    auto resolved = has_entity ? resolve_entity(entities[entity], event) : Result<void>();
    if (resolved.ok()) resolved = resolve_source(sources[source], batch, event);
    if (resolved.ok()) continue;
    if (!leave_out(resolved, &Misfit::events)) return resolved;
    leave_out_event(i, columns.times.size());
  }
  if (text != columns.text.size() || values != columns.bits.size())
    return corrupt("it holds more than its events");
  if (sources_renamed) rename_sources(columns, batch);
  return {};
}

Result<void> RecordDecoder::Implementation::resolve_entity(const StoredEntity& stored, Event& event) const {
  event.entity = stored.index;
  if (stored.index != kNone) return {};
  return Error{ErrorCode::not_found,
               "it speaks of entity `" + std::string(stored.name) + "`, which the model does not have",
               {},
               kModelAdvice};
}

Result<void> RecordDecoder::Implementation::resolve_source(const StoredSource& stored, EventBatch& batch,
                                                           Event& event) {
  const bool was_declared = event.undeclared_source_size == 0;
  const std::string_view name = was_declared ? stored.name : batch.undeclared_source(event);
  const auto index = was_declared ? stored.index : model.find_source(name);
  if (!index) {
    return Error{ErrorCode::not_found,
                 "it holds events of source `" + std::string(name) + "`, which the model does not declare",
                 {},
                 kModelAdvice};
  }
  event.source = *index;
  const bool is_declared = model.sources()[*index].name == name;
  if (is_declared != was_declared) sources_renamed = true;
  return {};
}

// A source came to be declared, or no longer is: its name moves out of, or into, the text of its events.
void RecordDecoder::Implementation::rename_sources(const Columns& columns, EventBatch& batch) const {
  EventBatch renamed;
  for (unsigned i = 0; i < batch.events.size(); ++i) {
    const Event& event = batch.events[i];
    const bool was_declared = event.undeclared_source_size == 0;
    const std::string_view name =
        was_declared ? sources[columns.source_rows[i]].name : batch.undeclared_source(event);
    const bool left_out = !events_left_out.empty() && events_left_out[i];
    const bool is_declared = left_out || model.sources()[event.source].name == name;
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

Result<void> RecordDecoder::Implementation::resolve(StoredAttribute& stored, TypeIndex type_index) const {
  const EntityType& type = model.type(type_index);
  const AttributeSlot slot = type.find_attribute(stored.name);
  const std::string name = "`" + std::string(stored.name) + "` of type `" + type.name + "`";
  if (slot == kNoSlot) {
    return Error{ErrorCode::not_found,
                 "it holds values of attribute " + name + ", which the model does not have",
                 {},
                 kModelAdvice};
  }
  const Attribute& attribute = type.attributes[slot];
  if (attribute.role != Role::observed) {
    return Error{ErrorCode::conflict,
                 "it holds observations of " + name + ", which is no longer observed",
                 {},
                 kModelAdvice};
  }
  if (attribute.spec.type != stored.type) {
    return Error{ErrorCode::conflict,
                 "it holds " + std::string(name_of(stored.type)) + " values of " + name +
                     ", which is now a " + name_of(attribute.spec.type),
                 {},
                 kModelAdvice};
  }
  ResolvedAttribute resolved{type_index, slot, &attribute, {}};
  if (stored.unit != attribute.spec.unit.text) {
    const auto unit = parse_unit(stored.unit);
    if (!unit.ok()) return corrupt("the unit of attribute " + name + ": " + unit.error().message);
    if (!convertible(*unit, attribute.spec.unit)) {
      return Error{ErrorCode::conflict,
                   "it holds values of " + name + " in `" + std::string(stored.unit) +
                       "`, which cannot be converted to `" + attribute.spec.unit.text + "`, its unit now",
                   {},
                   kModelAdvice};
    }
    resolved.conversion = conversion(*unit, attribute.spec.unit);
  }
  stored.resolved = resolved;
  return {};
}

Result<Value> RecordDecoder::Implementation::read_symbol(std::uint64_t bits, Quality quality, Reason reason,
                                                         const Attribute& attribute) const {
  if (bits >= symbols.size()) return corrupt("a symbol points outside the record's table");
  const std::string_view text = symbols[bits];
  const auto symbol = model.find_symbol(text);
  const auto& members = attribute.spec.symbols;
  if (!symbol || std::find(members.begin(), members.end(), *symbol) == members.end()) {
    return Error{ErrorCode::conflict,
                 "it holds the value `" + std::string(text) + "` of attribute `" + attribute.name +
                     "`, which is no longer one of its values",
                 {},
                 kModelAdvice};
  }
  return Value::symbol(*symbol, quality, reason);
}

Result<Value> RecordDecoder::Implementation::read_value(const Columns& columns, unsigned row,
                                                        const StoredAttribute& stored) const {
  const std::uint8_t raw_quality = columns.qualities[row];
  const std::uint8_t raw_reason = columns.reasons[row];
  if (raw_quality >= kStoredCount<Quality> || raw_reason >= kStoredCount<Reason>) {
    return corrupt("value " + std::to_string(row) + " has an unknown quality or reason");
  }
  const auto quality = static_cast<Quality>(raw_quality);
  const auto reason = static_cast<Reason>(raw_reason);
  const std::uint64_t bits = columns.bits[row];
  if (quality >= Quality::bad) {
    if (bits != 0)
      return corrupt("value " + std::to_string(row) + " is " + name_of(quality) + " and has a payload");
    return Value{0, stored.type, quality, reason, {}};
  }
  switch (stored.type) {
    case ValueType::number: {
      const double x = stored.resolved.conversion(std::bit_cast<double>(bits));
      if (!std::isfinite(x)) return corrupt("value " + std::to_string(row) + " is not a finite number");
      return Value::number(x, quality, reason);
    }
    case ValueType::boolean:
      if (bits > 1) return corrupt("value " + std::to_string(row) + " is not a truth value");
      return Value::boolean(bits == 1, quality, reason);
    case ValueType::symbol:
      return read_symbol(bits, quality, reason, *stored.resolved.attribute);
  }
  return corrupt("unknown value type");
}

Result<void> RecordDecoder::Implementation::read_values(const Columns& columns, EventBatch& batch) {
  batch.values.resize(columns.bits.size());
  unsigned row = 0;
  for (std::size_t e = 0; e < batch.events.size(); ++e) {
    const Event& event = batch.events[e];
    if (event.values_count == 0) continue;
    if (!events_left_out.empty() && events_left_out[e]) {
      row += event.values_count;
      continue;
    }
    const TypeIndex type = model.type_index(event.entity);
    for (unsigned i = 0; i < event.values_count; ++i, ++row) {
      const std::uint32_t attribute = columns.attribute_rows[row];
      if (attribute >= attributes.size()) return corrupt("a value points outside the record's attributes");
      StoredAttribute& stored = attributes[attribute];
      Result<void> fits;
      if (stored.resolved.type != type) fits = resolve(stored, type);
      if (fits.ok()) {
        auto value = read_value(columns, row, stored);
        if (value.ok()) {
          batch.values[row] = {stored.resolved.slot, *value};
          continue;
        }
        fits = std::move(value).error();
      }
      if (!leave_out(fits, &Misfit::values)) return fits;
      leave_out_value(row, columns.bits.size());
    }
  }
  return {};
}

bool RecordDecoder::Implementation::leave_out(const Result<void>& outcome, std::uint64_t Misfit::*count) {
  const ErrorCode code = outcome.error().code;
  const bool is_misfit = code == ErrorCode::not_found || code == ErrorCode::conflict;
  if (!is_misfit || policy == MisfitPolicy::refuse) return false;
  // As many as the record has names, at most; nearly always one.
  auto known =
      std::ranges::find_if(misfits, [&](const Misfit& each) { return each.why == outcome.error().message; });
  if (known == misfits.end()) known = misfits.insert(misfits.end(), Misfit{outcome.error().message, 0, 0});
  ++((*known).*count);
  return true;
}

void RecordDecoder::Implementation::leave_out_event(unsigned i, std::size_t events) {
  events_left_out.resize(events);
  events_left_out[i] = true;
}

void RecordDecoder::Implementation::leave_out_value(unsigned row, std::size_t values) {
  values_left_out.resize(values);
  values_left_out[row] = true;
}

void RecordDecoder::Implementation::drop_left_out(EventBatch& batch) const {
  EventBatch kept;
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    const Event& event = batch.events[i];
    if (!events_left_out.empty() && events_left_out[i]) continue;
    kept.append(batch, event);
    if (values_left_out.empty()) continue;
    Event& copy = kept.events.back();
    kept.values.resize(copy.values_offset);
    for (std::uint32_t row = event.values_offset; row < event.values_offset + event.values_count; ++row) {
      if (!values_left_out[row]) kept.values.push_back(batch.values[row]);
    }
    copy.values_count = static_cast<std::uint16_t>(kept.values.size() - copy.values_offset);
  }
  batch = std::move(kept);
}

Result<void> RecordDecoder::Implementation::read_batch(wire::EventBatch::Reader in, EventBatch& batch) {
  const Columns columns(in);
  batch.keys.clear();
  misfits.clear();
  events_left_out.clear();
  values_left_out.clear();
  if (!columns.equally_long()) return corrupt("its columns differ in length");
  if (auto read = read_tables(in); !read.ok()) return read;
  if (auto read = read_events(columns, batch); !read.ok()) return read;
  if (auto read = read_values(columns, batch); !read.ok()) return read;
  if (!misfits.empty()) drop_left_out(batch);
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
  // Cap'n Proto reports damage by throwing; nothing of it leaves this function.
  try {
    kj::ArrayInputStream input({reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()});
    capnp::PackedMessageReader message(input, options, scratch);
    if (auto done = read(message.getRoot<Root>()); !done.ok()) return done;
    if (input.tryGetReadBuffer().size() != 0) return corrupt("there are bytes after its end");
    return {};
  } catch (const kj::Exception& exception) {
    const auto description = exception.getDescription();
    return corrupt(std::string(description.cStr(), description.size()));
  } catch (const std::exception& exception) {
    return corrupt(exception.what());
  }
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
    record.misfits = std::move(implementation_->misfits);
    return read;
  });
}

Result<void> RecordDecoder::decode(std::string_view bytes, QuarantinedEvent& event) {
  return implementation_->decode<wire::QuarantinedEvent>(
      bytes, [&](wire::QuarantinedEvent::Reader root) -> Result<void> {
        const auto reason = static_cast<std::uint16_t>(root.getReason());
        if (reason >= kStoredCount<QuarantineReason>)
          return corrupt("unknown reason " + std::to_string(reason));
        event.number = root.getNumber();
        event.reason = static_cast<QuarantineReason>(reason);
        event.clock = root.getClock();
        if (root.getBatch().getTimes().size() != 1) return corrupt("it does not hold exactly one event");
        if (auto read = implementation_->read_batch(root.getBatch(), event.event); !read.ok()) return read;
        event.why.clear();
        if (implementation_->misfits.empty()) return {};
        event.why = implementation_->misfits.front().why;
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
          return corrupt("unknown reason " + std::to_string(reason));
        found = static_cast<QuarantineReason>(reason);
        return {};
      });
  if (!decoded.ok()) return decoded.error();
  return found;
}

}  // namespace pollux::schema
