// Domains of the model file: which entity and link belongs to which, and what may not cross their borders.
#include <algorithm>
#include <array>
#include <set>

#include "schema/model/division.h"
#include "schema/model/model_draft.h"
#include "schema/model/model_fields.h"

namespace pollux::schema {
namespace {

constexpr std::array<std::string_view, 3> kDomainKeys = {"entities", "types", "description"};
/// Where entities belong that nothing puts elsewhere.
constexpr std::string_view kRest = "main";
constexpr DomainIndex kNoDomain = 0xffff;

/// Whether `text` is what `pattern` says, whose `*` stand for any text.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resumed = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resumed = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resumed;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

class DomainReader {
 public:
  DomainReader(const DomainNodes& nodes, ModelDraft& draft)
      : nodes_(nodes),
        draft_(draft),
        errors_(draft.errors),
        ids_(draft.builder.ids()),
        domain_of_(ids_.size(), kNoDomain) {}

  void read() {
    if (nodes_.domains && !declare()) return;
    place_entities();
    if (names_.empty()) return;
    place_the_rest();
    place_links();
    place_claims();
    check_all_used();
    if (names_.size() > 1) {
      check_bindings();
      check_sources();
    }
    if (!errors_.empty()) return;
    for (const std::string& name : names_) draft_.builder.add_domain(name);
    for (EntityIndex e = 0; e < ids_.size(); ++e) draft_.builder.set_domain(e, domain_of_[e]);
  }

 private:
  bool declare() {
    if (!read_mapping(*nodes_.domains, {"domains", ""}, errors_)) return false;
    if (nodes_.domains->size() > kDomainsMax) {
      errors_.add(nodes_.domains->where(), "the model has too many domains",
                  std::to_string(nodes_.domains->size()), "at most " + std::to_string(kDomainsMax));
      return false;
    }
    for (std::size_t i = 0; i < nodes_.domains->size(); ++i) {
      check_name(nodes_.domains->key(i), NameForm::entity, errors_);
      names_.emplace_back(nodes_.domains->key(i).text());
    }
    declared_ = names_.size();
    return true;
  }

  bool is_link(EntityIndex entity) const { return draft_.types[draft_.entity_types[entity]].type.is_link(); }
  bool is_sound(EntityIndex entity) const { return draft_.entity_types[entity] != kNone; }

  /// The domain an entity or link names itself.
  DomainIndex named(YamlNode owner) {
    const auto node = owner.find("domain");
    if (!node || !check_name(*node, NameForm::entity, errors_)) return kNoDomain;
    const auto known = std::find(names_.begin(), names_.end(), node->text());
    if (known != names_.end()) return static_cast<DomainIndex>(known - names_.begin());
    if (nodes_.domains) {
      errors_.add(node->where(), "there is no such domain", node->description(),
                  "a domain declared under 'domains'", nearest_name(node->text(), names_));
      return kNoDomain;
    }
    if (names_.size() == kDomainsMax) {
      errors_.add(node->where(), "the model has too many domains", node->description(),
                  "at most " + std::to_string(kDomainsMax));
      return kNoDomain;
    }
    names_.emplace_back(node->text());
    return static_cast<DomainIndex>(names_.size() - 1);
  }

  /// What an entity says of itself counts more than what selects it.
  void place_entities() {
    for (EntityIndex e = 0; e < nodes_.entities.size(); ++e) domain_of_[e] = named(nodes_.entities.value(e));
    const std::vector<DomainIndex> own = domain_of_;
    for (std::size_t i = 0; i < declared_; ++i) {
      const Fields fields(nodes_.domains->value(i), {"domain", names_[i]}, kDomainKeys, errors_);
      if (const auto node = fields.find("description")) read_text(*node, "'description'", errors_);
      const auto domain = static_cast<DomainIndex>(i);
      if (const auto node = fields.find("entities")) {
        for_each_text(*node, "'entities' must be an id or a list of ids, where * stands for any text",
                      [&](YamlNode pattern) { select(pattern, domain, own, &DomainReader::has_id); });
      }
      if (const auto node = fields.find("types")) {
        for_each_text(*node, "'types' must be the name of a type or a list of names",
                      [&](YamlNode type) { select(type, domain, own, &DomainReader::has_type); });
      }
    }
  }

  template <class Visit>
  void for_each_text(YamlNode node, const char* rule, Visit visit) {
    if (node.is_scalar()) return visit(node);
    for (std::size_t i = 0; i < node.size() && node.is_sequence(); ++i) {
      if (node.item(i).is_scalar()) {
        visit(node.item(i));
      } else {
        errors_.add(node.item(i).where(), rule, node.item(i).description());
      }
    }
    if (!node.is_sequence()) errors_.add(node.where(), rule, node.description());
  }

  bool has_id(EntityIndex entity, std::string_view pattern) const { return matches(pattern, ids_[entity]); }
  bool has_type(EntityIndex entity, std::string_view type) const {
    return is_sound(entity) && draft_.type_of(entity)->type.name == type;
  }

  void select(YamlNode node, DomainIndex domain, const std::vector<DomainIndex>& own,
              bool (DomainReader::*fits)(EntityIndex, std::string_view) const) {
    bool any = false;
    for (EntityIndex e = 0; e < nodes_.entities.size(); ++e) {
      if (!(this->*fits)(e, node.text())) continue;
      any = true;
      if (own[e] != kNoDomain) continue;
      if (domain_of_[e] != kNoDomain && domain_of_[e] != domain) {
        errors_.add(node.where(),
                    "entity '" + ids_[e] + "' cannot belong to domain '" + names_[domain] +
                        "' as well as to '" + names_[domain_of_[e]] + "'",
                    node.description(), "one domain an entity, or 'domain: NAME' on the entity itself");
        return;
      }
      domain_of_[e] = domain;
    }
    if (!any) errors_.add(node.where(), "this selects no entity", node.description());
  }

  void place_the_rest() {
    DomainIndex rest = kNoDomain;
    for (EntityIndex e = 0; e < nodes_.entities.size(); ++e) {
      if (domain_of_[e] != kNoDomain) continue;
      if (rest == kNoDomain) {
        const auto known = std::find(names_.begin(), names_.end(), kRest);
        rest = static_cast<DomainIndex>(known - names_.begin());
        if (known == names_.end()) names_.emplace_back(kRest);
      }
      domain_of_[e] = rest;
    }
  }

  /// Calls `visit(input, producer, where)` with each sound binding of an entity or link.
  template <class Visit>
  void for_each_binding(YamlNode owner, Visit visit) const {
    const auto one = [&](std::string_view input, YamlNode node) {
      const EntityIndex producer = draft_.builder.find_entity(node.text().substr(0, node.text().find('.')));
      if (node.is_scalar() && producer != kNone) visit(input, producer, node);
    };
    if (const auto from = owner.find("from")) one("from", *from);
    const auto inputs = owner.find("inputs");
    for (std::size_t i = 0; inputs && inputs->is_mapping() && i < inputs->size(); ++i) {
      const YamlNode value = inputs->value(i);
      if (value.is_scalar()) one(inputs->key(i).text(), value);
      for (std::size_t m = 0; value.is_sequence() && m < value.size(); ++m) {
        one(inputs->key(i).text(), value.item(m));
      }
    }
  }

  /// A link belongs where it is read: to the domain it names, else to that of the entities bound to it, else
  /// to that of what it comes from.
  void place_links() {
    if (!nodes_.links || !nodes_.links->is_mapping()) return;
    const YamlNode links = *nodes_.links;
    for (std::size_t i = 0; i < links.size(); ++i) {
      const EntityIndex link = draft_.builder.find_entity(links.key(i).text());
      if (link != kNone && link >= nodes_.entities.size()) domain_of_[link] = named(links.value(i));
    }
    for (EntityIndex e = 0; e < nodes_.entities.size(); ++e) {
      for_each_binding(nodes_.entities.value(e), [&](std::string_view, EntityIndex producer, YamlNode) {
        if (domain_of_[producer] == kNoDomain) domain_of_[producer] = domain_of_[e];
      });
    }
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < links.size(); ++i) {
        const EntityIndex link = draft_.builder.find_entity(links.key(i).text());
        if (link == kNone || domain_of_[link] != kNoDomain) continue;
        for_each_binding(links.value(i), [&](std::string_view, EntityIndex producer, YamlNode) {
          domain_of_[link] = domain_of_[producer];
          moved = moved || domain_of_[link] != kNoDomain;
        });
      }
    }
    std::replace(domain_of_.begin(), domain_of_.end(), kNoDomain, DomainIndex{0});
  }

  /// A claim belongs to the domain of its resource, and so must who makes it.
  void place_claims() {
    if (!nodes_.claims || !nodes_.claims->is_mapping()) return;
    for (std::size_t i = 0; i < nodes_.claims->size(); ++i) {
      const YamlNode claim = nodes_.claims->value(i);
      const auto of = claim.find("of");
      const auto by = claim.find("by");
      if (!of || !by || !of->is_scalar() || !by->is_scalar()) continue;
      const EntityIndex index = draft_.builder.find_entity(nodes_.claims->key(i).text());
      const EntityIndex resource = draft_.builder.find_entity(of->text());
      const EntityIndex claimant = draft_.builder.find_entity(by->text().substr(0, by->text().find('.')));
      if (index == kNone || resource == kNone || claimant == kNone) continue;
      domain_of_[index] = domain_of_[resource];
      if (domain_of_[claimant] == domain_of_[resource]) continue;
      errors_.add(by->where(),
                  "'" + ids_[claimant] + "' in domain '" + names_[domain_of_[claimant]] + "' cannot claim '" +
                      ids_[resource] + "' in domain '" + names_[domain_of_[resource]] + "'",
                  by->description(), "a claimant in the resource's domain");
    }
  }

  void check_all_used() {
    const std::set<DomainIndex> used(domain_of_.begin(), domain_of_.end());
    for (std::size_t i = 0; i < declared_; ++i) {
      if (used.contains(static_cast<DomainIndex>(i))) continue;
      errors_.add(nodes_.domains->key(i).where(), "domain '" + names_[i] + "' has no entities", names_[i],
                  "'entities' or 'types' that select some, or 'domain: " + names_[i] + "' on an entity");
    }
  }

  void check_bindings() {
    for (EntityIndex e = 0; e < nodes_.entities.size() && !errors_.full(); ++e) {
      for_each_binding(
          nodes_.entities.value(e), [&](std::string_view input, EntityIndex producer, YamlNode node) {
            if (domain_of_[producer] == domain_of_[e]) return;
            const bool link = is_sound(producer) && is_link(producer);
            errors_.add(node.where(),
                        "input '" + std::string(input) + "' of '" + ids_[e] + "' in domain '" +
                            names_[domain_of_[e]] + "' cannot be bound to '" + ids_[producer] +
                            "' in domain '" + names_[domain_of_[producer]] +
                            "': change crosses from one domain to another through a link only",
                        node.description(),
                        link ? "a link of its own for each domain that reads it"
                             : "a link, declared as 'links: { NAME: { from: " + std::string(node.text()) +
                                   ", delay: DURATION } }', and NAME.value here");
          });
    }
  }

  void check_sources() {
    for (std::size_t i = 0; nodes_.sources && i < nodes_.sources->size(); ++i) {
      const YamlNode key = nodes_.sources->is_mapping() ? nodes_.sources->key(i) : *nodes_.sources;
      if (!key.text().starts_with(kCarriedSourcePrefix)) continue;
      errors_.add(key.where(),
                  "names of sources that begin with '" + std::string(kCarriedSourcePrefix) +
                      "' stand for what links carry between domains",
                  key.description(), "another name");
    }
  }

  const DomainNodes& nodes_;
  ModelDraft& draft_;
  ErrorList& errors_;
  const std::vector<std::string>& ids_;
  std::vector<std::string> names_;
  std::size_t declared_ = 0;
  std::vector<DomainIndex> domain_of_;  // by entity, links included
};

}  // namespace

void read_domains(const DomainNodes& nodes, ModelDraft& draft) {
  DomainReader(nodes, draft).read();
}

}  // namespace pollux::schema
