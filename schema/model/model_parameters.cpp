// Values of parameters: in the model file, and in parameter files laid over it.
#include <algorithm>
#include <array>

#include "schema/model/model_draft.h"
#include "schema/model/model_fields.h"

namespace pollux::schema {
namespace {

constexpr std::array<std::string_view, 1> kFileKeys = {"parameters"};
constexpr std::array<std::string_view, 2> kEntryKeys = {"value", "evidence"};

/// The parameter that `name` names, or `kNoSlot` after saying why not.
AttributeSlot find_parameter(YamlNode name, const TypeDraft& draft, ErrorList& errors) {
  const EntityType& type = draft.type;
  const AttributeSlot slot = type.find_attribute(name.text());
  if (slot != kNoSlot && type.attributes[slot].role == Role::parameter) return slot;
  if (!draft.complete || draft.is_broken(name.text())) return kNoSlot;
  if (slot != kNoSlot && type.attributes[slot].role != Role::memory) {
    errors.add(name.where(), "only parameters are given a value here",
               name.description() + ", which is " + name_of(type.attributes[slot].role),
               "a parameter of type '" + type.name + "'");
    return kNoSlot;
  }
  std::vector<std::string> parameters;
  for (const Attribute& attribute : type.attributes) {
    if (attribute.role == Role::parameter) parameters.push_back(attribute.name);
  }
  errors.add(name.where(), "type '" + type.name + "' has no parameter '" + name.description() + "'",
             name.description(),
             parameters.empty() ? "no parameters"
                                : joined(std::vector<std::string_view>(parameters.begin(), parameters.end())),
             nearest_name(name.text(), parameters));
  return kNoSlot;
}

/// `VALUE`, or `{value: VALUE, evidence: ANYTHING}`.
void read_entry(YamlNode name, YamlNode entry, EntityIndex entity, ModelDraft& draft, ErrorList& errors) {
  if (!entry.is_mapping()) {
    read_parameter(name, entry, entity, draft, errors);
    return;
  }
  const Fields fields(entry, {"parameter", name.text()}, kEntryKeys, errors);
  if (const auto value = fields.require("value", "the parameter's value")) {
    read_parameter(name, *value, entity, draft, errors);
  }
}

void read_entity_entries(YamlNode id, YamlNode entries, ModelDraft& draft, ErrorList& errors) {
  const EntityIndex entity = draft.builder.find_entity(id.text());
  if (entity == kNone) {
    errors.add(id.where(), "the model has no entity '" + id.description() + "'", id.description(),
               "an entity of the model", nearest_name(id.text(), draft.builder.ids()));
    return;
  }
  if (!read_mapping(entries, {"entity", id.text()}, errors)) return;
  for (std::size_t i = 0; i < entries.size() && !errors.full(); ++i) {
    read_entry(entries.key(i), entries.value(i), entity, draft, errors);
  }
}

}  // namespace

void read_parameter(YamlNode name, YamlNode value, EntityIndex entity, ModelDraft& draft, ErrorList& errors) {
  const TypeDraft* type = draft.type_of(entity);
  const AttributeSlot slot = type ? find_parameter(name, *type, errors) : kNoSlot;
  if (slot == kNoSlot) return;
  const Attribute& parameter = type->type.attributes[slot];
  if (parameter.initial.quality == Quality::unknown) draft.given.emplace_back(entity, slot);
  if (type->is_broken(parameter.name)) return;
  const auto read = read_value(value, "'" + parameter.name + "'", parameter.spec, draft.builder, errors);
  if (!read) return;
  if (!in_range(*read, parameter)) {
    errors.add(value.where(), "the value of '" + parameter.name + "' is outside its range",
               value.description(), range_text(parameter));
    return;
  }
  draft.builder.set_parameter(entity, slot, *read);
}

void read_parameter_file(std::string_view text, ModelDraft& draft, ErrorList& errors) {
  const auto tree = YamlTree::read(text, errors);
  if (!tree) return;
  const Fields fields(tree->root(), {"a parameter file", ""}, kFileKeys, errors);
  const auto parameters = fields.require("parameters", "{ENTITY: {NAME: VALUE}}");
  if (!parameters || !read_mapping(*parameters, {"parameters", ""}, errors)) return;
  for (std::size_t i = 0; i < parameters->size() && !errors.full(); ++i) {
    read_entity_entries(parameters->key(i), parameters->value(i), draft, errors);
  }
  draft.builder.add_parameter_text(std::string(text));
}

void check_parameters_given(YamlNode entities, ModelDraft& draft) {
  std::sort(draft.given.begin(), draft.given.end());
  for (EntityIndex entity = 0; entity < draft.entity_types.size() && !draft.errors.full(); ++entity) {
    const TypeDraft* type = draft.type_of(entity);
    if (!type) continue;
    for (AttributeSlot slot = 0; slot < type->type.attributes.size(); ++slot) {
      const Attribute& parameter = type->type.attributes[slot];
      if (parameter.role != Role::parameter || parameter.initial.quality != Quality::unknown ||
          type->is_broken(parameter.name) ||
          std::binary_search(draft.given.begin(), draft.given.end(), std::pair(entity, slot))) {
        continue;
      }
      draft.errors.add(entities.key(entity).where(),
                       "parameter '" + parameter.name + "' of entity '" + draft.builder.ids()[entity] +
                           "' has no value, and type '" + type->type.name + "' no default for it",
                       "", parameter.name + ": " + describe(parameter.spec, draft.builder));
    }
  }
}

}  // namespace pollux::schema
