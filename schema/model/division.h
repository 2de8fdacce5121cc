// A model of several domains as one model for each of them, joined by what links carry across.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/model/model.h"

namespace pollux::schema {

/// A source of this name and that of a domain stands for what comes from there; its events are made by
/// carriers (actors/plant/link_carrier.h), never by the field.
inline constexpr std::string_view kCarriedSourcePrefix = "domain:";

/// How much longer than its producers' events what a link carries may be under way from one domain to
/// another: a domain keeps its past that much longer, and what takes longer still is too late for it.
inline constexpr Duration kCarriageSlack = 30 * kSecond;

/// A link whose producer lies in another domain than itself. There it is an entity of the same attributes and
/// one more, `carried`, in place of its input: what the producer holds is observed, from a source that stands
/// for the producer's domain.
struct CrossingLink {
  /// `carried`, which comes after the attributes of a link.
  static constexpr AttributeSlot kCarried = 4;

  EntityIndex whole = kNone;  ///< In the undivided model.
  DomainIndex from = 0;
  EntityIndex producer = kNone;  ///< In the model of `from`.
  AttributeSlot attribute = kNoSlot;
  DomainIndex to = 0;
  EntityIndex link = kNone;  ///< In the model of `to`.
  SourceIndex source = 0;    ///< In the model of `to`.
};

/// A model by domains. Sources and attributes keep their indices; `Source::carries` come after all others.
struct DividedModel {
  struct Place {
    DomainIndex domain = 0;
    EntityIndex entity = kNone;  ///< In the model of that domain.
  };
  std::vector<std::shared_ptr<const Model>> domains;
  std::vector<Place> places;                     ///< By entity of the undivided model.
  std::vector<std::vector<EntityIndex>> wholes;  ///< By domain and its entity: that of the undivided model.
  std::vector<CrossingLink> links;
};

/// A model of one domain stays as it is. Each of several has the name `TWIN/DOMAIN`, the symbols and the
/// version of the undivided one.
DividedModel divide(const std::shared_ptr<const Model>& model);

/// The type of the far end of a link across domains. `before_all`: what its producer holds before any event.
EntityType far_end_of(EntityType link, const Value& before_all);

/// What a domain is and what it has to do with others, for people and tools.
struct DomainSummary {
  std::size_t entities = 0;
  std::size_t constraints = 0;
  std::size_t links_in = 0;  ///< From other domains.
  std::size_t links_out = 0;
};
std::vector<DomainSummary> summarise_domains(const Model& model);

/// Whether an entity is a link whose producer lies in another domain.
bool crosses(const Model& model, EntityIndex entity);

}  // namespace pollux::schema
