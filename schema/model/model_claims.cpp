// Claims of the model file: who takes part in the queue of which resource.
#include <algorithm>
#include <array>

#include "schema/model/model_draft.h"
#include "schema/model/model_fields.h"

namespace pollux::schema {
namespace {

constexpr std::array<std::string_view, 4> kClaimKeys = {"by", "of", "delay", "description"};
constexpr std::size_t kClaimsMax = 100'000;
constexpr std::size_t kClaimsPerResourceMax = 10'000;

constexpr const char* kCapacity = "capacity";
constexpr std::array<const char*, kResourceCounts> kCounts = {"in_use", "waiting"};

/// Where each operand comes to stand when the places of claims are put behind the counts, and their inputs
/// behind the single ones.
std::vector<std::uint16_t> with_room(const EntityType& type, std::size_t counts_end, std::size_t claims) {
  std::vector<std::uint16_t> to(type.operand_count);
  const std::size_t aggregates_from = type.operand_count - type.aggregates.size();
  for (std::size_t i = 0; i < to.size(); ++i) {
    const std::size_t shift = i < counts_end ? 0 : i < aggregates_from ? claims : 2 * claims;
    to[i] = static_cast<std::uint16_t>(i + shift);
  }
  return to;
}

/// What a claimant is told: its place with the resource, on its way like all that enters a link.
EntityType claim_type(Duration delay, SourceLocation where) {
  ValueSpec truth;
  truth.type = ValueType::boolean;
  ValueSpec seconds;
  seconds.unit = *parse_unit("s");
  EntityType type;
  type.name = "claim";
  type.kind = Kind::flow;
  type.where = where;
  type.link_delay = delay;
  type.attributes = {made_attribute("granted", Role::derived, truth, where),
                     made_attribute("waiting", Role::derived, truth, where),
                     made_attribute("waited", Role::derived, seconds, where),
                     made_attribute("told", Role::memory, {}, where),
                     made_attribute("sent", Role::memory, {}, where),
                     made_attribute("sent.at", Role::memory, {}, where),
                     made_attribute("offered", Role::memory, {}, where)};
  const Temporal entrance{TemporalFunction::entrance, 0, 0, place::none()};
  const Temporal carry{TemporalFunction::delay, delay, 0, {}};
  type.attributes[4].retain = carry.reach();
  const auto operand = static_cast<std::uint16_t>(type.attributes.size());
  type.inputs = {Input{"place", {}, false, operand, where}};
  type.operand_count = static_cast<std::uint16_t>(operand + 1);
  type.steps = {Step::copy(6, operand), Step::of(entrance, 4, 6), Step::of(carry, 3, 4),
                Step::claim_answer(0, 3)};
  return type;
}

class ClaimReader {
 public:
  ClaimReader(YamlNode key, YamlNode node, ModelDraft& draft)
      : key_(key),
        draft_(draft),
        errors_(draft.errors),
        fields_(node, {"claim", key.text()}, kClaimKeys, errors_) {}

  void read() {
    if (!check_linking_id(key_, draft_)) return;
    if (const auto node = fields_.find("description")) read_text(*node, "'description'", errors_);
    const auto by = fields_.require("by", "ENTITY.ATTRIBUTE, a truth value");
    const auto of = fields_.require("of", "the id of a resource");
    const EntityIndex resource = of ? read_resource_id(*of) : kNone;
    const auto delay = read_link_delay(fields_, errors_);
    const Duration told_after = delay.value_or(kSecond);  // it is there, though wrong: what names it is right
    const EntityIndex claim = add_linking_entity(key_, claim_type(told_after, key_.where()), draft_);
    if (!by || resource == kNone || !delay) return;
    QueueDraft& queue = draft_.queues.at(draft_.builder.ids()[resource]);
    const TypeDraft& type = *draft_.type_of(resource);
    if (queue.declared == queue.claims.size()) return;  // there are too many
    const std::size_t n = queue.declared++;
    const auto input = static_cast<InputSlot>(type.type.inputs.size() + n);
    const auto place = static_cast<AttributeSlot>(type.counts + kResourceCounts + n);
    draft_.claims.push_back({*by, resource, input});
    draft_.builder.bind(claim, 0, {resource, place, {}});
  }

 private:
  EntityIndex read_resource_id(YamlNode of) {
    const EntityIndex entity = of.is_scalar() ? draft_.builder.find_entity(of.text()) : kNone;
    if (entity == kNone) {
      errors_.add(of.where(), "there is no entity '" + of.description() + "'", of.description(),
                  "the id of a resource", nearest_name(of.text(), draft_.builder.ids()));
      return kNone;
    }
    const TypeDraft* type = draft_.type_of(entity);
    if (type == nullptr || !type->complete) return kNone;
    if (type->can_be_claimed()) return entity;
    errors_.add(
        of.where(), "'" + of.description() + "' cannot be claimed",
        std::string("kind: ") + name_of(type->type.kind) +
            (type->type.kind == Kind::resource ? ", without a 'capacity' that is a plain number" : ""),
        "an entity of a type of kind: resource that has a 'capacity'");
    return kNone;
  }

  YamlNode key_;
  ModelDraft& draft_;
  ErrorList& errors_;
  Fields fields_;
};

}  // namespace

void read_resource(TypeDraft& draft, ErrorList& errors) {
  EntityType& type = draft.type;
  const AttributeSlot capacity = type.find_attribute(kCapacity);
  if (type.kind != Kind::resource || capacity == kNoSlot || draft.is_broken(kCapacity)) return;
  const ValueSpec& spec = type.attributes[capacity].spec;
  if (spec.type != ValueType::number || !spec.unit.is_plain()) return;
  for (const char* name : kCounts) {
    const AttributeSlot attribute = type.find_attribute(name);
    const InputSlot input = type.find_input(name);
    if (attribute == kNoSlot && input == kNoSlot) continue;
    errors.add(attribute != kNoSlot ? type.attributes[attribute].where : type.inputs[input].where,
               "a resource with a capacity counts 'in_use' and 'waiting' itself", name, "another name");
    draft.broken.emplace_back(name);
  }
  draft.counts = static_cast<AttributeSlot>(type.attributes.size());
  for (const char* name : kCounts) {
    type.attributes.push_back(made_attribute(name, Role::derived, {}, type.where));
  }
}

void note_claims(YamlNode claims, ModelDraft& draft) {
  if (!claims.is_mapping()) return;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const auto of = claims.value(i).find("of");
    if (!of || !of->is_scalar()) continue;
    std::vector<std::string>& known = draft.queues[std::string(of->text())].claims;
    known.emplace_back(claims.key(i).text());
    if (known.size() != kClaimsPerResourceMax + 1) continue;
    draft.errors.add(of->where(), "the resource has too many claims", of->description(),
                     "at most " + std::to_string(kClaimsPerResourceMax));
  }
  for (auto& [resource, queue] : draft.queues) {
    queue.claims.resize(std::min(queue.claims.size(), kClaimsPerResourceMax));
  }
}

EntityType with_claims(const TypeDraft& draft, const std::vector<std::string>& claims) {
  EntityType type = draft.type;
  const std::size_t counts_end = draft.counts + kResourceCounts;
  const std::vector<std::uint16_t> to = with_room(type, counts_end, claims.size());
  for (Step& step : type.steps) step.renumber(to);
  for (Input& input : type.inputs) {
    if (!input.many) input.operand = to[input.operand];
  }
  for (AggregateUse& use : type.aggregates) use.operand = to[use.operand];
  for (Attribute& attribute : type.attributes) {
    if (attribute.baseline) attribute.baseline->operand = to[attribute.baseline->operand];
  }
  const auto singles_end = static_cast<std::uint16_t>(type.operand_count - type.aggregates.size());
  const auto count = static_cast<std::uint16_t>(claims.size());
  const auto first_claim = static_cast<std::uint16_t>(singles_end + count);
  type.operand_count = static_cast<std::uint16_t>(type.operand_count + 2 * count);
  ValueSpec truth;
  truth.type = ValueType::boolean;
  std::vector<Attribute> places;
  for (std::uint16_t i = 0; i < count; ++i) {
    places.push_back(made_attribute("place." + claims[i], Role::memory, {}, type.where));
    places.back().handed_on = true;
    const auto operand = static_cast<std::uint16_t>(first_claim + i);
    type.inputs.push_back({"claim." + claims[i], truth, false, operand, type.where});
  }
  type.attributes.insert(type.attributes.begin() + static_cast<std::ptrdiff_t>(counts_end), places.begin(),
                         places.end());
  Step& queue = *std::ranges::find(type.steps, Step::Form::resource, &Step::form);
  queue = Step::resource(queue.target, queue.argument, first_claim, count);
  return type;
}

void declare_claims(YamlNode claims, ModelDraft& draft) {
  if (!read_mapping(claims, {"claims", ""}, draft.errors)) return;
  if (claims.size() > kClaimsMax) {
    draft.errors.add(claims.where(), "the model has too many claims", std::to_string(claims.size()),
                     "at most " + std::to_string(kClaimsMax));
    return;
  }
  for (std::size_t i = 0; i < claims.size() && !draft.errors.full(); ++i) {
    ClaimReader(claims.key(i), claims.value(i), draft).read();
  }
}

void bind_claims(ModelDraft& draft) {
  for (const ClaimDraft& claim : draft.claims) {
    const auto claimant = resolve_attribute(claim.by, draft);
    if (!claimant) continue;
    const TypeDraft& type = *draft.type_of(claimant->first);
    const Attribute& attribute = type.type.attributes[claimant->second];
    if (type.is_broken(attribute.name)) continue;
    if (attribute.spec.type == ValueType::boolean) {
      draft.builder.bind(claim.resource, claim.input, {claimant->first, claimant->second, {}});
    } else {
      draft.errors.add(claim.by.where(), "a claim stands while a truth value is true",
                       claim.by.description() + ", " + describe(attribute.spec, draft.builder), "boolean");
    }
  }
}

SourceLocation place_of_claim(const ModelDraft& draft, EntityIndex resource, InputSlot input) {
  for (const ClaimDraft& claim : draft.claims) {
    if (claim.resource == resource && claim.input == input) return claim.by.where();
  }
  return {};
}

}  // namespace pollux::schema
