// Entities of the model file: parameters, tags, and the bindings between them.
#include <algorithm>
#include <array>

#include "schema/model/model_draft.h"
#include "schema/model/model_fields.h"

namespace pollux::schema {
namespace {

constexpr std::array<std::string_view, 6> kEntityKeys = {"type",       "description", "tags",
                                                         "parameters", "inputs",      "domain"};

/// Enters every entity with its type, so that bindings can refer forward.
void declare_entities(YamlNode entities, ModelDraft& draft) {
  std::vector<TypeIndex> built;
  built.reserve(draft.types.size());
  for (const TypeDraft& type : draft.types) built.push_back(draft.builder.add_type(type.type));
  // Entities of unknown type need one to stand in; a model with an error is never built.
  const TypeIndex stand_in = draft.types.empty() ? draft.builder.add_type({}) : kNone;
  for (std::size_t i = 0; i < entities.size(); ++i) {
    const YamlNode key = entities.key(i);
    check_name(key, NameForm::entity, draft.errors);
    const auto type_node = entities.value(i).find("type");
    TypeIndex type = kNone;
    if (type_node && type_node->is_scalar()) {
      const std::uint32_t found = draft.type_index.find(type_node->text(), draft.type_names);
      if (found != NameIndex::kAbsent) type = found;
    }
    draft.entity_types.push_back(type);
    const TypeIndex any = draft.types.empty() ? stand_in : built[0];
    TypeIndex own = type == kNone ? any : built[type];
    const auto queue = draft.queues.find(std::string(key.text()));
    if (type != kNone && queue != draft.queues.end() && draft.types[type].can_be_claimed())
      own = draft.builder.add_type(with_claims(draft.types[type], queue->second.claims));
    draft.builder.add_entity(std::string(key.text()), own);
  }
}

class EntityReader {
 public:
  EntityReader(EntityIndex entity, YamlNode key, YamlNode node, ModelDraft& draft)
      : entity_(entity),
        key_(key),
        id_(key.text()),
        draft_(draft),
        type_(draft.type_of(entity)),
        errors_(draft.errors),
        fields_(node, {"entity", id_}, kEntityKeys, draft.errors) {}

  void read() {
    check_type();
    if (const auto node = fields_.find("description")) read_text(*node, "'description'", errors_);
    if (const auto node = fields_.find("tags")) read_tags(*node);
    if (const auto node = fields_.find("parameters")) read_parameters(*node);
    const auto inputs = fields_.find("inputs");
    if (inputs) read_inputs(*inputs);
    if (fields_.complete() && (!inputs || !inputs->is_scalar())) check_all_bound(inputs);
  }

 private:
  void check_type() {
    const auto node = fields_.require("type", "the name of a type");
    if (!node || type_ || !draft_.types_known) return;
    errors_.add(node->where(), "there is no such type", node->description(), "a type declared under 'types'",
                nearest_name(node->text(), draft_.type_names));
  }

  void read_tags(YamlNode node) {
    if (!node.is_sequence() || node.size() > kTagsPerEntityMax) {
      errors_.add(node.where(), "'tags' must be a list of names", node.description(),
                  "[TAG, ...], at most " + std::to_string(kTagsPerEntityMax));
      return;
    }
    for (std::size_t i = 0; i < node.size(); ++i) {
      if (!check_name(node.item(i), NameForm::entity, errors_)) continue;
      draft_.builder.add_tag(entity_, std::string(node.item(i).text()));
    }
  }

  void read_parameters(YamlNode node) {
    if (!read_mapping(node, {"parameters", ""}, errors_)) return;
    for (std::size_t i = 0; i < node.size(); ++i) {
      read_parameter(node.key(i), node.value(i), entity_, draft_, errors_);
    }
  }

  void read_inputs(YamlNode node) {
    if (!read_mapping(node, {"inputs", ""}, errors_)) return;
    for (std::size_t i = 0; i < node.size(); ++i) read_input(node.key(i), node.value(i));
  }

  void read_input(YamlNode key, YamlNode value) {
    const InputSlot slot = type_ ? type_->type.find_input(key.text()) : kNoSlot;
    if (type_ && slot == kNoSlot && type_->complete && !type_->is_broken(key.text())) {
      const auto inputs = names_of(type_->type.inputs);
      errors_.add(
          key.where(), "type '" + type_->type.name + "' has no input '" + key.description() + "'",
          key.description(),
          inputs.empty() ? "no inputs" : joined(std::vector<std::string_view>(inputs.begin(), inputs.end())),
          nearest_name(key.text(), inputs));
    }
    const Input* input = slot == kNoSlot ? nullptr : &type_->type.inputs[slot];
    const bool broken = input && type_->is_broken(input->name);
    if (value.is_sequence()) {
      if (input && !input->many && !broken) {
        errors_.add(value.where(), "input '" + input->name + "' takes one attribute, not a list",
                    "a list of " + std::to_string(value.size()),
                    "ENTITY.ATTRIBUTE, or 'many: true' in type '" + type_->type.name + "'");
        return;
      }
      read_members(slot, value, broken);
      return;
    }
    bind(slot, value, broken);
  }

  void read_members(InputSlot slot, YamlNode list, bool broken) {
    std::vector<std::pair<EntityIndex, AttributeSlot>> members;
    for (std::size_t i = 0; i < list.size() && !errors_.full(); ++i) {
      if (const auto member = bind(slot, list.item(i), broken)) members.push_back(*member);
    }
    // Twice in a list is twice in a sum: nobody means that.
    std::sort(members.begin(), members.end());
    const auto twice = std::adjacent_find(members.begin(), members.end());
    if (twice == members.end()) return;
    const std::string name = draft_.builder.ids()[twice->first] + "." +
                             draft_.type_of(twice->first)->type.attributes[twice->second].name;
    SourceLocation where = list.where();
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list.item(i).text() == name) where = list.item(i).where();
    }
    errors_.add(where, "'" + name + "' is listed twice for the same input", name, "each attribute once");
  }

  /// Resolves `ENTITY.ATTRIBUTE` and binds it; what it stands for, where it stands for something sound.
  std::optional<std::pair<EntityIndex, AttributeSlot>> bind(InputSlot slot, YamlNode node, bool broken) {
    const auto target = resolve_attribute(node, draft_);
    if (!target) return std::nullopt;
    const TypeDraft& producer = *draft_.type_of(target->first);
    const Attribute& attribute = producer.type.attributes[target->second];
    if (slot == kNoSlot || broken || producer.is_broken(attribute.name)) return target;
    const Input& input = type_->type.inputs[slot];
    if (!fits(attribute.spec, input.spec)) {
      errors_.add(node.where(), "input '" + input.name + "' cannot be bound to this attribute",
                  node.description() + ", " + describe(attribute.spec, draft_.builder),
                  describe(input.spec, draft_.builder));
      return target;
    }
    Binding binding{target->first, target->second, {}};
    if (input.spec.type == ValueType::number) {
      binding.conversion = conversion(attribute.spec.unit, input.spec.unit);
    }
    draft_.builder.bind(entity_, slot, binding);
    return target;
  }

  static bool fits(const ValueSpec& from, const ValueSpec& to) {
    if (from.type != to.type) return false;
    if (from.type == ValueType::number) return convertible(from.unit, to.unit);
    return std::all_of(from.symbols.begin(), from.symbols.end(), [&](Symbol symbol) {
      return std::find(to.symbols.begin(), to.symbols.end(), symbol) != to.symbols.end();
    });
  }

  void check_all_bound(std::optional<YamlNode> inputs) {
    if (!type_) return;
    for (const Input& input : type_->type.inputs) {
      if (inputs && inputs->find(input.name)) continue;
      // A wrong name among them was probably meant to be this one.
      if (inputs && has_unknown_name(*inputs)) return;
      errors_.add(key_.where(),
                  "input '" + input.name + "' of entity '" + std::string(id_) + "' is not bound", "",
                  input.name + ": " + (input.many ? "[ENTITY.ATTRIBUTE, ...]" : "ENTITY.ATTRIBUTE") + ", " +
                      (type_->is_broken(input.name) ? "" : describe(input.spec, draft_.builder)));
    }
  }

  bool has_unknown_name(YamlNode inputs) const {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (type_->type.find_input(inputs.key(i).text()) == kNoSlot) return true;
    }
    return false;
  }

  EntityIndex entity_;
  YamlNode key_;
  std::string_view id_;
  ModelDraft& draft_;
  const TypeDraft* type_;
  ErrorList& errors_;
  Fields fields_;
};

std::optional<std::pair<EntityIndex, AttributeSlot>> attribute_of(YamlNode node, EntityIndex producer,
                                                                  std::string_view name, ModelDraft& draft) {
  const TypeDraft* type = draft.type_of(producer);
  if (!type) return std::nullopt;
  const AttributeSlot slot = type->type.find_attribute(name);
  if (slot != kNoSlot && type->type.attributes[slot].role != Role::memory) return std::pair(producer, slot);
  if (type->complete && !type->is_broken(name)) {
    std::vector<std::string> names;
    for (const Attribute& each : type->type.attributes) {
      if (each.role != Role::memory) names.push_back(each.name);
    }
    SourceLocation where = node.where();
    where.column += static_cast<int>(node.text().find('.')) + 1 + (node.is_quoted() ? 1 : 0);
    draft.errors.add(where,
                     "type '" + type->type.name + "' of '" + draft.builder.ids()[producer] +
                         "' has no attribute '" + std::string(name) + "'",
                     node.description(),
                     names.empty() ? "" : joined(std::vector<std::string_view>(names.begin(), names.end())),
                     nearest_name(name, names));
  }
  return std::nullopt;
}

/// Where an entity binds an input.
SourceLocation place_of_binding(YamlNode entities, const BindingCycleStep& step, const ModelDraft& draft) {
  const std::vector<Input>& declared = draft.type_of(step.consumer)->type.inputs;
  if (step.input >= declared.size()) return place_of_claim(draft, step.consumer, step.input);
  const auto inputs = entities.value(step.consumer).find("inputs");
  const auto node = inputs ? inputs->find(declared[step.input].name) : std::nullopt;
  return node ? node->where() : entities.key(step.consumer).where();
}

}  // namespace

std::optional<std::pair<EntityIndex, AttributeSlot>> resolve_attribute(YamlNode node, ModelDraft& draft) {
  const std::string_view text = node.text();
  const std::size_t dot = text.find('.');
  const bool well_formed = dot != std::string_view::npos && dot > 0 && dot + 1 < text.size() &&
                           text.find('.', dot + 1) == std::string_view::npos;
  if (!well_formed) {
    draft.errors.add(node.where(), "an input is bound to an attribute of an entity", node.description(),
                     "ENTITY.ATTRIBUTE");
    return std::nullopt;
  }
  const std::string_view id = text.substr(0, dot);
  const EntityIndex producer = draft.builder.find_entity(id);
  if (producer == kNone) {
    draft.errors.add(node.where(), "there is no entity '" + std::string(id) + "'", node.description(),
                     "an entity declared under 'entities', a link or a claim",
                     nearest_name(id, draft.builder.ids()));
    return std::nullopt;
  }
  return attribute_of(node, producer, text.substr(dot + 1), draft);
}

void read_entities(YamlNode entities, std::optional<YamlNode> links, std::optional<YamlNode> claims,
                   ModelDraft& draft) {
  if (!read_mapping(entities, {"entities", ""}, draft.errors)) {
    draft.entities_known = false;
    return;
  }
  if (entities.size() > kEntitiesMax) {
    draft.errors.add(entities.where(), "the model has too many entities", std::to_string(entities.size()),
                     "at most " + std::to_string(kEntitiesMax));
    draft.entities_known = false;
    return;
  }
  if (claims) note_claims(*claims, draft);
  declare_entities(entities, draft);
  if (claims) declare_claims(*claims, draft);
  if (links) declare_links(*links, draft);
  bind_claims(draft);
  for (EntityIndex i = 0; i < entities.size() && !draft.errors.full(); ++i) {
    EntityReader(i, entities.key(i), entities.value(i), draft).read();
  }
}

void check_cycles(YamlNode entities, ModelDraft& draft) {
  const auto& ids = draft.builder.ids();
  for (const auto& cycle : draft.builder.find_cycles()) {
    if (draft.errors.full()) return;
    const auto name = [&](const BindingCycleStep& step) {
      return ids[step.producer] + "." + draft.type_of(step.producer)->type.attributes[step.attribute].name;
    };
    std::string path;
    for (const BindingCycleStep& step : cycle) path += name(step) + " -> ";
    path += name(cycle.front());
    draft.errors.add(place_of_binding(entities, cycle.back(), draft),
                     "entities depend on each other in a circle", path,
                     "no circle: feedback goes through a link with a delay, declared under 'links'");
  }
}

}  // namespace pollux::schema
