#include "schema/model/division.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "schema/assert.h"
#include "schema/step/initial_state.h"

namespace pollux::schema {
namespace {

/// One domain's model in the making.
class DomainBuilder {
 public:
  DomainBuilder(const Model& whole, DomainIndex domain)
      : whole_(whole),
        builder_(whole.name() + "/" + whole.domain_name(domain)),
        types_(whole.types().size(), kNone) {
    for (Symbol symbol = 0; symbol < whole.symbol_count(); ++symbol) {
      builder_.intern(whole.symbol_text(symbol));
    }
    for (const Source& source : whole.sources()) builder_.add_source(source);
    builder_.set_texts_of(whole);
    builder_.add_domain(whole.domain_name(domain));
  }

  EntityIndex add(EntityIndex entity) {
    TypeIndex& type = types_[whole_.type_index(entity)];
    if (type == kNone) type = builder_.add_type(whole_.type_of(entity));
    return add(entity, type);
  }

  EntityIndex add_far_end(EntityIndex link, const Value& before_all) {
    return add(link, builder_.add_type(far_end_of(whole_.type_of(link), before_all)));
  }

  SourceIndex source_for(const std::string& domain, const Source& like) {
    const auto [known, is_new] = carried_.try_emplace(domain, SourceIndex{0});
    if (is_new) {
      Source source = like;
      source.name = std::string(kCarriedSourcePrefix) + domain;
      source.carries = true;
      known->second = builder_.add_source(std::move(source));
    }
    return known->second;
  }

  void bind(EntityIndex consumer, InputSlot input, const Binding& binding) {
    builder_.bind(consumer, input, binding);
  }

  std::shared_ptr<const Model> build() && {
    return std::make_shared<const Model>(std::move(builder_).build());
  }

 private:
  EntityIndex add(EntityIndex entity, TypeIndex type) {
    const EntityIndex own = builder_.add_entity(whole_.id(entity), type);
    const auto& attributes = whole_.type_of(entity).attributes;
    for (AttributeSlot a = 0; a < attributes.size(); ++a) {
      if (attributes[a].role != Role::parameter) continue;
      const Value value = whole_.parameter(entity, a);
      if (value != attributes[a].initial) builder_.set_parameter(own, a, value);
    }
    for (const std::string& tag : whole_.tags(entity)) builder_.add_tag(own, tag);
    return own;
  }

  const Model& whole_;
  ModelBuilder builder_;
  std::vector<TypeIndex> types_;  // by type of the undivided model
  std::map<std::string, SourceIndex> carried_;
};

/// What may still be revised in one domain must be let into another; all domains know all sources, so that is
/// the same for each.
Source carried_like(const Model& model) {
  Source source;
  for (const Source& each : model.sources()) {
    source.allowed_lateness = std::max(source.allowed_lateness, each.allowed_lateness);
    source.clock_tolerance = std::max(source.clock_tolerance, each.clock_tolerance);
  }
  source.allowed_lateness += kCarriageSlack;
  return source;
}

CrossingLink crossing(const Model& model, EntityIndex link, const DividedModel& divided) {
  const Binding& from = model.bindings(link, 0).front();
  const DividedModel::Place& producer = divided.places[from.producer];
  const DividedModel::Place& place = divided.places[link];
  return {link, producer.domain, producer.entity, from.attribute, place.domain, place.entity, 0};
}

void bind_within(const Model& model, EntityIndex consumer, const DividedModel& divided,
                 DomainBuilder& builder) {
  for (InputSlot input = 0; input < model.type_of(consumer).inputs.size(); ++input) {
    for (Binding binding : model.bindings(consumer, input)) {
      POLLUX_ASSERT(divided.places[binding.producer].domain == divided.places[consumer].domain,
                    "only links lead from one domain to another");
      binding.producer = divided.places[binding.producer].entity;
      builder.bind(divided.places[consumer].entity, input, binding);
    }
  }
}

}  // namespace

DividedModel divide(const std::shared_ptr<const Model>& model) {
  DividedModel divided;
  divided.places.resize(model->entity_count());
  divided.wholes.resize(model->domain_count());
  const bool one = model->domain_count() == 1;
  std::vector<DomainBuilder> builders;
  std::vector<std::vector<Value>> beginning;
  if (!one) {
    for (std::size_t d = 0; d < model->domain_count(); ++d) {
      builders.emplace_back(*model, static_cast<DomainIndex>(d));
    }
    beginning = initial_state(*model);
  }
  for (EntityIndex entity = 0; entity < model->entity_count(); ++entity) {
    const DomainIndex domain = model->domain_of(entity);
    EntityIndex own = entity;
    if (!one && crosses(*model, entity)) {
      const Binding& from = model->bindings(entity, 0).front();
      own = builders[domain].add_far_end(entity, beginning[from.producer][from.attribute]);
    } else if (!one) {
      own = builders[domain].add(entity);
    }
    divided.places[entity] = {domain, own};
    divided.wholes[domain].push_back(entity);
  }
  if (one) {
    divided.domains.push_back(model);
    return divided;
  }
  for (EntityIndex entity = 0; entity < model->entity_count(); ++entity) {
    DomainBuilder& builder = builders[model->domain_of(entity)];
    if (!crosses(*model, entity)) {
      bind_within(*model, entity, divided, builder);
      continue;
    }
    CrossingLink& link = divided.links.emplace_back(crossing(*model, entity, divided));
    link.source = builder.source_for(model->domain_name(link.from), carried_like(*model));
  }
  for (DomainBuilder& builder : builders) divided.domains.push_back(std::move(builder).build());
  return divided;
}

}  // namespace pollux::schema
