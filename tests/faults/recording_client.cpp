#include "tests/faults/recording_client.h"

#include "schema/event/cloud_events_writer.h"
#include "server/http/client.h"

namespace pollux::faults {

using schema::EventKind;

RecordingClient::RecordingClient(const schema::Model& model, std::string name, schema::SourceIndex source,
                                 std::uint64_t seed)
    : model_(model), name_(std::move(name)), source_(source), random_(seed) {
  for (schema::EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    const auto& attributes = model.type_of(entity).attributes;
    for (schema::AttributeSlot slot = 0; slot < attributes.size(); ++slot) {
      if (attributes[slot].role == schema::Role::observed) observed_.emplace_back(entity, slot);
    }
  }
}

std::string RecordingClient::make_event() {
  const std::string id = name_ + std::to_string(sent_.size());
  const auto [entity, attribute] = observed_[random_() % observed_.size()];
  const auto time = from_ + static_cast<schema::EventTime>(random_() % seconds_) * schema::kSecond;
  const auto chance = random_() % 20;
  const EventKind kind = chance < 17   ? EventKind::observe
                         : chance < 19 ? EventKind::correct
                                       : EventKind::retract;
  const std::string named =
      kind == EventKind::observe
          ? ""
          : name_ + std::to_string(first_named_ + random_() % (sent_.size() - first_named_ + 3));
  SentEvent& made = sent_[id];
  schema::Event& event =
      made.event.add(id, time, source_, kind == EventKind::retract ? schema::kNone : entity, "",
                     named == id ? name_ + "none-" + std::to_string(first_named_) : named);
  event.kind = kind;
  event.sequence = sent_.size();
  if (kind == EventKind::retract) return id;
  made.event.values.push_back(
      {attribute, schema::Value::number(static_cast<double>(random_() % 40) / 8 - 1)});
  event.values_count = 1;
  return id;
}

/// What was not answered comes first; now and then something long acknowledged is repeated as well.
std::vector<std::string> RecordingClient::next_batch() {
  if (!unanswered_.empty()) return std::exchange(unanswered_, {});
  std::vector<std::string> ids;
  for (std::uint64_t i = 0, n = 1 + random_() % 4; i < n; ++i) ids.push_back(make_event());
  if (random_() % 5 == 0) ids.push_back(std::next(sent_.begin(), random_() % sent_.size())->first);
  return ids;
}

void RecordingClient::send_to(const std::string& url, std::size_t batches) {
  const auto client = server::HttpClient::create(url);
  if (!client.ok()) return;
  for (std::size_t i = 0; i < batches; ++i) {
    std::vector<std::string> ids = next_batch();
    std::string body = "[";
    for (const std::string& id : ids) {
      if (body.size() > 1) body += ",";
      const schema::EventBatch& event = sent_.at(id).event;
      schema::append_cloud_event(body, event, event.events.front(), model_);
    }
    const auto reply = (*client)->post("/v1/events", "application/cloudevents-batch+json", body + "]");
    const bool acknowledged = reply.ok() && reply->status == 200;
    for (const std::string& id : ids) {
      SentEvent& event = sent_.at(id);
      if (acknowledged && !std::exchange(event.acknowledged, true)) event.answer = answered_ + 1;
    }
    if (acknowledged) ++answered_;
    if (!acknowledged) unanswered_ = std::move(ids);
    if (!reply.ok()) return;
  }
}

}  // namespace pollux::faults
