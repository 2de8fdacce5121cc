// Which entities a request is about: by id, type, kind, tag, domain.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/model/model.h"
#include "schema/result.h"
#include "server/http/message.h"

namespace pollux::server {

/// All conditions must hold; an empty one always does.
struct Selection {
  std::vector<schema::EntityIndex> entities;  ///< Sorted; any of these.
  std::optional<schema::TypeIndex> type;
  std::optional<schema::Kind> kind;
  std::string tag;
  std::optional<schema::DomainIndex> domain;

  bool includes(const schema::Model& model, schema::EntityIndex entity) const;
};

/// From the parameters `entity` (repeatable), `type`, `kind`, `tag` and `domain`. Errors: not_found for an
/// entity, invalid for a type, kind or domain the model does not have, with the nearest name as advice.
schema::Result<Selection> parse_selection(const Target& target, const schema::Model& model);

/// From the parameter `domain` alone. Errors: invalid.
schema::Result<std::optional<schema::DomainIndex>> parse_domain(const Target& target,
                                                                const schema::Model& model);
/// The domains that a selection by domain leaves: one, or all.
std::vector<schema::DomainIndex> domains_of(const schema::Model& model,
                                            std::optional<schema::DomainIndex> selected);

/// The 404 for an entity id, with the nearest one.
Reply unknown_entity(const schema::Model& model, std::string_view id);
/// The 404 for an attribute of a known entity, with the nearest one. Memory attributes are not shown.
Reply unknown_attribute(const schema::Model& model, schema::EntityIndex entity, std::string_view attribute);

}  // namespace pollux::server
