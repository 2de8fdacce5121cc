#include "tests/sim/random_twin.h"

#include <algorithm>
#include <numeric>

namespace pollux::sim {
namespace {

using schema::AttributeSlot;
using schema::EntityIndex;
using schema::EventKind;
using schema::kSecond;
using schema::Reason;
using schema::Role;
using schema::Value;

std::size_t below(Random& random, std::size_t bound) {
  return random() % bound;
}
bool chance(Random& random, unsigned percent) {
  return below(random, 100) < percent;
}

template <class T>
const T& pick(Random& random, const std::vector<T>& from) {
  return from[below(random, from.size())];
}

std::string span(Random& random) {
  return std::to_string(1 + below(random, 15)) + " s";
}

/// An operator that looks back in time, at something.
std::string temporal_expression(Random& random, const std::string& x, const std::string& y) {
  switch (below(random, 12)) {
    case 0:
      return "previous(" + x + ")";
    case 1:
      return "delay(" + x + ", " + span(random) + ")";
    case 2:
      return "rate(" + x + ", " + span(random) + ") * 1 s";
    case 3:
      return "moving_min(" + x + ", " + span(random) + ")";
    case 4:
      return "moving_max(" + x + ", " + span(random) + ")";
    case 5:
      return "moving_mean(" + x + ", " + span(random) + ", " + span(random) + ")";
    case 6:
      return "moving_stddev(" + x + ", " + span(random) + ", " + span(random) + ")";
    case 7:
      return "integral(" + x + ", " + span(random) + ") / 1 s";
    case 8:
      return "lag(" + x + ", " + span(random) + ", " + span(random) + ")";
    case 9:
      return "if(held_for(" + x + " > " + y + ", " + span(random) + "), 1, 2)";
    case 10:
      return "paced(" + x + ", " + span(random) + ")";
    default:
      return "if(hysteresis(" + x + ", " + y + " - 1, " + y + "), 3, 4)";
  }
}

/// A numeric expression over plain names and names of many-inputs.
std::string number_expression(Random& random, const std::vector<std::string>& names,
                              const std::vector<std::string>& many, int depth) {
  const auto sub = [&] { return number_expression(random, names, many, depth - 1); };
  if (depth == 0 || chance(random, 25)) {
    if (!many.empty() && chance(random, 40)) {
      static const std::vector<std::string> kAggregates = {"sum", "mean", "min", "max"};
      return pick(random, kAggregates) + "(" + pick(random, many) + ")";
    }
    if (names.empty() || chance(random, 15)) return std::to_string(below(random, 7));
    return pick(random, names);
  }
  if (chance(random, 15)) return "(" + temporal_expression(random, sub(), sub()) + ")";
  switch (below(random, 9)) {
    case 0:
      return "(" + sub() + " + " + sub() + ")";
    case 1:
      return "(" + sub() + " - " + sub() + ")";
    case 2:
      return "(" + sub() + " * 0.37)";
    case 3:
      return "(" + sub() + " / " + sub() + ")";
    case 4:
      return "abs(" + sub() + ")";
    case 5:
      return "min(" + sub() + ", " + sub() + ")";
    case 6:
      return "if(" + sub() + " > " + sub() + ", " + sub() + ", " + sub() + ")";
    case 7:
      return "default(" + sub() + ", 1.5)";
    default:
      return "sqrt(" + sub() + ")";
  }
}

std::string truth_expression(Random& random, const std::vector<std::string>& names,
                             const std::vector<std::string>& many) {
  const auto number = [&] { return number_expression(random, names, many, 1); };
  std::string text = number() + " <= " + number();
  if (chance(random, 30)) text += " or " + number() + " < 2";
  if (chance(random, 30)) text = "not (" + text + ")";
  return text;
}

/// Two or three states, a variable, and transitions of every kind. Nothing it reads is made from it but its
/// own variable.
std::string random_machine(Random& random, const std::vector<std::string>& names,
                           const std::vector<std::string>& many) {
  const std::size_t states = 2 + below(random, 2);
  const auto state = [&] { return "s" + std::to_string(below(random, states)); };
  std::string text = "    states:\n";
  for (std::size_t i = 0; i < states; ++i) {
    text += "      s" + std::to_string(i) + ":";
    if (chance(random, 60)) {
      text += " { entry: { v: \"0.5 * v + " + number_expression(random, names, many, 1) + "\" } }";
    }
    text += "\n";
  }
  text +=
      "    variables:\n      v: { default: " + std::to_string(below(random, 3)) + " }\n    transitions:\n";
  for (std::size_t i = 0, n = 1 + below(random, 4); i < n; ++i) {
    text += "      - { to: " + state();
    if (chance(random, 80)) text += ", from: " + state();
    const unsigned kind = static_cast<unsigned>(below(random, 7)) + 1;
    if ((kind & 1) != 0) {
      text += ", when: \"" + truth_expression(random, names, many);
      text += chance(random, 30) ? " and v < 2\"" : "\"";
    }
    if ((kind & 2) != 0) text += ", after: " + span(random);
    if ((kind & 4) != 0) text += ", on: o0";
    text += " }\n";
  }
  return text;
}

/// A resource whose capacity is told in one of three ways, and counts on which something depends.
std::string random_resource_type(Random& random, std::size_t index) {
  std::string text = "  R" + std::to_string(index) + ":\n    kind: resource\n";
  switch (below(random, 3)) {
    case 0:
      text += "    parameters: { capacity: { default: " + std::to_string(1 + below(random, 2)) + " } }\n";
      break;
    case 1:
      text += "    observed:\n      capacity: {}\n";
      break;
    default:
      text += "    observed:\n      o0: {}\n    inputs:\n      i0: {}\n";
      break;
  }
  const bool computed = text.find("i0") != std::string::npos;
  text += "    derived:\n";
  if (computed)
    text += "      capacity: { is: \"" + number_expression(random, {"o0", "i0"}, {}, 1) + "\" }\n";
  text +=
      "      d0: { is: \"" + number_expression(random, {"in_use", "waiting", "capacity"}, {}, 2) + "\" }\n";
  return text;
}

std::string random_type(Random& random, std::size_t index, bool constraint, bool with_inputs, bool claims,
                        bool samples) {
  std::string text = "  T" + std::to_string(index) + ":\n    kind: ";
  text += constraint ? "constraint\n" : chance(random, 50) ? "asset\n" : "process\n";
  std::vector<std::string> names;
  std::vector<std::string> many;
  if (chance(random, 50)) {
    text += "    parameters: { p: { default: " + std::to_string(below(random, 5)) + " } }\n";
    names.push_back("p");
  }
  if (!constraint) {
    text += "    observed:\n";
    for (std::size_t i = 0, n = 1 + below(random, 2); i < n; ++i) {
      const std::string name = "o" + std::to_string(i);
      text += "      " + name + ": {";
      const bool expected = chance(random, 30);
      if (expected) text += " expect_every: " + std::to_string(1 + below(random, 20)) + " s";
      if (samples && chance(random, 60)) text += std::string(expected ? "," : "") + " sample: latest";
      text += " }\n";
      names.push_back(name);
    }
  }
  if (with_inputs) {
    text += "    inputs:\n";
    for (std::size_t i = 0, n = 1 + below(random, 2); i < n; ++i) {
      text += "      i" + std::to_string(i) + ": {}\n";
      names.push_back("i" + std::to_string(i));
    }
    if (claims && chance(random, 60)) {
      text += "      g: { type: boolean }\n      q: { unit: s }\n";
      names.emplace_back("if(g, 1, 2)");
      names.emplace_back("(q / 1 s)");
    }
    if (chance(random, 40)) {
      text += "      m: { many: true }\n";
      many.push_back("m");
    }
  }
  const bool machine = !constraint && chance(random, 30);
  if (machine) {
    text += random_machine(random, names, many);
    names.emplace_back("v");
    names.emplace_back("if(state == s0, 1, 2)");
  }
  const std::size_t derived = constraint ? 0 : 1 + below(random, 3);
  if (derived > 0) text += "    derived:\n";
  if (derived > 0 && claims) {
    const std::string wanted =
        machine && chance(random, 60) ? "state == s1" : truth_expression(random, names, many);
    text += "      w: { type: boolean, is: \"" + wanted + "\" }\n";
  }
  for (std::size_t i = 0; i < derived; ++i) {
    text +=
        "      d" + std::to_string(i) + ": { is: \"" + number_expression(random, names, many, 2) + "\" }\n";
    names.push_back("d" + std::to_string(i));
  }
  if (constraint) {
    text += "    requires: \"" + truth_expression(random, names, many) + "\"\n";
    if (chance(random, 70)) text += "    for: " + std::to_string(below(random, 15)) + " s\n";
  }
  return text;
}

struct TypeShape {
  std::size_t index;
  std::vector<std::string> numbers;  // attributes others may bind to
  std::vector<std::string> inputs;
  bool many = false;
  bool claims = false;   // makes a claim
  bool answers = false;  // is told of one
};

/// What a type's text declares, read back by its indentation.
TypeShape shape_of(const std::string& text, std::size_t index) {
  TypeShape shape{index, {}, {}};
  const auto has = [&](const std::string& name) {
    return text.find("      " + name + ": ") != std::string::npos;
  };
  for (const char* name : {"o0", "o1", "v", "d0", "d1", "d2"}) {
    if (has(name)) shape.numbers.emplace_back(name);
  }
  for (const char* name : {"i0", "i1"}) {
    if (has(name)) shape.inputs.emplace_back(name);
  }
  shape.many = has("m");
  shape.claims = has("w");
  shape.answers = has("g");
  return shape;
}

/// Resources stand somewhere among the entities and are claimed by some before them: theirs is no circle.
struct RandomResource {
  std::size_t before;
  std::size_t claims;
  std::string type;
};

std::vector<RandomResource> random_resources(Random& random, std::size_t entities) {
  std::vector<RandomResource> resources;
  if (!chance(random, 40)) return resources;
  for (std::size_t i = 0, n = 1 + below(random, 2); i < n; ++i) {
    resources.push_back(
        {2 + below(random, entities - 1), 1 + below(random, 5), random_resource_type(random, i)});
  }
  return resources;
}

std::string random_claims(Random& random, const std::vector<std::vector<std::string>>& claimants,
                          const std::vector<RandomResource>& resources) {
  std::string text = resources.empty() ? "" : "claims:\n";
  for (std::size_t r = 0, c = 0; r < resources.size(); ++r) {
    for (std::size_t i = 0; i < resources[r].claims; ++i, ++c) {
      text += "  c" + std::to_string(c) + ": { by: " + pick(random, claimants[r]) + ", of: r" +
              std::to_string(r) + ", delay: " + span(random) + " }\n";
    }
  }
  return text;
}

}  // namespace

std::string random_model(Random& random) {
  std::string text = "twin: random\ntypes:\n";
  std::vector<TypeShape> shapes;
  const std::size_t types = 3 + below(random, 4);
  const std::size_t entities = 3 + below(random, 14);
  const std::vector<RandomResource> resources = random_resources(random, entities);
  std::size_t claims = 0;
  for (const RandomResource& resource : resources) claims += resource.claims;
  const bool samples = chance(random, 20);
  for (std::size_t i = 0; i < types; ++i) {
    const bool constraint = i > 0 && chance(random, 35);
    const std::string type = random_type(random, i, constraint, i > 0, claims > 0, samples);
    shapes.push_back(shape_of(type, i));
    text += type;
  }
  for (const RandomResource& resource : resources) text += resource.type;
  text += "entities:\n";
  std::vector<std::string> outputs;  // ENTITY.ATTRIBUTE
  const std::size_t links = chance(random, 40) ? 1 + below(random, 2) : 0;
  for (std::size_t i = 0; i < links; ++i) {
    for (int times = 0; times < 3; ++times) outputs.push_back("l" + std::to_string(i) + ".value");
  }
  std::vector<std::string> wanted;                  // ENTITY.w
  std::vector<std::vector<std::string>> claimants;  // by resource
  for (std::size_t e = 0; e <= entities; ++e) {
    for (std::size_t r = 0; r < resources.size(); ++r) {
      if (resources[r].before != e) continue;
      const std::string id = "r" + std::to_string(r);
      text += "  " + id + ": { type: R" + std::to_string(r);
      if (resources[r].type.find("i0: ") != std::string::npos)
        text += ", inputs: { i0: " + pick(random, outputs) + " }";
      text += " }\n";
      claimants.resize(resources.size());
      claimants[r] = wanted;
      for (const char* name : {".in_use", ".waiting", ".d0"}) outputs.push_back(id + name);
    }
    if (e == entities) break;
    const TypeShape& shape = e < 2 ? shapes.front() : pick(random, shapes);
    text += "  e" + std::to_string(e) + ": { type: T" + std::to_string(shape.index);
    if (!shape.inputs.empty()) {
      text += ", inputs: {";
      for (const std::string& input : shape.inputs) text += " " + input + ": " + pick(random, outputs) + ",";
      if (shape.answers) {
        const std::string claim = "c" + std::to_string(below(random, claims));
        text +=
            " g: " + claim + (chance(random, 80) ? ".granted" : ".waiting") + ", q: " + claim + ".waited,";
      }
      if (shape.many) {
        text += " m: [";
        std::vector<std::string> members;
        for (std::size_t i = 0, n = below(random, 6); i < n; ++i) {
          const std::string& member = pick(random, outputs);
          if (std::ranges::find(members, member) == members.end()) members.push_back(member);
        }
        for (std::size_t i = 0; i < members.size(); ++i) text += (i ? ", " : "") + members[i];
        text += "],";
      }
      text.back() = ' ';
      text += "}";
    }
    text += " }\n";
    for (const std::string& name : shape.numbers) outputs.push_back("e" + std::to_string(e) + "." + name);
    if (shape.claims) wanted.push_back("e" + std::to_string(e) + ".w");
  }
  if (links > 0) text += "links:\n";
  for (std::size_t i = 0; i < links; ++i) {
    const std::size_t first = 3 * links;
    text += "  l" + std::to_string(i) +
            ": { from: " + outputs[first + below(random, outputs.size() - first)] +
            ", delay: " + std::to_string(2 + below(random, 12)) + " s";
    if (chance(random, 50)) text += ", initial: " + std::to_string(below(random, 4));
    if (chance(random, 40)) text += ", capacity: " + std::to_string(1 + below(random, 4));
    text += " }\n";
  }
  text += random_claims(random, claimants, resources);
  text += "sources:\n  s0: { allowed_lateness: 400 d }\n  s1: { allowed_lateness: 400 d }\n";
  return text;
}

void random_events(Random& random, const schema::Model& model, RandomCase& into) {
  std::vector<std::pair<EntityIndex, AttributeSlot>> observed;
  for (EntityIndex e = 0; e < model.entity_count(); ++e) {
    const auto& attributes = model.type_of(e).attributes;
    for (AttributeSlot a = 0; a < attributes.size(); ++a) {
      if (attributes[a].role == Role::observed) observed.emplace_back(e, a);
    }
  }
  const std::size_t count = 1 + below(random, 60);
  const std::size_t seconds = 1 + below(random, 80);
  schema::EventBatch& events = into.events;
  for (std::size_t i = 0; i < count; ++i) {
    const auto [entity, attribute] = pick(random, observed);
    const auto time = static_cast<schema::EventTime>(below(random, seconds)) * kSecond;
    const auto source = static_cast<schema::SourceIndex>(below(random, 2));
    const auto kind = chance(random, 75)   ? EventKind::observe
                      : chance(random, 60) ? EventKind::correct
                                           : EventKind::retract;
    // Of another event, wherever in time, which may correct or retract in turn; now and then of none at all.
    std::size_t named = below(random, chance(random, 50) ? count + 2 : 6);
    if (named == i) ++named;
    schema::Event& event =
        events.add("n" + std::to_string(i), time, source, kind == EventKind::retract ? schema::kNone : entity,
                   "", kind == EventKind::observe ? "" : "n" + std::to_string(named));
    event.kind = kind;
    if (chance(random, 50)) event.sequence = below(random, 50);
    if (kind == EventKind::retract) continue;
    Value value = Value::number(static_cast<double>(below(random, 40)) / 8 - 1);
    if (chance(random, 5)) value = Value::bad(schema::ValueType::number, Reason::reported_by_source);
    if (chance(random, 5)) value.quality = std::max(value.quality, schema::Quality::uncertain);
    events.values.push_back({attribute, value});
    event.values_count = 1;
  }
  // Delivery: from in order to fully shuffled, some twice, cut into batches.
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return events.events[i].time; });
  if (chance(random, 80)) {
    const std::size_t reach = 1 + below(random, count);
    for (std::size_t i = 0; i < count; ++i)
      std::swap(order[i], order[std::min(count - 1, i + below(random, reach))]);
  }
  for (std::size_t i = 0, again = below(random, 1 + count / 4); i < again; ++i)
    order.push_back(pick(random, order));
  into.deliveries.emplace_back();
  for (const std::size_t i : order) {
    if (!into.deliveries.back().events.empty() && chance(random, 30)) into.deliveries.emplace_back();
    into.deliveries.back().append(events, events.events[i]);
  }
}

}  // namespace pollux::sim
