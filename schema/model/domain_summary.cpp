#include "schema/model/division.h"

namespace pollux::schema {

bool crosses(const Model& model, EntityIndex entity) {
  if (!model.is_link(entity)) return false;
  return model.domain_of(model.bindings(entity, 0).front().producer) != model.domain_of(entity);
}

std::vector<DomainSummary> summarise_domains(const Model& model) {
  std::vector<DomainSummary> domains(model.domain_count());
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    DomainSummary& domain = domains[model.domain_of(entity)];
    ++domain.entities;
    domain.constraints += model.type_of(entity).kind == Kind::constraint ? 1 : 0;
    if (!crosses(model, entity)) continue;
    ++domain.links_in;
    ++domains[model.domain_of(model.bindings(entity, 0).front().producer)].links_out;
  }
  return domains;
}

}  // namespace pollux::schema
