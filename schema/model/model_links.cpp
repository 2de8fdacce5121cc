// Links of the model file: connections whose far end follows the near end after a delay.
#include <array>

#include "schema/assert.h"
#include "schema/expression/program_builder.h"
#include "schema/model/division.h"
#include "schema/model/model_draft.h"
#include "schema/model/model_fields.h"
#include "schema/time.h"

namespace pollux::schema {
namespace {

constexpr std::array<std::string_view, 6> kLinkKeys = {"from",    "delay",       "capacity",
                                                       "initial", "description", "domain"};
constexpr std::size_t kLinksMax = 100'000;
constexpr double kCapacityMax = 1'000'000;

Program load_of(std::uint16_t operand, ValueType type) {
  ProgramBuilder builder;
  const Slot slot = builder.load(operand, type);
  return *builder.finish(slot, type);
}

/// What a link does. Its changes enter one after another, no more of them within its delay than its capacity;
/// those in between are passed over, the last one never is.
EntityType link_type(const ValueSpec& spec, const Temporal& entrance, Duration delay, SourceLocation where) {
  EntityType type;
  type.name = "link";
  type.kind = Kind::flow;
  type.where = where;
  type.link_delay = delay;
  type.attributes = {made_attribute("value", Role::derived, spec, where),
                     made_attribute("sent", Role::derived, spec, where),
                     made_attribute("sent.at", Role::memory, {}, where),
                     made_attribute("offered", Role::memory, spec, where)};
  type.attributes[0].expression = "sent, " + format_duration(delay) + " later";
  type.attributes[1].expression = "from";
  if (entrance.span > 0)
    type.attributes[1].expression += ", one change in " + format_duration(entrance.span) + " at most";
  const Temporal carry{TemporalFunction::delay, delay, 0, {}};
  type.attributes[1].retain = carry.reach();
  const auto operand = static_cast<std::uint16_t>(type.attributes.size());
  type.inputs = {Input{"from", spec, false, operand, where}};
  type.operand_count = static_cast<std::uint16_t>(operand + 1);
  type.steps = {Step::expression(3, load_of(operand, spec.type)), Step::of(entrance, 1, 3),
                Step::of(carry, 0, 1)};
  return type;
}

class LinkReader {
 public:
  LinkReader(YamlNode key, YamlNode node, ModelDraft& draft)
      : key_(key),
        draft_(draft),
        errors_(draft.errors),
        fields_(node, {"link", key.text()}, kLinkKeys, errors_) {}

  void read() {
    if (!check_linking_id(key_, draft_)) return;
    const auto from = fields_.require("from", "ENTITY.ATTRIBUTE");
    const auto delay = read_link_delay(fields_, errors_);
    const auto producer = from ? resolve_attribute(*from, draft_) : std::nullopt;
    if (!producer || !delay) return;
    const Attribute& sent = draft_.type_of(producer->first)->type.attributes[producer->second];
    if (draft_.type_of(producer->first)->is_broken(sent.name)) return;
    const ValueSpec spec = sent.spec;  // adding a type moves what it belongs to
    Temporal entrance{TemporalFunction::entrance, read_gap(*delay), 0,
                      Value::unknown(spec.type, Reason::not_yet_observed)};
    if (const auto initial = fields_.find("initial")) {
      const auto value = read_value(*initial, "'initial'", spec, draft_.builder, errors_);
      if (value) entrance.initial = *value;
    }
    const EntityIndex link =
        add_linking_entity(key_, link_type(spec, entrance, *delay, key_.where()), draft_);
    draft_.builder.bind(link, 0, {producer->first, producer->second, {}});
  }

 private:
  /// How far apart changes enter; 0 where nothing limits them.
  Duration read_gap(Duration delay) {
    const auto node = fields_.find("capacity");
    const auto capacity = node ? read_number(*node, "'capacity'", Unit{}, errors_) : std::nullopt;
    if (!capacity) return 0;
    if (*capacity >= 1 && *capacity <= kCapacityMax &&
        *capacity == static_cast<double>(static_cast<int>(*capacity))) {
      return std::max<Duration>(1, delay / static_cast<Duration>(*capacity));
    }
    errors_.add(node->where(), "'capacity' is how many changes are on their way at most", node->description(),
                "a whole number from 1 to 1000000");
    return 0;
  }

  YamlNode key_;
  ModelDraft& draft_;
  ErrorList& errors_;
  Fields fields_;
};

}  // namespace

Attribute made_attribute(std::string name, Role role, const ValueSpec& spec, SourceLocation where) {
  Attribute result;
  result.name = std::move(name);
  result.role = role;
  result.spec = spec;
  result.initial = Value::unknown(spec.type, Reason::not_yet_observed);
  result.where = where;
  return result;
}

std::optional<Duration> read_link_delay(const Fields& fields, ErrorList& errors) {
  const auto node = fields.require("delay", "DURATION");
  const auto delay = node ? read_duration(*node, "'delay'", errors) : std::nullopt;
  if (!delay || *delay > 0) return delay;
  errors.add(node->where(), "a link takes some time: without a delay, a circle through it would have no end",
             node->description(), "a delay longer than nothing, such as 1 s");
  return std::nullopt;
}

bool check_linking_id(YamlNode key, ModelDraft& draft) {
  check_name(key, NameForm::entity, draft.errors);
  if (draft.builder.find_entity(key.text()) == kNone) return true;
  draft.errors.add(key.where(), "'" + std::string(key.text()) + "' is the id of an entity already",
                   std::string(key.text()), "a name of its own");
  return false;
}

EntityIndex add_linking_entity(YamlNode key, EntityType type, ModelDraft& draft) {
  const TypeIndex built = draft.builder.add_type(type);
  TypeDraft of_its_own;
  of_its_own.type = std::move(type);
  draft.entity_types.push_back(static_cast<TypeIndex>(draft.types.size()));
  draft.types.push_back(std::move(of_its_own));
  return draft.builder.add_entity(std::string(key.text()), built);
}

/// The input becomes an observed attribute in the same place, so that every step stays as it is.
EntityType far_end_of(EntityType link, const Value& before_all) {
  const Input& from = link.inputs.front();
  POLLUX_ASSERT(from.operand == link.attributes.size() && from.operand == CrossingLink::kCarried);
  Attribute carried = made_attribute("carried", Role::observed, from.spec, from.where);
  carried.initial = before_all;
  link.attributes.push_back(std::move(carried));
  link.inputs.clear();
  link.link_delay = 0;
  return link;
}

void declare_links(YamlNode links, ModelDraft& draft) {
  if (!read_mapping(links, {"links", ""}, draft.errors)) return;
  if (links.size() > kLinksMax) {
    draft.errors.add(links.where(), "the model has too many links", std::to_string(links.size()),
                     "at most " + std::to_string(kLinksMax));
    return;
  }
  for (std::size_t i = 0; i < links.size() && !draft.errors.full(); ++i) {
    LinkReader(links.key(i), links.value(i), draft).read();
  }
}

}  // namespace pollux::schema
