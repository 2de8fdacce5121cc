// A model on its way from the syntax tree to a `Model`: what is resolved so far, and what could not be.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schema/model/error_list.h"
#include "schema/model/model.h"
#include "schema/model/yaml_tree.h"
#include "schema/name_index.h"

namespace pollux::schema {

class Fields;

/// Bounds on a model; what exceeds one is an error that names it.
inline constexpr std::size_t kTypesMax = 4'096;
inline constexpr std::size_t kAttributesPerTypeMax = 1'024;
inline constexpr std::size_t kInputsPerTypeMax = 1'024;
inline constexpr std::size_t kEntitiesMax = 16'000'000;
inline constexpr std::size_t kTagsPerEntityMax = 64;
inline constexpr std::size_t kSourcesMax = 4'096;
inline constexpr std::size_t kDomainsMax = 64;

/// A state machine being read: what is still to be compiled. In the order of the machine's own lists.
struct MachineDraft {
  StateMachine machine;
  AttributeSlot state = kNoSlot;  ///< Followed by the slots of its memory and its variables.
  struct Action {
    std::size_t state;
    AttributeSlot variable;
    YamlNode value;
  };
  std::vector<Action> actions;
  std::vector<std::pair<std::size_t, YamlNode>> guards;  ///< By index of the transition.
};

/// A type being read. What is wrong with it was reported where it was found; the rest of the model is
/// checked against what is sound, so that one mistake is one message.
struct TypeDraft {
  EntityType type;
  /// False where part of it could not be understood: a name it lacks may have been meant to be there.
  bool complete = true;
  /// Attributes and inputs that exist but whose declaration is wrong; nothing is checked against them.
  std::vector<std::string> broken;
  /// Expressions still to be compiled: derived attributes, and a constraint's `requires` for its status.
  std::vector<std::pair<AttributeSlot, YamlNode>> expressions;
  std::optional<MachineDraft> machine;
  /// Of a resource that can be claimed: its `in_use`, behind all else that has a name; then its `waiting`.
  AttributeSlot counts = kNoSlot;
  /// Baseline rules still to be resolved, by the parameter they are for.
  std::vector<std::pair<AttributeSlot, YamlNode>> baselines;

  bool can_be_claimed() const { return complete && counts != kNoSlot; }
  bool is_broken(std::string_view name) const {
    return std::find(broken.begin(), broken.end(), name) != broken.end();
  }
};

/// The claims of one resource, in the order of the file.
struct QueueDraft {
  std::vector<std::string> claims;
  std::size_t declared = 0;
};

/// A claim that is declared and not yet bound to what makes it.
struct ClaimDraft {
  YamlNode by;
  EntityIndex resource = kNone;
  InputSlot input = kNoSlot;
};

/// Everything the parts of the loader share.
struct ModelDraft {
  ModelDraft(std::string name, ErrorList& error_list) : builder(std::move(name)), errors(error_list) {}

  ModelBuilder builder;
  ErrorList& errors;
  std::vector<TypeDraft> types;
  std::vector<std::string> type_names;
  NameIndex type_index;
  /// False where the types could not be read at all; entities are then not held against them.
  bool types_known = true;
  bool entities_known = true;
  /// By entity: index into `types`, or `kNone` where it has no sound type.
  std::vector<TypeIndex> entity_types;
  /// By the id of a resource.
  std::unordered_map<std::string, QueueDraft> queues;
  std::vector<ClaimDraft> claims;
  /// Parameters without a default, and the entities that give them.
  std::vector<std::pair<EntityIndex, AttributeSlot>> given;

  const TypeDraft* type_of(EntityIndex entity) const {
    return entity_types[entity] == kNone ? nullptr : &types[entity_types[entity]];
  }
};

/// Whether a value is within its attribute's range, where it has one.
bool in_range(const Value& value, const Attribute& attribute);
/// `0 to 100 %`. REQUIRES: the attribute has a range.
std::string range_text(const Attribute& attribute);

// The parts of the loader, in the order they run. Each reports to `draft.errors`.

/// Reads the `types` mapping: everything but the expressions. (model_types.cpp)
void read_types(YamlNode types, ModelDraft& draft);
/// Reads `states`, `variables` and `transitions` of a type. (model_machine.cpp)
void read_machine(const Fields& fields, TypeDraft& type, ModelDraft& draft);
/// Compiles one expression of a type; `expected` may be null. Empty where it is wrong, which was reported.
using CompileNode = std::function<std::optional<CompiledExpression>(YamlNode, const ValueSpec*)>;
/// Compiles its guards and entry actions into a step. REQUIRES: there is a machine. (model_machine.cpp)
Step compile_machine(const TypeDraft& type, const CompileNode& compile);
/// Compiles the expressions of all types and puts their steps in order. `source` is the text of the file.
/// (model_expressions.cpp)
void compile_expressions(std::string_view source, ModelDraft& draft);
/// Reads the `entities` mapping, and those of `links` and `claims` where there are any; resolves and checks
/// all bindings. (model_entities.cpp)
void read_entities(YamlNode entities, std::optional<YamlNode> links, std::optional<YamlNode> claims,
                   ModelDraft& draft);
/// What `ENTITY.ATTRIBUTE` stands for; reports where it stands for nothing sound. (model_entities.cpp)
std::optional<std::pair<EntityIndex, AttributeSlot>> resolve_attribute(YamlNode node, ModelDraft& draft);
/// Enters links as entities behind all others, each with a type of its own, and binds them. (model_links.cpp)
void declare_links(YamlNode links, ModelDraft& draft);
/// An attribute that no file declares. (model_links.cpp)
Attribute made_attribute(std::string name, Role role, const ValueSpec& spec, SourceLocation where);
/// Reads `delay`, which is longer than nothing. (model_links.cpp)
std::optional<Duration> read_link_delay(const Fields& fields, ErrorList& errors);
/// False, and reports it, where an entity has that id. (model_links.cpp)
bool check_linking_id(YamlNode key, ModelDraft& draft);
/// Enters an entity with a type of its own. (model_links.cpp)
EntityIndex add_linking_entity(YamlNode key, EntityType type, ModelDraft& draft);
/// Gives `in_use` and `waiting` to a resource with a capacity that counts. (model_claims.cpp)
void read_resource(TypeDraft& type, ErrorList& errors);
/// Notes which resource has which claims. (model_claims.cpp)
void note_claims(YamlNode claims, ModelDraft& draft);
/// The type of a resource that has these claims. REQUIRES: it is complete and has counts. (model_claims.cpp)
EntityType with_claims(const TypeDraft& type, const std::vector<std::string>& claims);
/// Enters claims as entities, each with a type of its own, bound to their resources. (model_claims.cpp)
void declare_claims(YamlNode claims, ModelDraft& draft);
/// Binds resources to what makes the claims. (model_claims.cpp)
void bind_claims(ModelDraft& draft);
/// Where the file says what makes the claim behind an input of a resource. (model_claims.cpp)
SourceLocation place_of_claim(const ModelDraft& draft, EntityIndex resource, InputSlot input);
/// The parts of the model file that say which domain what belongs to.
struct DomainNodes {
  std::optional<YamlNode> domains;
  YamlNode entities;
  std::optional<YamlNode> links;
  std::optional<YamlNode> claims;
  std::optional<YamlNode> sources;
};
/// Puts every entity and link into its domain, where there is more than one, and reports inputs bound across
/// their borders. (model_domains.cpp)
void read_domains(const DomainNodes& nodes, ModelDraft& draft);
/// Reads the `sources` mapping. (model_sources.cpp)
void read_sources(YamlNode sources, ModelDraft& draft);
/// Lays a parameter file over the entities; its mistakes go to `errors`. (model_parameters.cpp)
void read_parameter_file(std::string_view text, ModelDraft& draft, ErrorList& errors);
/// Sets one parameter of one entity, for the model file and parameter files alike. (model_parameters.cpp)
void read_parameter(YamlNode name, YamlNode value, EntityIndex entity, ModelDraft& draft, ErrorList& errors);
/// Reports parameters without a default that no one gave a value. (model_parameters.cpp)
void check_parameters_given(YamlNode entities, ModelDraft& draft);
/// Reports entities that depend on each other in a circle. Nothing may be read afterwards.
/// (model_entities.cpp)
void check_cycles(YamlNode entities, ModelDraft& draft);

}  // namespace pollux::schema
