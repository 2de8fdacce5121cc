#include <algorithm>
#include <future>
#include <limits>

#include "schema/event/cloud_events.h"
#include "server/replay/event_sink.h"

namespace pollux::server {

using schema::Result;

namespace {

// The text of events goes through the parser the server uses, so that a replay in this process and one over
// HTTP cannot differ.
class TwinSink : public EventSink {
 public:
  explicit TwinSink(actors::Twin& twin) : twin_(twin), parser_(twin.model()) {}

  Result<BatchOutcome> submit(const EventText& events) override {
    BatchOutcome outcome;
    schema::ParsedEvents parsed = parser_.parse(events.body());
    EventText rest;
    const EventText* current = &events;
    while (!parsed.problems.empty()) {
      rest = current->without(take_refused(parsed, *current, outcome));
      current = &rest;
      parsed = parser_.parse(rest.body());
    }
    if (parsed.batch.events.empty()) return outcome;
    Result<actors::Receipt> receipt = settle(std::move(parsed.batch));
    if (!receipt.ok()) return std::move(receipt).error();
    for (const actors::EventOutcome became : receipt->outcomes) {
      if (became == actors::EventOutcome::refused) return quarantine_is_full();
      if (became == actors::EventOutcome::accepted) {
        ++outcome.accepted;
      } else if (became == actors::EventOutcome::duplicate) {
        ++outcome.duplicate;
      } else {
        ++outcome.quarantined;
      }
    }
    return outcome;
  }

  Result<std::string> digest() override {
    std::promise<std::string> promise;
    twin_.digest([&](const actors::Digest& digest) { promise.set_value(digest.hex); });
    return promise.get_future().get();
  }

 private:
  // Each pass over a batch takes out at least one event, so there are at most as many passes as events.
  static std::vector<std::size_t> take_refused(const schema::ParsedEvents& parsed, const EventText& events,
                                               BatchOutcome& outcome) {
    std::vector<std::size_t> indices;
    for (const schema::EventProblem& problem : parsed.problems) {
      const std::size_t index = std::min(problem.index, events.items().size() - 1);
      if (!indices.empty() && indices.back() == index) continue;
      indices.push_back(index);
      const EventText::Item& item = events.items()[index];
      std::string reason = problem.message;
      if (!problem.nearest.empty()) reason += " (did you mean `" + problem.nearest + "`?)";
      outcome.refused.push_back({item.row, item.line, std::move(reason)});
    }
    std::sort(indices.begin(), indices.end());
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    return indices;
  }

  Result<actors::Receipt> settle(schema::EventBatch batch) {
    std::promise<Result<actors::Receipt>> promise;
    twin_.submit(std::move(batch),
                 [&](Result<actors::Receipt> receipt) { promise.set_value(std::move(receipt)); });
    return promise.get_future().get();
  }

  actors::Twin& twin_;
  schema::CloudEventParser parser_;
};

}  // namespace

std::unique_ptr<EventSink> make_twin_sink(actors::Twin& twin) {
  return std::make_unique<TwinSink>(twin);
}

}  // namespace pollux::server
