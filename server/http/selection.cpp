#include "server/http/selection.h"

#include <algorithm>
#include <array>

#include "schema/diagnostic.h"
#include "server/http/positions.h"
#include "server/http/problem.h"

namespace pollux::server {
namespace {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

constexpr std::array kKinds = {schema::Kind::asset, schema::Kind::process, schema::Kind::constraint,
                               schema::Kind::flow, schema::Kind::resource};

Error unknown_name(const std::string& what, std::string_view name, const std::vector<std::string>& known) {
  const std::string nearest = schema::nearest_name(name, known);
  return {ErrorCode::invalid, "there is no " + what + " `" + std::string(name) + "`", what,
          nearest.empty() ? "" : "did you mean `" + nearest + "`?"};
}

Error unknown_kind(std::string_view name, const std::vector<std::string>& known) {
  Error error = unknown_name("kind", name, known);
  if (!error.advice.empty()) return error;
  for (const std::string& each : known) error.advice += (error.advice.empty() ? "one of " : ", ") + each;
  return error;
}

Result<schema::TypeIndex> find_type(const schema::Model& model, std::string_view name) {
  const auto types = model.types();
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i].name == name) return static_cast<schema::TypeIndex>(i);
  }
  std::vector<std::string> known;
  for (const auto& type : types) known.push_back(type.name);
  return unknown_name("type", name, known);
}

Result<schema::Kind> find_kind(std::string_view name) {
  std::vector<std::string> known;
  for (const schema::Kind kind : kKinds) {
    if (name == schema::name_of(kind)) return kind;
    known.emplace_back(schema::name_of(kind));
  }
  return unknown_kind(name, known);
}

}  // namespace

bool Selection::includes(const schema::Model& model, schema::EntityIndex entity) const {
  if (!entities.empty() && !std::binary_search(entities.begin(), entities.end(), entity)) return false;
  if (type && model.type_index(entity) != *type) return false;
  if (kind && model.type_of(entity).kind != *kind) return false;
  if (domain && model.domain_of(entity) != *domain) return false;
  if (tag.empty()) return true;
  const auto tags = model.tags(entity);
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

Result<Selection> parse_selection(const Target& target, const schema::Model& model) {
  Selection selection;
  for (const std::string_view id : target.all("entity")) {
    const schema::EntityIndex entity = model.find_entity(id);
    if (entity == schema::kNone) {
      const std::string nearest = model.nearest_entity(id);
      return Error{ErrorCode::not_found, "there is no entity `" + std::string(id) + "`", "entity",
                   nearest.empty() ? "" : "did you mean `" + nearest + "`?"};
    }
    selection.entities.push_back(entity);
  }
  std::sort(selection.entities.begin(), selection.entities.end());
  if (const auto name = target.parameter("type")) {
    auto type = find_type(model, *name);
    if (!type.ok()) return type.error();
    selection.type = *type;
  }
  if (const auto name = target.parameter("kind")) {
    auto kind = find_kind(*name);
    if (!kind.ok()) return kind.error();
    selection.kind = *kind;
  }
  selection.tag = target.parameter("tag").value_or("");
  auto domain = parse_domain(target, model);
  if (!domain.ok()) return domain.error();
  selection.domain = *domain;
  return selection;
}

Result<std::optional<schema::DomainIndex>> parse_domain(const Target& target, const schema::Model& model) {
  const auto name = target.parameter("domain");
  if (!name) return std::optional<schema::DomainIndex>();
  auto domain = find_domain(model, *name);
  if (!domain.ok()) return domain.error();
  return std::optional(*domain);
}

std::vector<schema::DomainIndex> domains_of(const schema::Model& model,
                                            std::optional<schema::DomainIndex> selected) {
  std::vector<schema::DomainIndex> domains;
  for (schema::DomainIndex d = 0; d < model.domain_count(); ++d) {
    if (!selected || *selected == d) domains.push_back(d);
  }
  return domains;
}

Reply unknown_entity(const schema::Model& model, std::string_view id) {
  return problem(404, {"there is no entity `" + std::string(id) + "` in twin `" + model.name() + "`", "", "",
                       model.nearest_entity(id)});
}

Reply unknown_attribute(const schema::Model& model, schema::EntityIndex entity, std::string_view attribute) {
  std::vector<std::string> known;
  for (const auto& each : model.type_of(entity).attributes) {
    if (each.role != schema::Role::memory) known.push_back(each.name);
  }
  return problem(404, {"entity `" + model.id(entity) + "` (type " + model.type_of(entity).name +
                           ") has no attribute `" + std::string(attribute) + "`",
                       "", "", schema::nearest_name(attribute, known)});
}

}  // namespace pollux::server
