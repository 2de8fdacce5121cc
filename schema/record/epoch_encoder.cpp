#include <capnp/serialize-packed.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "schema/assert.h"
#include "schema/record/epoch_codec.h"
#include "schema/record/journal_wire.h"

namespace pollux::schema {

namespace {

constexpr std::size_t kWordBytes = sizeof(capnp::word);

// Room for pointers, struct sections and the rounding of each column to whole words.
constexpr std::size_t kFixedWords = 96;
constexpr std::size_t kAttributeWords = 3;

// Column bytes of one event and of one value, in journal.capnp.
constexpr std::size_t kEventColumnBytes = 8 + 8 + 4 + 2 + 1 + 2 + 2 + 2 + 2;
constexpr std::size_t kValueColumnBytes = 4 + 8 + 1 + 1;

std::size_t words(std::size_t bytes) {
  return bytes / kWordBytes + 1;
}

kj::StringPtr kj_text(const std::string& text) {
  return {text.c_str(), text.size()};
}

// Gives the names a record uses consecutive rows, by the model's own index.
class NameTable {
 public:
  void add(std::uint32_t index) {
    if (index >= row_of_.size()) row_of_.resize(index + 1, kNone);
    if (row_of_[index] != kNone) return;
    row_of_[index] = static_cast<std::uint32_t>(members_.size());
    members_.push_back(index);
  }
  std::uint32_t row(std::uint32_t index) const { return row_of_[index]; }
  const std::vector<std::uint32_t>& members() const { return members_; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(members_.size()); }

  // Costs the names used, not the size of the model.
  void clear() {
    for (const std::uint32_t index : members_) row_of_[index] = kNone;
    members_.clear();
  }

 private:
  std::vector<std::uint32_t> row_of_;
  std::vector<std::uint32_t> members_;
};

struct FreeDeleter {
  void operator()(void* memory) const { std::free(memory); }
};

class StringOutput final : public kj::OutputStream {
 public:
  explicit StringOutput(std::string& bytes) : bytes_(bytes) {}
  void write(const void* buffer, std::size_t size) override {
    bytes_.append(static_cast<const char*>(buffer), size);
  }
  using kj::OutputStream::write;

 private:
  std::string& bytes_;
};

}  // namespace

struct RecordEncoder::Implementation {
  explicit Implementation(const Model& the_model) : model(the_model) {
    std::uint32_t first = 0;
    for (const EntityType& type : model.types()) {
      attributes_of_type.push_back(first);
      for (const Attribute& attribute : type.attributes) all_attributes.push_back(&attribute);
      first = static_cast<std::uint32_t>(all_attributes.size());
    }
  }

  std::uint32_t attribute_index(const Event& event, const ReportedValue& reported) const {
    return attributes_of_type[model.type_index(event.entity)] + reported.attribute;
  }

  void collect(const EventBatch& batch);
  void clear();
  kj::ArrayPtr<capnp::word> scratch_for(const EventBatch& batch);
  void write(const EventBatch& batch, wire::EventBatch::Builder out) const;
  void write_tables(wire::EventBatch::Builder out) const;
  void write_events(const EventBatch& batch, wire::EventBatch::Builder out) const;
  void write_values(const EventBatch& batch, wire::EventBatch::Builder out) const;
  template <class Root, class Fill>
  void encode(const EventBatch& batch, std::string& bytes, Fill fill);

  const Model& model;
  std::vector<std::uint32_t> attributes_of_type;
  std::vector<const Attribute*> all_attributes;
  NameTable entities, sources, attributes, symbols;
  std::uint32_t values_count = 0;
  std::uint32_t text_bytes = 0;
  bool names_others = false;
  std::size_t name_bytes = 0;
  std::unique_ptr<capnp::word[], FreeDeleter> scratch;  // all zero between calls, as the builder needs it
  std::size_t scratch_words = 0;
};

void RecordEncoder::Implementation::collect(const EventBatch& batch) {
  std::size_t values = 0, text = 0;
  names_others = false;
  for (const Event& event : batch.events) {
    if (event.entity != kNone) entities.add(event.entity);
    sources.add(event.source);
    values += event.values_count;
    text += event.text_size();
    names_others |= event.named_size != 0;
    for (const ReportedValue& reported : batch.values_of(event)) {
      const std::uint32_t index = attribute_index(event, reported);
      POLLUX_ASSERT(index < all_attributes.size());
      POLLUX_ASSERT(all_attributes[index]->spec.type == reported.value.type);
      attributes.add(index);
      if (reported.value.type == ValueType::symbol && reported.value.usable()) {
        symbols.add(reported.value.as_symbol());
      }
    }
  }
  values_count = static_cast<std::uint32_t>(values);
  text_bytes = static_cast<std::uint32_t>(text);
}

void RecordEncoder::Implementation::clear() {
  entities.clear();
  sources.clear();
  attributes.clear();
  symbols.clear();
}

// One segment that holds the whole message, so that nothing is allocated and no far pointer is needed.
kj::ArrayPtr<capnp::word> RecordEncoder::Implementation::scratch_for(const EventBatch& batch) {
  std::size_t needed = kFixedWords + words(batch.events.size() * kEventColumnBytes) +
                       words(values_count * kValueColumnBytes) + words(text_bytes);
  const auto text_words = [](const std::string& text) { return 1 + words(text.size() + 1); };
  for (const std::uint32_t i : entities.members()) needed += text_words(model.id(i));
  for (const std::uint32_t i : sources.members()) needed += text_words(model.sources()[i].name);
  for (const std::uint32_t i : attributes.members()) {
    needed +=
        kAttributeWords + text_words(all_attributes[i]->name) + text_words(all_attributes[i]->spec.unit.text);
  }
  for (const std::uint32_t i : symbols.members()) needed += 1 + words(model.symbol_text(i).size() + 1);
  POLLUX_ASSERT(needed * kWordBytes <= kRecordBytesMax);
  if (scratch_words < needed) {
    scratch_words = needed + needed / 2;
    scratch.reset(static_cast<capnp::word*>(std::calloc(scratch_words, kWordBytes)));
    POLLUX_ASSERT(scratch != nullptr);
  }
  return {scratch.get(), scratch_words};
}

void RecordEncoder::Implementation::write_tables(wire::EventBatch::Builder out) const {
  auto entity_names = out.initEntities(entities.size());
  for (std::uint32_t i = 0; i < entities.size(); ++i)
    entity_names.set(i, kj_text(model.id(entities.members()[i])));
  auto source_names = out.initSources(sources.size());
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    source_names.set(i, kj_text(model.sources()[sources.members()[i]].name));
  }
  auto attribute_names = out.initAttributes(attributes.size());
  for (std::uint32_t i = 0; i < attributes.size(); ++i) {
    const Attribute& attribute = *all_attributes[attributes.members()[i]];
    attribute_names[i].setName(kj_text(attribute.name));
    attribute_names[i].setUnit(kj_text(attribute.spec.unit.text));
    attribute_names[i].setType(wire_of(attribute.spec.type));
  }
  auto symbol_texts = out.initSymbols(symbols.size());
  for (std::uint32_t i = 0; i < symbols.size(); ++i) {
    const std::string_view text = model.symbol_text(symbols.members()[i]);
    std::memcpy(symbol_texts.init(i, static_cast<unsigned>(text.size())).begin(), text.data(), text.size());
  }
}

void RecordEncoder::Implementation::write_events(const EventBatch& batch,
                                                 wire::EventBatch::Builder out) const {
  const auto count = static_cast<std::uint32_t>(batch.events.size());
  auto times = out.initTimes(count);
  auto sequences = out.initSequences(count);
  auto entity_rows = out.initEntityRows(count);
  auto source_rows = out.initSourceRows(count);
  auto kinds = out.initKinds(count);
  auto id_sizes = out.initIdSizes(count);
  auto undeclared_source_sizes = out.initUndeclaredSourceSizes(count);
  auto value_counts = out.initValueCounts(count);
  auto text = out.initText(text_bytes);
  auto named_sizes = out.initNamedSizes(names_others ? count : 0);
  std::size_t written = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Event& event = batch.events[i];
    times.set(i, event.time);
    sequences.set(i, event.sequence);
    entity_rows.set(i, event.entity == kNone ? kNoEntityRow : entities.row(event.entity));
    source_rows.set(i, static_cast<std::uint16_t>(sources.row(event.source)));
    kinds.set(i, static_cast<std::uint8_t>(wire_of(event.kind)));
    id_sizes.set(i, event.id_size);
    undeclared_source_sizes.set(i, event.undeclared_source_size);
    value_counts.set(i, event.values_count);
    if (names_others) named_sizes.set(i, event.named_size);
    const std::size_t size = event.text_size();
    POLLUX_ASSERT(event.id_offset + size <= batch.text.size());
    std::memcpy(text.begin() + written, batch.text.data() + event.id_offset, size);
    written += size;
  }
}

void RecordEncoder::Implementation::write_values(const EventBatch& batch,
                                                 wire::EventBatch::Builder out) const {
  auto attribute_rows = out.initAttributeRows(values_count);
  auto bits = out.initBits(values_count);
  auto qualities = out.initQualities(values_count);
  auto reasons = out.initReasons(values_count);
  std::uint32_t row = 0;
  for (const Event& event : batch.events) {
    for (const ReportedValue& reported : batch.values_of(event)) {
      const Value& value = reported.value;
      const bool is_symbol = value.type == ValueType::symbol && value.usable();
      attribute_rows.set(row, attributes.row(attribute_index(event, reported)));
      bits.set(row, is_symbol ? symbols.row(value.as_symbol()) : value.bits);
      qualities.set(row, static_cast<std::uint8_t>(wire_of(value.quality)));
      reasons.set(row, static_cast<std::uint8_t>(wire_of(value.reason)));
      ++row;
    }
  }
}

void RecordEncoder::Implementation::write(const EventBatch& batch, wire::EventBatch::Builder out) const {
  write_tables(out);
  write_events(batch, out);
  write_values(batch, out);
}

template <class Root, class Fill>
void RecordEncoder::Implementation::encode(const EventBatch& batch, std::string& bytes, Fill fill) {
  collect(batch);
  {
    capnp::MallocMessageBuilder message(scratch_for(batch));
    auto root = message.initRoot<Root>();
    fill(root);
    write(batch, root.initBatch());
    StringOutput output(bytes);
    capnp::writePackedMessage(output, message);
  }
  clear();
}

RecordEncoder::RecordEncoder(const Model& model) : implementation_(std::make_unique<Implementation>(model)) {}
RecordEncoder::~RecordEncoder() = default;
RecordEncoder::RecordEncoder(RecordEncoder&&) noexcept = default;

void RecordEncoder::encode(const EpochRecord& record, std::string& bytes) {
  implementation_->encode<wire::EpochRecord>(record.events, bytes, [&](wire::EpochRecord::Builder root) {
    root.setPosition(record.position);
    root.setClock(record.clock);
  });
}

void RecordEncoder::encode(const QuarantinedEvent& event, std::string& bytes) {
  POLLUX_ASSERT(event.event.events.size() == 1);
  implementation_->encode<wire::QuarantinedEvent>(event.event, bytes,
                                                  [&](wire::QuarantinedEvent::Builder root) {
                                                    root.setNumber(event.number);
                                                    root.setReason(wire_of(event.reason));
                                                    root.setClock(event.clock);
                                                  });
}

}  // namespace pollux::schema
