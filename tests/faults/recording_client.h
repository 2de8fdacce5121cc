// A client that sends events over HTTP and records what was acknowledged, across any number of servers.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::faults {

/// One event as it was made, and whether a server said that it is durable.
struct SentEvent {
  schema::EventBatch event;  ///< Exactly one.
  bool acknowledged = false;
  std::size_t answer = 0;  ///< With which of the client's answers first, counted from 1.
};

/// Makes random events of one source, sends them in batches, and sends again what was not acknowledged.
/// Thread-compatible: one thread at a time, a new one for each server.
class RecordingClient {
 public:
  /// `name` keeps its ids apart from those of others.
  RecordingClient(const schema::Model& model, std::string name, schema::SourceIndex source,
                  std::uint64_t seed);

  /// From now on events are of times in [from, to), and name none that was made before; at first of the first
  /// minute of 1970.
  void move_to(schema::EventTime from, schema::EventTime to) {
    from_ = from;
    seconds_ = static_cast<std::uint64_t>((to - from) / schema::kSecond);
    first_named_ = sent_.size();
  }

  /// Sends until the server is gone or `batches` have been answered.
  void send_to(const std::string& url, std::size_t batches);

  /// Batches acknowledged so far. Any thread.
  std::size_t answered() const { return answered_; }

  /// By id.
  const std::map<std::string, SentEvent>& sent() const { return sent_; }

 private:
  std::vector<std::string> next_batch();
  std::string make_event();

  const schema::Model& model_;
  const std::string name_;
  const schema::SourceIndex source_;
  std::mt19937_64 random_;
  schema::EventTime from_ = 0;
  std::uint64_t seconds_ = 60;
  std::size_t first_named_ = 0;
  std::vector<std::pair<schema::EntityIndex, schema::AttributeSlot>> observed_;
  std::map<std::string, SentEvent> sent_;
  std::vector<std::string> unanswered_;  // ids, of one batch
  std::atomic<std::size_t> answered_{0};
};

}  // namespace pollux::faults
