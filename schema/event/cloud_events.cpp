#include "schema/event/cloud_events.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "schema/diagnostic.h"
#include "schema/event/json_fault.h"
#include "schema/event/reported_value.h"
#include "schema/model/division.h"
#include "schema/time.h"

namespace pollux::schema {

namespace {

namespace dom = simdjson::dom;
using Fault = EventProblem::Kind;

constexpr std::string_view kTypePrefix = "pollux.";
constexpr std::array kKinds = {EventKind::observe, EventKind::correct, EventKind::retract};
constexpr std::size_t kTextShownBytesMax = 64;

// A body this large is rare; the buffers it needed, several times its size, are given back.
constexpr std::size_t kBufferKeptBytes = 4u << 20;

// The nearest entity costs a walk over all of them, so only the first few wrong ones are given theirs.
constexpr std::size_t kNearestEntitiesMax = 3;

enum Member : std::uint8_t {
  specversion,
  id,
  source,
  type,
  subject,
  time,
  data,
  sequence,
  contenttype,
  corrects,
  retracts,
  kMembers
};
constexpr std::array<std::string_view, kMembers> kMemberNames = {
    "specversion", "id",       "source",          "type",     "subject", "time",
    "data",        "sequence", "datacontenttype", "corrects", "retracts"};

std::string quoted(std::string_view text) {
  const bool is_long = text.size() > kTextShownBytesMax;
  return "\"" + std::string(text.substr(0, kTextShownBytesMax)) + (is_long ? "...\"" : "\"");
}

std::string type_text(EventKind kind) {
  return std::string(kTypePrefix) + name_of(kind);
}

std::string quoted_type(EventKind kind) {
  return quoted(std::string_view(type_text(kind)));
}

std::optional<EventKind> kind_of(std::string_view type) {
  for (const EventKind kind : kKinds) {
    if (type == type_text(kind)) return kind;
  }
  return std::nullopt;
}

std::optional<Member> member_of(std::string_view name) {
  for (std::uint8_t i = 0; i < kMembers; ++i) {
    if (kMemberNames[i] == name) return static_cast<Member>(i);
  }
  return std::nullopt;
}

bool is_json(std::string_view content_type) {
  const std::string_view media_type = content_type.substr(0, content_type.find(';'));
  return media_type == "application/json" || media_type.ends_with("+json");
}

bool shows(const Attribute& attribute) {
  return attribute.role != Role::memory;
}

}  // namespace

struct CloudEventParser::Implementation {
  explicit Implementation(const Model& the_model) : model(the_model), values(the_model) {}

  using Members = std::array<std::optional<dom::element>, kMembers>;

  void parse(std::string_view body);
  void report_json(std::string_view body, simdjson::error_code error);
  void read_event(dom::element json);
  bool collect(dom::object json, Members& members);
  bool take_text(const Members& members, Member member, std::size_t size_max, std::string_view& text);
  bool check_envelope(const Members& members, EventKind& kind);
  bool take_named(const Members& members, EventKind kind, std::string_view own_id, std::string_view& named);
  bool refuse_data(const Members& members);
  bool take_time(const Members& members, EventTime& event_time);
  bool take_sequence(const Members& members, std::uint64_t& event_sequence);
  bool take_source(const Members& members, SourceIndex& index, std::string_view& undeclared);
  bool take_entity(const Members& members, EntityIndex& entity);
  bool take_data(const Members& members, Event& event);
  bool take_value(std::string_view name, dom::element json, Event& event);
  bool refuse_attribute(std::string_view name, const EntityType& entity_type, AttributeSlot slot);
  bool problem(Fault kind, const std::string& pointer, std::string message, std::string nearest = {});
  bool member_problem(Fault kind, Member member, std::string message, std::string nearest = {}) {
    return problem(kind, "/" + std::string(kMemberNames[member]), std::move(message), std::move(nearest));
  }
  bool full() const { return out.problems.size() >= kEventProblemsMax; }

  const Model& model;
  ReportedValueReader values;
  dom::parser parser{kEventsBytesMax};
  std::string padded;
  // Which event last gave each slot a value, to notice a member given twice.
  std::vector<std::uint64_t> slot_seen;
  std::uint64_t events_seen = 0;
  std::string last_source;
  SourceIndex last_source_index = kNoSlot;
  bool is_batch = false;
  std::size_t index = 0;
  std::size_t nearest_entities = 0;
  ParsedEvents out;
};

// Always false, so that a check can report and fail in one statement.
bool CloudEventParser::Implementation::problem(Fault kind, const std::string& pointer, std::string message,
                                               std::string nearest) {
  if (full()) return false;
  const std::string prefix = is_batch ? "/" + std::to_string(index) : std::string();
  out.problems.push_back({kind, index, prefix + pointer, 0, std::move(message), std::move(nearest)});
  return false;
}

void CloudEventParser::Implementation::parse(std::string_view body) {
  out = {};
  is_batch = false;
  index = 0;
  nearest_entities = 0;
  if (body.size() > kEventsBytesMax) {
    problem(Fault::malformed, "",
            "the body has " + std::to_string(body.size()) + " bytes; at most " +
                std::to_string(kEventsBytesMax) + " are taken");
    return;
  }
  padded.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  padded.assign(body);
  dom::element root;
  if (const auto error = parser.parse(padded.data(), padded.size(), false).get(root)) {
    report_json(body, error);
    return;
  }
  dom::array batch;
  if (root.get(batch)) {
    read_event(root);
    return;
  }
  is_batch = true;
  if (batch.size() > kEventsPerBatchMax) {
    out.problems.push_back({Fault::malformed, 0, "", 0,
                            "the batch has more than " + std::to_string(kEventsPerBatchMax) + " events", ""});
    return;
  }
  for (const dom::element event : batch) {
    if (full()) break;
    read_event(event);
    ++index;
  }
}

void CloudEventParser::Implementation::report_json(std::string_view body, simdjson::error_code error) {
  JsonFault fault = find_json_fault(body, simdjson::error_message(error));
  const Fault kind = fault.is_number ? Fault::unprocessable : Fault::malformed;
  std::size_t event = 0;
  // Of a batch, the pointer starts with the event's index.
  if (fault.pointer.size() > 1 && body.find_first_not_of(" \t\r\n") == body.find('[')) {
    std::from_chars(fault.pointer.data() + 1, fault.pointer.data() + fault.pointer.size(), event);
  }
  out.problems.push_back(
      {kind, event, std::move(fault.pointer), fault.offset, std::move(fault.message), std::string()});
}

void CloudEventParser::Implementation::read_event(dom::element json) {
  dom::object object;
  if (json.get(object)) {
    problem(Fault::malformed, "", "this is not a JSON object: a CloudEvent is one");
    return;
  }
  Members members;
  EventKind kind = EventKind::observe;
  if (!collect(object, members) || !check_envelope(members, kind)) return;
  std::string_view event_id, undeclared, named;
  EventTime event_time = 0;
  std::uint64_t event_sequence = 0;
  SourceIndex source_index = 0;
  EntityIndex entity = kNone;
  // Not short-circuited: a person sees everything wrong with the event at once.
  bool good = take_text(members, id, kEventIdBytesMax, event_id);
  good &= take_source(members, source_index, undeclared);
  good &= take_time(members, event_time);
  good &= take_sequence(members, event_sequence);
  good &= take_named(members, kind, event_id, named);
  const bool retracts_only = kind == EventKind::retract;
  if (!retracts_only && !take_entity(members, entity)) return;
  const std::size_t values_before = out.batch.values.size();
  Event event;
  event.entity = entity;
  good &= retracts_only ? refuse_data(members) : take_data(members, event);
  if (!good || !out.problems.empty()) {
    out.batch.values.resize(values_before);
    return;
  }
  Event& added = out.batch.add(event_id, event_time, source_index, entity, undeclared, named);
  added.kind = kind;
  added.values_offset = static_cast<std::uint32_t>(values_before);
  added.values_count = event.values_count;
  added.sequence = event_sequence;
}

bool CloudEventParser::Implementation::collect(dom::object json, Members& members) {
  for (const auto field : json) {
    if (field.key == "data_base64") {
      return problem(Fault::malformed, "/data_base64", "binary data is not understood; send JSON in data");
    }
    const auto member = member_of(field.key);
    if (!member) continue;
    if (members[*member]) return member_problem(Fault::malformed, *member, "the member is given twice");
    members[*member] = field.value;
  }
  return true;
}

bool CloudEventParser::Implementation::take_text(const Members& members, Member member, std::size_t size_max,
                                                 std::string_view& text) {
  const std::string name(kMemberNames[member]);
  if (!members[member]) return member_problem(Fault::malformed, member, "the event has no " + name);
  if (members[member]->get(text)) return member_problem(Fault::malformed, member, name + " must be a string");
  if (text.empty()) return member_problem(Fault::malformed, member, name + " is empty");
  if (text.size() <= size_max) return true;
  return member_problem(Fault::malformed, member,
                        name + " has " + std::to_string(text.size()) + " bytes; at most " +
                            std::to_string(size_max) + " are taken");
}

bool CloudEventParser::Implementation::check_envelope(const Members& members, EventKind& kind) {
  std::string_view text;
  if (!take_text(members, specversion, kEventIdBytesMax, text)) return false;
  if (text != "1.0") {
    return member_problem(Fault::malformed, specversion, "found " + quoted(text) + ", expected \"1.0\"");
  }
  if (!take_text(members, type, kEventIdBytesMax, text)) return false;
  const auto known = kind_of(text);
  if (!known) {
    std::vector<std::string> types;
    for (const EventKind one : kKinds) types.push_back(type_text(one));
    return member_problem(Fault::unprocessable, type,
                          "events of type " + quoted(text) + " are not understood; expected " +
                              quoted_type(EventKind::observe) + ", " + quoted_type(EventKind::correct) +
                              " or " + quoted_type(EventKind::retract),
                          nearest_name(text, types));
  }
  kind = *known;
  if (!members[contenttype]) return true;
  if (!take_text(members, contenttype, kEventIdBytesMax, text)) return false;
  if (is_json(text)) return true;
  return member_problem(Fault::malformed, contenttype,
                        "found " + quoted(text) + ", expected application/json");
}

// Which event this one corrects or retracts. An event that names one though its type does not call for it was
// meant otherwise, and what would come of it cannot be undone by sending it again.
bool CloudEventParser::Implementation::take_named(const Members& members, EventKind kind,
                                                  std::string_view own_id, std::string_view& named) {
  for (const auto& [member, needed_by] :
       {std::pair{corrects, EventKind::correct}, std::pair{retracts, EventKind::retract}}) {
    if (kind == needed_by) {
      if (!take_text(members, member, kEventIdBytesMax, named)) return false;
      if (named != own_id) continue;
      return member_problem(Fault::unprocessable, member,
                            "the event names itself; give the id of the event it " +
                                std::string(kMemberNames[member]) + ", and an id of its own");
    }
    if (!members[member]) continue;
    return member_problem(Fault::unprocessable, member,
                          "only events of type " + quoted_type(needed_by) + " have " +
                              std::string(kMemberNames[member]) + "; this one is a " + quoted_type(kind));
  }
  return true;
}

bool CloudEventParser::Implementation::refuse_data(const Members& members) {
  if (!members[data] || members[data]->is_null()) return true;
  return member_problem(Fault::unprocessable, data,
                        "a retraction says nothing but which event it withdraws; leave data out, or send a " +
                            quoted_type(EventKind::correct) + " to say something else in its place");
}

bool CloudEventParser::Implementation::take_time(const Members& members, EventTime& event_time) {
  std::string_view text;
  if (!take_text(members, time, kEventIdBytesMax, text)) return false;
  const auto parsed = parse_rfc3339(text);
  if (!parsed.ok()) return member_problem(Fault::malformed, time, parsed.error().text());
  event_time = *parsed;
  return true;
}

bool CloudEventParser::Implementation::take_sequence(const Members& members, std::uint64_t& event_sequence) {
  if (!members[sequence]) return true;
  if (!members[sequence]->get(event_sequence)) return true;
  std::string_view text;
  if (!members[sequence]->get(text)) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, event_sequence);
    if (parsed.ec == std::errc() && parsed.ptr == end) return true;
  }
  return member_problem(Fault::malformed, sequence,
                        "sequence must be a whole number from 0 to 18446744073709551615");
}

bool CloudEventParser::Implementation::take_source(const Members& members, SourceIndex& source_index,
                                                   std::string_view& undeclared) {
  std::string_view name;
  if (!take_text(members, source, kEventIdBytesMax, name)) return false;
  if (last_source_index == kNoSlot || name != last_source) {
    if (name.starts_with(kCarriedSourcePrefix)) {
      return member_problem(Fault::unprocessable, source,
                            "the source " + quoted(name) +
                                " stands for what links carry from another domain; only the twin itself "
                                "speaks for it. Send the event under the name of the source it comes from");
    }
    const auto found = model.find_source(name);
    if (!found) {
      std::vector<std::string> known;
      for (const Source& one : model.sources()) known.push_back(one.name);
      return member_problem(Fault::unprocessable, source,
                            "the model does not declare the source " + quoted(name) + ", and has no \"" +
                                std::string(Model::kDefaultSource) + "\" that would stand for it",
                            nearest_name(name, known));
    }
    last_source = name;
    last_source_index = *found;
  }
  source_index = last_source_index;
  if (model.sources()[source_index].name != name) undeclared = name;
  return true;
}

bool CloudEventParser::Implementation::take_entity(const Members& members, EntityIndex& entity) {
  std::string_view name;
  if (!take_text(members, subject, kEventsBytesMax, name)) return false;
  entity = model.find_entity(name);
  if (entity != kNone) return true;
  const bool look = !full() && nearest_entities++ < kNearestEntitiesMax;
  return member_problem(Fault::not_found, subject, "there is no entity " + quoted(name),
                        look ? model.nearest_entity(name) : std::string());
}

bool CloudEventParser::Implementation::take_data(const Members& members, Event& event) {
  if (!members[data]) return member_problem(Fault::malformed, data, "the event has no data");
  dom::object object;
  if (members[data]->get(object)) {
    return member_problem(Fault::malformed, data, "data must be an object: {\"ATTRIBUTE\": VALUE, ...}");
  }
  ++events_seen;
  bool good = true;
  for (const auto field : object) good &= take_value(field.key, field.value, event);
  if (event.values_count == 0 && good) {
    return member_problem(Fault::unprocessable, data, "data is empty: the event says nothing");
  }
  return good;
}

bool CloudEventParser::Implementation::take_value(std::string_view name, dom::element json, Event& event) {
  const EntityType& entity_type = model.type_of(event.entity);
  const AttributeSlot slot = entity_type.find_attribute(name);
  if (slot == kNoSlot || entity_type.attributes[slot].role != Role::observed) {
    return refuse_attribute(name, entity_type, slot);
  }
  if (slot >= slot_seen.size()) slot_seen.resize(entity_type.attributes.size());
  if (slot_seen[slot] == events_seen) {
    return problem(Fault::malformed, "/data" + pointer_part(name),
                   "the attribute is given twice in one event");
  }
  slot_seen[slot] = events_seen;
  ReportedValue reported;
  reported.attribute = slot;
  ValueProblem wrong;
  if (!values.read(json, entity_type.attributes[slot], reported.value, wrong)) {
    const std::string member = wrong.member.empty() ? std::string() : pointer_part(wrong.member);
    return problem(Fault::unprocessable, "/data" + pointer_part(name) + member, std::move(wrong.message),
                   std::move(wrong.nearest));
  }
  out.batch.values.push_back(reported);
  ++event.values_count;
  return true;
}

bool CloudEventParser::Implementation::refuse_attribute(std::string_view name, const EntityType& entity_type,
                                                        AttributeSlot slot) {
  if (full()) return false;
  std::vector<std::string> observed;
  std::string list;
  for (const Attribute& attribute : entity_type.attributes) {
    if (attribute.role != Role::observed) continue;
    observed.push_back(attribute.name);
    list += (list.empty() ? "" : ", ") + attribute.name;
  }
  const std::string can_be =
      "observed attributes of type " + entity_type.name + ": " + (list.empty() ? std::string("none") : list);
  const std::string pointer = "/data" + pointer_part(name);
  if (slot != kNoSlot && shows(entity_type.attributes[slot])) {
    return problem(Fault::unprocessable, pointer,
                   quoted(name) + " is a " + name_of(entity_type.attributes[slot].role) +
                       " attribute and cannot be reported; " + can_be);
  }
  return problem(Fault::unprocessable, pointer, "there is no attribute " + quoted(name) + "; " + can_be,
                 nearest_name(name, observed));
}

CloudEventParser::CloudEventParser(const Model& model)
    : implementation_(std::make_unique<Implementation>(model)) {}
CloudEventParser::~CloudEventParser() = default;
CloudEventParser::CloudEventParser(CloudEventParser&&) noexcept = default;

ParsedEvents CloudEventParser::parse(std::string_view body) {
  Implementation& parser = *implementation_;
  parser.parse(body);
  if (!parser.out.problems.empty()) parser.out.batch.clear();
  if (body.size() > kBufferKeptBytes) {
    parser.parser = dom::parser{kEventsBytesMax};
    parser.padded = {};
  }
  return std::move(parser.out);
}

}  // namespace pollux::schema
