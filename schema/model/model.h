// The compiled model: what a twin consists of, resolved, typed and checked. Immutable once built.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schema/diagnostic.h"
#include "schema/expression/expression.h"
#include "schema/expression/program.h"
#include "schema/step/aggregate.h"
#include "schema/step/step.h"
#include "schema/time.h"
#include "schema/unit.h"
#include "schema/value.h"
#include "schema/well_known.h"

namespace pollux::schema {

using TypeIndex = std::uint32_t;
using EntityIndex = std::uint32_t;
using SourceIndex = std::uint16_t;
using InputSlot = std::uint16_t;
using DomainIndex = std::uint16_t;

inline constexpr std::uint32_t kNone = 0xffff'ffff;

/// What an entity stands for. The engine treats all alike; people and selectors do not.
enum class Kind : std::uint8_t { asset, process, constraint, flow, resource };
const char* name_of(Kind kind);

/// Where an attribute's value comes from.
enum class Role : std::uint8_t {
  parameter,  ///< The model, or a command.
  observed,   ///< Events.
  derived,    ///< A step of the type, from other operands.
  state,      ///< The state of the type's machine, or one of its variables.
  memory,     ///< What a stateful step must remember; part of the state, not shown to clients.
};
const char* name_of(Role role);

/// What `pollux baseline` computes over a fault-free run.
enum class Statistic : std::uint8_t { min, max, mean, stddev, quantile };
const char* name_of(Statistic statistic);

/// How `pollux baseline` learns a parameter: a statistic of an attribute or single input of the same entity.
struct BaselineRule {
  std::string of;             ///< The attribute or input, as named in the type.
  std::uint16_t operand = 0;  ///< The same as an operand index of the type.
  Statistic statistic = Statistic::mean;
  double quantile = 0;  ///< Between 0 and 1; for `Statistic::quantile` only.
  double margin = 0;    ///< How far the bound is moved outwards, as a fraction.
  /// From the operand's unit (for a standard deviation: a span in it) to the parameter's.
  Conversion conversion;
};

/// One attribute of a type.
struct Attribute {
  std::string name;
  Role role = Role::derived;
  ValueSpec spec;
  std::optional<std::pair<double, double>> range;  ///< Observed numbers: what a source may report, inclusive.
  Duration expect_every = 0;   ///< Observed: silence longer than this is staleness; 0 = never.
  bool sample_latest = false;  ///< Observed: of what is new in an epoch, only the latest makes a version.
  Value initial;               ///< Parameters: the default; unknown where each entity must give one.
  Duration retain = 0;         ///< How much further back than others its past is kept: some step looks at it.
  /// Memory: the observed attribute of which it tells when it was last reported (the bits are an EventTime).
  AttributeSlot reported = kNoSlot;
  bool handed_on = false;                ///< Memory: other entities are bound to it all the same.
  std::string expression;                ///< Derived: the text as written; of a link, what it does.
  std::optional<BaselineRule> baseline;  ///< Parameters: how it is learned, where it is.
  SourceLocation where;
};

/// One input port of a type.
struct Input {
  std::string name;
  ValueSpec spec;
  bool many = false;  ///< Bound to any number of attributes, read through aggregates.
  std::uint16_t operand =
      kNoSlot;  ///< Single inputs: the operand index; many-inputs have aggregates instead.
  SourceLocation where;
};

/// An aggregate over a many-input that some expression of the type uses.
struct AggregateUse {
  InputSlot input = 0;
  AggregateFunction function = AggregateFunction::sum;
  std::uint16_t operand = kNoSlot;
};

enum class Severity : std::uint8_t { info, warning, critical };
const char* name_of(Severity severity);

/// What is particular to types of kind constraint.
struct ConstraintRule {
  AttributeSlot status = kNoSlot;  ///< The attribute that holds satisfied / violated / unknown.
  std::string requires_text;
  Duration hold = 0;
  Severity severity = Severity::warning;
};

/// A type: the shape and behaviour its entities share. Operands of its programs are laid out as
/// attributes [0, attributes.size()), then single inputs, then aggregates.
struct EntityType {
  std::string name;
  Kind kind = Kind::asset;
  std::string description;
  std::vector<Attribute> attributes;
  std::vector<Input> inputs;
  std::vector<AggregateUse> aggregates;
  std::vector<Step> steps;  ///< In evaluation order: a step reads only attributes written before it.
  bool samples = false;     ///< Some attribute has `sample_latest`. Set by the builder.
  bool plain =
      true;  ///< Every step is a plain expression, and nothing is noted of reports. Set by the builder.
  /// The operands that steps read and none of them writes, ascending. Set by the builder.
  std::vector<std::uint16_t> given;
  std::optional<ConstraintRule> constraint;
  std::uint16_t operand_count = 0;
  Duration link_delay = 0;  ///< Of a link; 0: an ordinary type.
  SourceLocation where;

  /// Whether its entities are links: their output follows their input after a delay greater than zero, so
  /// that a circle through one of them is none.
  bool is_link() const { return link_delay > 0; }

  AttributeSlot find_attribute(std::string_view attribute) const;  ///< kNoSlot when there is none.
  InputSlot find_input(std::string_view input) const;              ///< kNoSlot when there is none.
};

/// What an input is bound to: an attribute of another entity, and how to convert its unit.
struct Binding {
  EntityIndex producer = kNone;
  AttributeSlot attribute = kNoSlot;
  Conversion conversion;
};

/// A source of events and what may be expected of it.
struct Source {
  std::string name;
  Duration allowed_lateness = 0;  ///< How far behind the twin's clock an event may be and still revise.
  Duration clock_tolerance = 5 * kSecond;  ///< How far ahead of the twin's clock (wall clock mode).
  /// Not of the field: it stands for another domain, and its sequence numbers are that domain's positions.
  bool carries = false;
};

/// One binding of a cycle: `producer.attribute -> consumer.input`.
struct BindingCycleStep {
  EntityIndex producer = kNone;
  AttributeSlot attribute = kNoSlot;
  EntityIndex consumer = kNone;
  InputSlot input = kNoSlot;
};

/// Collects a model in parts; used by the YAML loader, and by benchmarks and tests to make models in code.
/// REQUIRES throughout: what is added is consistent (the loader checks and reports; here it is asserted).
class Model;
class ModelBuilder {
 public:
  explicit ModelBuilder(std::string name);

  Symbol intern(std::string_view text);
  std::optional<Symbol> find_symbol(std::string_view text) const;
  std::string_view symbol_text(Symbol symbol) const;
  TypeIndex add_type(EntityType type);
  SourceIndex add_source(Source source);
  EntityIndex add_entity(std::string id, TypeIndex type);
  void set_parameter(EntityIndex entity, AttributeSlot attribute, Value value);
  void add_tag(EntityIndex entity, std::string tag);
  /// Appends to the bindings of one input, in the order they will be aggregated.
  void bind(EntityIndex consumer, InputSlot input, Binding binding);
  /// Domains are numbered as they are added; without any, all belongs to one of no name.
  DomainIndex add_domain(std::string name);
  /// Entities not put anywhere belong to the first domain.
  void set_domain(EntityIndex entity, DomainIndex domain);
  /// The canonical text the version hash is taken of (the model file as written).
  void set_source_text(std::string text);
  /// Adds the text of a parameter file to what the version hash is taken of.
  void add_parameter_text(std::string text);
  /// Takes over the texts, and with them the version, of another model.
  void set_texts_of(const Model& model);

  /// Entities added so far; `kNone` when there is none of that id.
  EntityIndex find_entity(std::string_view id) const;
  const std::vector<std::string>& ids() const;
  TypeIndex type_index(EntityIndex entity) const;

  /// One cycle of each group of entities that depend on each other in a circle without a link, in the
  /// direction of the bindings. Nothing may be added afterwards.
  std::vector<std::vector<BindingCycleStep>> find_cycles();

  /// REQUIRES: there is no cycle.
  Model build() &&;

 private:
  friend class Model;
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

/// The whole model. Immutable; shared by reference between threads. Entity indices are dense and in
/// declaration order; `topological_order` holds each entity after all its producers.
class Model {
 public:
  /// Symbols every model has, at fixed indices.
  static constexpr Symbol kSatisfied = symbols::kSatisfied;
  static constexpr Symbol kViolated = symbols::kViolated;
  static constexpr Symbol kUnknown = symbols::kUnknown;
  /// The name of the source that stands for every one not declared.
  static constexpr std::string_view kDefaultSource = "*";

  const std::string& name() const;
  /// BLAKE2b-256 of the source text (and of the parameter files laid over it, each after a zero byte),
  /// lower-case hex: the model version.
  const std::string& version() const;
  const std::string& source_text() const;

  std::span<const EntityType> types() const;
  const EntityType& type(TypeIndex index) const;
  std::span<const Source> sources() const;

  std::size_t entity_count() const;
  /// All entity ids, by entity index.
  const std::vector<std::string>& ids() const;
  const std::string& id(EntityIndex entity) const;
  TypeIndex type_index(EntityIndex entity) const;
  const EntityType& type_of(EntityIndex entity) const;
  std::span<const std::string> tags(EntityIndex entity) const;
  /// The initial value of a parameter: the entity's own, or the type's default.
  Value parameter(EntityIndex entity, AttributeSlot attribute) const;
  std::span<const Binding> bindings(EntityIndex entity, InputSlot input) const;
  /// The distinct entities that have an input bound to `entity`, ascending.
  std::span<const EntityIndex> dependents(EntityIndex entity) const;
  /// Each entity after all its producers; links, whose output does not follow at once, before theirs maybe.
  std::span<const EntityIndex> topological_order() const;
  /// Whether what follows from events depends on which of them arrived in one epoch.
  bool samples() const;
  bool is_link(EntityIndex entity) const { return type_of(entity).is_link(); }

  /// `kNone` / nullopt when there is none.
  EntityIndex find_entity(std::string_view id) const;
  /// A source not declared is the default source, where there is one.
  std::optional<SourceIndex> find_source(std::string_view name) const;
  /// The known entity id nearest to a wrong one, or empty. Cost is linear in the number of entities.
  std::string nearest_entity(std::string_view id) const;

  /// Domains, in order of declaration; at least one. `divide` makes a model of each.
  std::size_t domain_count() const;
  const std::string& domain_name(DomainIndex domain) const;
  DomainIndex domain_of(EntityIndex entity) const;

  std::optional<Symbol> find_symbol(std::string_view text) const;
  std::string_view symbol_text(Symbol symbol) const;
  /// Symbols are numbered from 0 on.
  std::size_t symbol_count() const;

 private:
  friend class ModelBuilder;
  explicit Model(std::shared_ptr<const ModelBuilder::Parts> parts);
  std::shared_ptr<const ModelBuilder::Parts> parts_;
};

}  // namespace pollux::schema
