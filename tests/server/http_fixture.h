// A real server on loopback in front of a real twin, and a plain socket to talk to it with.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "actors/plant/plant.h"
#include "monitoring/metrics.h"
#include "schema/model/model.h"
#include "server/http/server.h"

namespace pollux::server {

/// Two pumps and a constraint on the flow of the first, which depends on its speed.
extern const char* const kPlant;
std::shared_ptr<const schema::Model> load_plant();
std::shared_ptr<const schema::Model> load_text(const std::string& model);

/// One observation of pump-1's speed as a CloudEvent, `second` seconds into the test's day.
std::string speed_event(const std::string& id, int second, double percent,
                        const std::string& pump = "pump-1");

struct Answer {
  unsigned status = 0;                         ///< 0: the server closed without an answer.
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
};

/// A TCP connection to a local port. Every wait is bounded by `kPatience`; running out of it fails the test.
class Connection {
 public:
  explicit Connection(unsigned port, int receive_buffer_bytes = 0);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// False when the server no longer takes it.
  bool send(std::string_view bytes);
  /// Reads until what has been received contains `what`; returns everything received so far.
  std::string read_until(const std::string& what);
  /// Reads until the server closes.
  std::string read_to_end();
  /// One answer with a Content-Length.
  Answer read_answer(bool has_body = true);
  /// Ends the connection with a reset instead of a farewell.
  void abort();

 private:
  bool receive();
  int socket_ = -1;
  std::string received_;
};

/// How a server under test differs from the usual.
struct ServerSetup {
  HttpServerOptions http;
  actors::TwinOptions twin;
  std::function<std::unique_ptr<actors::Journal>(const schema::Model&)> journal = actors::make_memory_journal;
  bool start_twin = true;
  std::shared_ptr<const schema::Model> model = load_plant();
};

/// Runs from construction to destruction. The twin's clock follows the events.
class RunningServer {
 public:
  explicit RunningServer(ServerSetup setup = {});
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  unsigned port() const { return port_; }
  actors::Plant& plant() { return *plant_; }
  /// Of the first domain.
  actors::Twin& twin() { return plant_->domain(0); }
  HttpServer& http() { return *server_; }
  const schema::Model& model() const { return *model_; }
  std::string metrics() const { return metrics_.render(); }
  void stop();

  /// One request on a connection of its own. `headers`: whole lines, each ending in CRLF.
  Answer ask(const std::string& method, const std::string& target, const std::string& headers = "",
             const std::string& body = "") const;
  Answer get(const std::string& target, const std::string& headers = "") const {
    return ask("GET", target, headers);
  }
  Answer post(const std::string& body, const std::string& type = "application/cloudevents-batch+json") const {
    return ask("POST", "/v1/events", "Content-Type: " + type + "\r\n", body);
  }

 private:
  void serve(const HttpServerOptions& options);

  std::shared_ptr<const schema::Model> model_;
  monitoring::Metrics metrics_;
  std::unique_ptr<actors::Plant> plant_;
  HttpServer* server_ = nullptr;
  unsigned port_ = 0;
  std::promise<HttpServer*> open_;
  std::promise<void> release_;  // lets the thread destroy the server
  std::promise<void> ended_;    // run() has returned
  std::thread thread_;
};

/// A journal in memory whose appends wait until they are let through.
class GatedJournal final : public actors::Journal {
 public:
  struct Gate {
    std::promise<void> entered;  ///< Set when the first append has begun.
    std::promise<void> open;     ///< Lets all appends through.
  };
  GatedJournal(const schema::Model& model, Gate& gate);

  schema::Result<void> append(const schema::EpochRecord& record,
                              const actors::QuarantineChanges& quarantine) override;
  schema::Result<void> read(schema::Position from,
                            const std::function<bool(schema::EpochRecord&)>& visit) const override {
    return inner_->read(from, visit);
  }
  schema::Result<std::vector<actors::QuarantinedEvent>> quarantine(std::uint64_t from,
                                                                   std::size_t limit) const override {
    return inner_->quarantine(from, limit);
  }
  bool holds(const schema::EventKey& key) const override { return inner_->holds(key); }
  const actors::QuarantineIndex& quarantine_index() const override { return inner_->quarantine_index(); }
  schema::Position last_position() const override { return inner_->last_position(); }
  const actors::JournalIdentity& identity() const override { return inner_->identity(); }
  std::uint64_t bytes_appended() const override { return inner_->bytes_appended(); }

 private:
  std::unique_ptr<actors::Journal> inner_;
  Gate& gate_;
  std::shared_future<void> opened_;
  bool entered_ = false;
};

}  // namespace pollux::server
