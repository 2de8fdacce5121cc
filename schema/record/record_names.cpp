#include "schema/record/record_names.h"

#include <algorithm>

#include "schema/record/journal_wire.h"

namespace pollux::schema {
namespace {

constexpr const char* kModelAdvice =
    "start with the model version the record was written under, or keep what it names in the model";

std::string_view view(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}

}  // namespace

Error corrupt_record(std::string message) {
  return {ErrorCode::corrupt, "this is not a readable journal record: " + std::move(message), {}, {}};
}

const char* RecordNames::advice() {
  return kModelAdvice;
}

Result<void> RecordNames::read_attributes(wire::EventBatch::Reader in) {
  attributes_.clear();
  for (const auto entry : in.getAttributes()) {
    const auto type = static_cast<std::uint16_t>(entry.getType());
    if (type >= kStoredCount<ValueType>) return corrupt_record("unknown value type " + std::to_string(type));
    attributes_.push_back(
        {view(entry.getName()), view(entry.getUnit()), static_cast<ValueType>(type), ResolvedAttribute{}});
  }
  return {};
}

Result<void> RecordNames::read(wire::EventBatch::Reader in) {
  entities_.clear();
  for (const auto text : in.getEntities()) entities_.push_back({view(text), model_.find_entity(view(text))});
  sources_.clear();
  for (const auto text : in.getSources()) sources_.push_back({view(text), model_.find_source(view(text))});
  symbols_.clear();
  for (const auto text : in.getSymbols()) symbols_.push_back(view(text));
  return read_attributes(in);
}

Result<void> RecordNames::check(const StoredEntity& stored) const {
  if (stored.index != kNone) return {};
  return Error{ErrorCode::not_found,
               "it speaks of entity `" + std::string(stored.name) + "`, which the model does not have",
               {},
               kModelAdvice};
}

Result<void> RecordNames::resolve(StoredAttribute& stored, TypeIndex type_index) const {
  const EntityType& type = model_.type(type_index);
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
    if (!unit.ok()) return corrupt_record("the unit of attribute " + name + ": " + unit.error().message);
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

Result<Value> RecordNames::symbol(std::uint64_t bits, Quality quality, Reason reason,
                                  const Attribute& attribute) const {
  if (bits >= symbols_.size()) return corrupt_record("a symbol points outside the record's table");
  const std::string_view text = symbols_[bits];
  const auto symbol = model_.find_symbol(text);
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

}  // namespace pollux::schema
