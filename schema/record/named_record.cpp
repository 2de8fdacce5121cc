#include "schema/record/named_record.h"

#include <capnp/serialize-packed.h>
#include <kj/exception.h>

#include <algorithm>

#include "schema/record/epoch_codec.h"
#include "schema/record/journal_wire.h"

namespace pollux::schema {

namespace {

constexpr std::size_t kUnpackedWordsPerByteMax = 128;
constexpr std::size_t kSlackWords = 64;
constexpr int kNestingMax = 8;

Error corrupt(std::string message) {
  return {ErrorCode::corrupt, "this is not a readable journal record: " + std::move(message), {}, {}};
}

std::string text_of(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}

template <class Enumeration, class Number>
bool is_one_of(Number stored) {
  return static_cast<std::uint32_t>(stored) < kStoredCount<Enumeration>;
}

/// Takes the columns apart row by row.
class BatchReader {
 public:
  explicit BatchReader(wire::EventBatch::Reader batch)
      : times_(batch.getTimes()),
        sequences_(batch.getSequences()),
        entity_rows_(batch.getEntityRows()),
        source_rows_(batch.getSourceRows()),
        kinds_(batch.getKinds()),
        id_sizes_(batch.getIdSizes()),
        undeclared_sizes_(batch.getUndeclaredSourceSizes()),
        value_counts_(batch.getValueCounts()),
        named_sizes_(batch.getNamedSizes()),
        attribute_rows_(batch.getAttributeRows()),
        bits_(batch.getBits()),
        qualities_(batch.getQualities()),
        reasons_(batch.getReasons()),
        attributes_(attributes_of(batch.getAttributes())),
        text_(batch.getText()),
        entities_(texts_of(batch.getEntities())),
        sources_(texts_of(batch.getSources())),
        symbols_(texts_of(batch.getSymbols())) {}

  Result<void> read(std::vector<NamedEvent>& events) {
    const auto count = times_.size();
    const bool equally_long = sequences_.size() == count && entity_rows_.size() == count &&
                              source_rows_.size() == count && kinds_.size() == count &&
                              id_sizes_.size() == count && value_counts_.size() == count &&
                              undeclared_sizes_.size() == count;
    if (!equally_long) return corrupt("its columns differ in length");
    for (unsigned i = 0; i < count; ++i) {
      NamedEvent& event = events.emplace_back();
      if (auto read = read_event(i, event); !read.ok()) return read;
    }
    return {};
  }

 private:
  std::string take(std::size_t size) {
    const std::size_t from = std::min(text_at_, text_.size());
    const std::size_t taken = std::min(size, text_.size() - from);
    whole_ = whole_ && taken == size;
    text_at_ = from + taken;
    return {reinterpret_cast<const char*>(text_.begin()) + from, taken};
  }

  Result<void> read_event(unsigned i, NamedEvent& event) {
    event.time = times_[i];
    event.sequence = sequences_[i];
    if (!is_one_of<EventKind>(kinds_[i])) return corrupt("an event is of no known kind");
    event.kind = static_cast<EventKind>(kinds_[i]);
    event.id = take(id_sizes_[i]);
    const std::string undeclared = take(undeclared_sizes_[i]);
    if (i < named_sizes_.size()) event.named = take(named_sizes_[i]);
    const auto source = source_rows_[i];
    if (!whole_ || source >= sources_.size()) return corrupt("an event's names are cut off");
    event.source = undeclared.empty() ? sources_[source] : undeclared;
    const auto entity = entity_rows_[i];
    if (entity != kNoEntityRow) {
      if (entity >= entities_.size()) return corrupt("an event is of no known entity");
      event.entity = entities_[entity];
    }
    for (unsigned v = 0; v < value_counts_[i]; ++v, ++value_) {
      if (auto read = read_value(event.values.emplace_back()); !read.ok()) return read;
    }
    return {};
  }

  Result<void> read_value(NamedValue& named) {
    const bool there = value_ < bits_.size() && value_ < attribute_rows_.size() &&
                       value_ < qualities_.size() && value_ < reasons_.size();
    if (!there || attribute_rows_[value_] >= attributes_.size()) {
      return corrupt("a value is missing");
    }
    named = attributes_[attribute_rows_[value_]];
    const auto quality = qualities_[value_];
    const auto reason = reasons_[value_];
    if (!is_one_of<ValueType>(named.value.type) || !is_one_of<Quality>(quality) ||
        !is_one_of<Reason>(reason)) {
      return corrupt("a value is of no known type or quality");
    }
    named.value = {
        bits_[value_], named.value.type, static_cast<Quality>(quality), static_cast<Reason>(reason), {}};
    if (named.value.type != ValueType::symbol || !named.value.usable()) return {};
    if (named.value.bits >= symbols_.size()) return corrupt("a symbol has no name");
    named.symbol = symbols_[named.value.bits];
    return {};
  }

  static std::vector<std::string> texts_of(capnp::List<capnp::Text>::Reader list) {
    std::vector<std::string> texts;
    for (const auto text : list) texts.push_back(text_of(text));
    return texts;
  }

  static std::vector<NamedValue> attributes_of(capnp::List<wire::AttributeName>::Reader list) {
    std::vector<NamedValue> attributes;
    for (const auto each : list) {
      NamedValue& attribute = attributes.emplace_back();
      attribute.attribute = text_of(each.getName());
      attribute.unit = text_of(each.getUnit());
      attribute.value.type = static_cast<ValueType>(each.getType());
    }
    return attributes;
  }

  // Each column is fetched once: fetching counts against the traversal limit.
  const capnp::List<std::int64_t>::Reader times_;
  const capnp::List<std::uint64_t>::Reader sequences_;
  const capnp::List<std::uint32_t>::Reader entity_rows_;
  const capnp::List<std::uint16_t>::Reader source_rows_;
  const capnp::List<std::uint8_t>::Reader kinds_;
  const capnp::List<std::uint16_t>::Reader id_sizes_;
  const capnp::List<std::uint16_t>::Reader undeclared_sizes_;
  const capnp::List<std::uint16_t>::Reader value_counts_;
  const capnp::List<std::uint16_t>::Reader named_sizes_;
  const capnp::List<std::uint32_t>::Reader attribute_rows_;
  const capnp::List<std::uint64_t>::Reader bits_;
  const capnp::List<std::uint8_t>::Reader qualities_;
  const capnp::List<std::uint8_t>::Reader reasons_;
  const std::vector<NamedValue> attributes_;  // without values
  const capnp::Data::Reader text_;
  const std::vector<std::string> entities_;
  const std::vector<std::string> sources_;
  const std::vector<std::string> symbols_;
  std::size_t text_at_ = 0;
  unsigned value_ = 0;
  bool whole_ = true;
};

/// `outcome` lives longer than the reader, whose destructor may throw: what is being returned then is
/// forgotten by compilers.
void read_checked(std::string_view bytes, Result<NamedRecord>& outcome) {
  kj::ArrayInputStream stream(kj::arrayPtr(reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()));
  capnp::ReaderOptions options;
  options.nestingLimit = kNestingMax;
  options.traversalLimitInWords =
      std::min(kRecordBytesMax / sizeof(capnp::word), bytes.size() * kUnpackedWordsPerByteMax + kSlackWords);
  capnp::PackedMessageReader message(stream, options);
  const auto root = message.getRoot<wire::EpochRecord>();
  NamedRecord record{root.getPosition(), root.getClock(), {}};
  BatchReader reader(root.getBatch());
  if (auto read = reader.read(record.events); !read.ok()) {
    outcome = read.error();
  } else {
    outcome = std::move(record);
  }
}

}  // namespace

Result<NamedRecord> read_named_record(std::string_view bytes) {
  Result<NamedRecord> outcome = NamedRecord{};
  try {
    read_checked(bytes, outcome);
  } catch (const kj::Exception& exception) {
    const auto description = exception.getDescription();
    return corrupt(std::string(description.cStr(), description.size()));
  } catch (const std::exception& exception) {
    return corrupt(exception.what());
  }
  return outcome;
}

}  // namespace pollux::schema
