#include "schema/model/model.h"

#include <sodium/crypto_generichash.h>

#include <algorithm>
#include <array>
#include <set>

#include "schema/assert.h"
#include "schema/graph/dependency_order.h"
#include "schema/grouped.h"
#include "schema/name_index.h"

namespace pollux::schema {
namespace {

/// An entity's own value for a parameter of its type.
struct ParameterOverride {
  AttributeSlot attribute = kNoSlot;
  Value value;
};

std::vector<std::uint16_t> given_operands(const EntityType& type) {
  std::set<std::uint16_t> given;
  for (const Step& step : type.steps) given.insert(step.reads.begin(), step.reads.end());
  for (const Step& step : type.steps) {
    given.erase(given.lower_bound(step.target), given.lower_bound(step.target + step.width));
  }
  return {given.begin(), given.end()};
}

/// BLAKE2b-256 in lower-case hex of the texts, with a zero byte between them (which YAML cannot contain).
std::string version_of(const std::string& source, const std::vector<std::string>& parameters) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, 32);
  const auto update = [&](std::string_view text) {
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  };
  update(source);
  for (const std::string& text : parameters) {
    update(std::string_view("\0", 1));
    update(text);
  }
  std::array<unsigned char, 32> hash{};
  crypto_generichash_final(&state, hash.data(), hash.size());
  std::string hex;
  for (const unsigned char byte : hash) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

template <class Items>
std::uint16_t position_of(std::string_view name, const Items& items) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const auto& x) { return x.name == name; });
  return found == items.end() ? kNoSlot : static_cast<std::uint16_t>(found - items.begin());
}

}  // namespace

struct ModelBuilder::Parts {
  std::string name;
  std::string version;
  std::string source_text;
  std::vector<std::string> parameter_texts;

  std::vector<std::string> symbols;
  NameIndex symbol_index;
  std::vector<EntityType> types;
  std::vector<Source> sources;
  std::optional<SourceIndex> default_source;

  std::vector<std::string> ids;
  NameIndex id_index;
  std::vector<TypeIndex> entity_types;
  std::vector<std::string> domains;
  std::vector<DomainIndex> entity_domains;  // empty where all belong to the first
  /// Inputs of all entities are numbered in one go, so that bindings are grouped by a dense row.
  std::vector<std::uint32_t> first_input;
  std::uint32_t input_count = 0;

  Grouped<Binding> bindings;
  Grouped<ParameterOverride> overrides;
  Grouped<std::string> tags;
  Grouped<EntityIndex> dependents;
  std::vector<EntityIndex> order;
  bool has_links = false;

  bool linked = false;
  GroupedBuilder<Binding> pending_bindings;
  GroupedBuilder<ParameterOverride> pending_overrides;
  GroupedBuilder<std::string> pending_tags;

  std::optional<Symbol> find_symbol(std::string_view text) const {
    const std::uint32_t symbol = symbol_index.find(text, symbols);
    return symbol == NameIndex::kAbsent ? std::nullopt : std::optional<Symbol>(symbol);
  }
  const EntityType& type_of(EntityIndex entity) const { return types[entity_types[entity]]; }
  void check_type(const EntityType& type) const;
  void check_bindings() const;
  /// The distinct consumers of each entity, with links among them or without.
  Grouped<EntityIndex> consumers(bool with_links) const;
  /// Who has to be evaluated after whom.
  Grouped<EntityIndex> instant_dependents() const { return has_links ? consumers(false) : dependents; }
  void link();
  BindingCycleStep step_between(EntityIndex producer, EntityIndex consumer) const;
};

void ModelBuilder::Parts::check_type(const EntityType& type) const {
  POLLUX_ASSERT(type.attributes.size() < kNoSlot && type.inputs.size() < kNoSlot, "a type is too large");
  for (const Step& step : type.steps) {
    POLLUX_ASSERT(std::size_t{step.target} + step.width <= type.attributes.size(), "a step has no target");
    for (const std::uint16_t operand : step.reads) {
      POLLUX_ASSERT(operand < type.operand_count, "a step reads beyond its operands");
    }
  }
}

void ModelBuilder::Parts::check_bindings() const {
  for (EntityIndex entity = 0; entity < ids.size(); ++entity) {
    const EntityType& type = type_of(entity);
    for (InputSlot slot = 0; slot < type.inputs.size(); ++slot) {
      const auto bound = bindings[first_input[entity] + slot];
      POLLUX_ASSERT(type.inputs[slot].many || bound.size() == 1,
                    "a single input has not exactly one binding");
      for (const Binding& binding : bound) {
        POLLUX_ASSERT(binding.producer < ids.size(), "a binding names no entity");
        POLLUX_ASSERT(binding.attribute < type_of(binding.producer).attributes.size(),
                      "a binding names no attribute");
      }
    }
  }
}

BindingCycleStep ModelBuilder::Parts::step_between(EntityIndex producer, EntityIndex consumer) const {
  for (InputSlot input = 0; input < type_of(consumer).inputs.size(); ++input) {
    for (const Binding& binding : bindings[first_input[consumer] + input]) {
      if (binding.producer == producer) return {producer, binding.attribute, consumer, input};
    }
  }
  POLLUX_ASSERT(false, "no binding between an entity and its dependent");
}

/// Groups what has been added so far; with nothing added since, it changes nothing.
void ModelBuilder::Parts::link() {
  if (linked) return;
  linked = true;
  bindings = std::move(pending_bindings).build(input_count);
  overrides = std::move(pending_overrides).build(ids.size());
  tags = std::move(pending_tags).build(ids.size());
  pending_bindings = {};
  pending_overrides = {};
  pending_tags = {};
  dependents = consumers(true);
}

Grouped<EntityIndex> ModelBuilder::Parts::consumers(bool with_links) const {
  // Consumers are visited in ascending order, so an equal consumer of the same producer is the latest one.
  const auto for_each_edge = [this, with_links](auto&& visit) {
    std::vector<EntityIndex> latest(ids.size(), kNone);
    for (EntityIndex consumer = 0; consumer < ids.size(); ++consumer) {
      if (!with_links && type_of(consumer).is_link()) continue;
      const std::size_t end = first_input[consumer] + type_of(consumer).inputs.size();
      for (std::size_t input = first_input[consumer]; input < end; ++input) {
        for (const Binding& binding : bindings[input]) {
          if (latest[binding.producer] == consumer) continue;
          latest[binding.producer] = consumer;
          visit(binding.producer, consumer);
        }
      }
    }
  };
  std::vector<std::uint32_t> offsets(ids.size() + 1, 0);
  for_each_edge([&](EntityIndex producer, EntityIndex) { ++offsets[producer + 1]; });
  for (std::size_t i = 0; i < ids.size(); ++i) offsets[i + 1] += offsets[i];
  std::vector<std::uint32_t> next(offsets.begin(), offsets.end() - 1);
  std::vector<EntityIndex> found(offsets.back());
  for_each_edge([&](EntityIndex producer, EntityIndex consumer) { found[next[producer]++] = consumer; });
  return {std::move(offsets), std::move(found)};
}

ModelBuilder::ModelBuilder(std::string name) : parts_(std::make_shared<Parts>()) {
  parts_->name = std::move(name);
  POLLUX_ASSERT(intern("satisfied") == Model::kSatisfied, "symbol order");
  POLLUX_ASSERT(intern("violated") == Model::kViolated, "symbol order");
  POLLUX_ASSERT(intern("unknown") == Model::kUnknown, "symbol order");
}

Symbol ModelBuilder::intern(std::string_view text) {
  if (const auto known = parts_->find_symbol(text)) return *known;
  const auto symbol = static_cast<Symbol>(parts_->symbols.size());
  parts_->symbols.emplace_back(text);
  parts_->symbol_index.insert(symbol, parts_->symbols);
  return symbol;
}

std::optional<Symbol> ModelBuilder::find_symbol(std::string_view text) const {
  return parts_->find_symbol(text);
}

std::string_view ModelBuilder::symbol_text(Symbol symbol) const {
  return parts_->symbols[symbol];
}

TypeIndex ModelBuilder::add_type(EntityType type) {
  parts_->check_type(type);
  type.given = given_operands(type);
  type.plain = std::ranges::all_of(type.steps, &Step::is_plain) &&
               std::ranges::all_of(type.attributes, [](const Attribute& a) { return a.reported == kNoSlot; });
  type.samples = std::ranges::any_of(type.attributes, &Attribute::sample_latest);
  parts_->has_links = parts_->has_links || type.is_link();
  parts_->types.push_back(std::move(type));
  return static_cast<TypeIndex>(parts_->types.size() - 1);
}

SourceIndex ModelBuilder::add_source(Source source) {
  POLLUX_ASSERT(parts_->sources.size() < kNoSlot, "too many sources");
  const auto index = static_cast<SourceIndex>(parts_->sources.size());
  if (source.name == Model::kDefaultSource) parts_->default_source = index;
  parts_->sources.push_back(std::move(source));
  return index;
}

EntityIndex ModelBuilder::add_entity(std::string id, TypeIndex type) {
  Parts& parts = *parts_;
  POLLUX_ASSERT(type < parts.types.size(), "an entity of no type");
  POLLUX_ASSERT(parts.ids.size() < kNone, "too many entities");
  const auto entity = static_cast<EntityIndex>(parts.ids.size());
  parts.ids.push_back(std::move(id));
  POLLUX_ASSERT(parts.id_index.insert(entity, parts.ids), "two entities with the same id");
  parts.entity_types.push_back(type);
  parts.first_input.push_back(parts.input_count);
  parts.input_count += static_cast<std::uint32_t>(parts.types[type].inputs.size());
  return entity;
}

void ModelBuilder::set_parameter(EntityIndex entity, AttributeSlot attribute, Value value) {
  POLLUX_ASSERT(entity < parts_->ids.size(), "a parameter of no entity");
  const auto& attributes = parts_->type_of(entity).attributes;
  POLLUX_ASSERT(attribute < attributes.size() && attributes[attribute].role == Role::parameter,
                "only parameters have values in the model");
  POLLUX_ASSERT(!parts_->linked, "nothing is added after looking for cycles");
  parts_->pending_overrides.add(entity, {attribute, value});
}

void ModelBuilder::add_tag(EntityIndex entity, std::string tag) {
  POLLUX_ASSERT(!parts_->linked, "nothing is added after looking for cycles");
  parts_->pending_tags.add(entity, std::move(tag));
}

void ModelBuilder::bind(EntityIndex consumer, InputSlot input, Binding binding) {
  POLLUX_ASSERT(consumer < parts_->ids.size(), "an input of no entity");
  POLLUX_ASSERT(input < parts_->type_of(consumer).inputs.size(), "no such input");
  POLLUX_ASSERT(!parts_->linked, "nothing is added after looking for cycles");
  parts_->pending_bindings.add(parts_->first_input[consumer] + input, binding);
}

void ModelBuilder::set_source_text(std::string text) {
  parts_->source_text = std::move(text);
}

void ModelBuilder::add_parameter_text(std::string text) {
  parts_->parameter_texts.push_back(std::move(text));
}

void ModelBuilder::set_texts_of(const Model& model) {
  parts_->source_text = model.parts_->source_text;
  parts_->parameter_texts = model.parts_->parameter_texts;
}

DomainIndex ModelBuilder::add_domain(std::string name) {
  POLLUX_ASSERT(parts_->domains.size() < kNoSlot, "too many domains");
  parts_->domains.push_back(std::move(name));
  return static_cast<DomainIndex>(parts_->domains.size() - 1);
}

void ModelBuilder::set_domain(EntityIndex entity, DomainIndex domain) {
  Parts& parts = *parts_;
  POLLUX_ASSERT(entity < parts.ids.size() && domain < parts.domains.size(), "no such entity or domain");
  if (parts.entity_domains.size() < parts.ids.size()) parts.entity_domains.resize(parts.ids.size(), 0);
  parts.entity_domains[entity] = domain;
}

EntityIndex ModelBuilder::find_entity(std::string_view id) const {
  return parts_->id_index.find(id, parts_->ids);
}

const std::vector<std::string>& ModelBuilder::ids() const {
  return parts_->ids;
}
TypeIndex ModelBuilder::type_index(EntityIndex entity) const {
  return parts_->entity_types[entity];
}

std::vector<std::vector<BindingCycleStep>> ModelBuilder::find_cycles() {
  Parts& parts = *parts_;
  parts.link();
  std::vector<std::vector<BindingCycleStep>> cycles;
  for (const auto& entities : schema::find_cycles(parts.instant_dependents())) {
    auto& steps = cycles.emplace_back();
    for (std::size_t i = 0; i < entities.size(); ++i) {
      steps.push_back(parts.step_between(entities[i], entities[(i + 1) % entities.size()]));
    }
  }
  return cycles;
}

Model ModelBuilder::build() && {
  Parts& parts = *parts_;
  parts.version = version_of(parts.source_text, parts.parameter_texts);
  parts.ids.shrink_to_fit();
  parts.entity_types.shrink_to_fit();
  parts.first_input.shrink_to_fit();
  if (parts.domains.empty()) parts.domains.emplace_back();
  if (!parts.entity_domains.empty()) parts.entity_domains.resize(parts.ids.size(), 0);
  parts.link();
  parts.check_bindings();
  parts.order = schema::topological_order(parts.instant_dependents());
  POLLUX_ASSERT(parts.order.size() == parts.ids.size(), "the bindings have a cycle");
  return Model(std::move(parts_));
}

Model::Model(std::shared_ptr<const ModelBuilder::Parts> parts) : parts_(std::move(parts)) {}

const std::string& Model::name() const {
  return parts_->name;
}
const std::string& Model::version() const {
  return parts_->version;
}
const std::string& Model::source_text() const {
  return parts_->source_text;
}
std::span<const EntityType> Model::types() const {
  return parts_->types;
}
const EntityType& Model::type(TypeIndex index) const {
  return parts_->types[index];
}
bool Model::samples() const {
  return std::ranges::any_of(parts_->types, &EntityType::samples);
}
std::span<const Source> Model::sources() const {
  return parts_->sources;
}
std::size_t Model::entity_count() const {
  return parts_->ids.size();
}
const std::string& Model::id(EntityIndex entity) const {
  return parts_->ids[entity];
}
TypeIndex Model::type_index(EntityIndex entity) const {
  return parts_->entity_types[entity];
}
const EntityType& Model::type_of(EntityIndex entity) const {
  return parts_->type_of(entity);
}
const std::vector<std::string>& Model::ids() const {
  return parts_->ids;
}
std::span<const std::string> Model::tags(EntityIndex entity) const {
  return parts_->tags[entity];
}
std::span<const EntityIndex> Model::topological_order() const {
  return parts_->order;
}

Value Model::parameter(EntityIndex entity, AttributeSlot attribute) const {
  const auto own = parts_->overrides[entity];
  const auto latest =
      std::find_if(own.rbegin(), own.rend(), [&](const auto& x) { return x.attribute == attribute; });
  return latest == own.rend() ? type_of(entity).attributes[attribute].initial : latest->value;
}

std::span<const Binding> Model::bindings(EntityIndex entity, InputSlot input) const {
  return parts_->bindings[parts_->first_input[entity] + input];
}

std::span<const EntityIndex> Model::dependents(EntityIndex entity) const {
  return parts_->dependents[entity];
}

EntityIndex Model::find_entity(std::string_view id) const {
  return parts_->id_index.find(id, parts_->ids);
}

std::optional<SourceIndex> Model::find_source(std::string_view name) const {
  const SourceIndex index = position_of(name, parts_->sources);
  return index == kNoSlot ? parts_->default_source : std::optional(index);
}

std::size_t Model::domain_count() const {
  return parts_->domains.size();
}
const std::string& Model::domain_name(DomainIndex domain) const {
  return parts_->domains[domain];
}
DomainIndex Model::domain_of(EntityIndex entity) const {
  return parts_->entity_domains.empty() ? DomainIndex{0} : parts_->entity_domains[entity];
}

std::optional<Symbol> Model::find_symbol(std::string_view text) const {
  return parts_->find_symbol(text);
}

std::size_t Model::symbol_count() const {
  return parts_->symbols.size();
}

std::string_view Model::symbol_text(Symbol symbol) const {
  return parts_->symbols[symbol];
}

AttributeSlot EntityType::find_attribute(std::string_view attribute) const {
  return position_of(attribute, attributes);
}

InputSlot EntityType::find_input(std::string_view input) const {
  return position_of(input, inputs);
}

}  // namespace pollux::schema
