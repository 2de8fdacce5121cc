// Bounds: what is too much is refused, what is slow or gone hurts nobody else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/server/http_fixture.h"

namespace pollux::server {
namespace {

using testing::HasSubstr;

constexpr const char* kJsonHead = "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

TEST(ABodyOverItsLimit, IsRefusedByItsLengthAlone) {
  ServerSetup setup;
  setup.http.body_bytes_max = 1000;
  RunningServer server(std::move(setup));
  Connection connection(server.port());
  connection.send(std::string(kJsonHead) + "Content-Length: 1001\r\n\r\n");
  const Answer answer = connection.read_answer();
  EXPECT_EQ(answer.status, 413u);
  EXPECT_THAT(answer.body, HasSubstr("1000 bytes"));
}

TEST(ABodyOverItsLimit, IsRefusedWhileItArrivesWhenItsLengthIsNotGiven) {
  ServerSetup setup;
  setup.http.body_bytes_max = 1000;
  RunningServer server(std::move(setup));
  Connection connection(server.port());
  connection.send(std::string(kJsonHead) + "Transfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) connection.send("190\r\n" + std::string(400, ' ') + "\r\n");
  EXPECT_EQ(connection.read_answer().status, 413u);
}

TEST(ABodyOfExactlyTheLimit, IsTaken) {
  const std::string body = speed_event("1", 0, 80);
  ServerSetup setup;
  setup.http.body_bytes_max = body.size();
  RunningServer server(std::move(setup));
  EXPECT_EQ(server.post(body, "application/json").status, 200u);
}

TEST(TooManyBodiesAtOnce, AreToldToComeBack) {
  ServerSetup setup;
  setup.http.bodies_bytes_max = 100;
  RunningServer server(std::move(setup));
  const Answer answer = server.post("[" + speed_event("1", 0, 80) + "]");
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(answer.headers.count("retry-after"), 1u);
}

TEST(ASlowBody, IsGivenUpOn) {
  ServerSetup setup;
  setup.http.body_idle_timeout = 50 * schema::kMillisecond;
  RunningServer server(std::move(setup));
  Connection connection(server.port());
  connection.send(std::string(kJsonHead) + "Content-Length: 100\r\n\r\n[");
  EXPECT_EQ(connection.read_answer().status, 408u);
}

TEST(ASlowHead, IsGivenUpOn) {
  ServerSetup setup;
  setup.http.header_timeout = 50 * schema::kMillisecond;
  RunningServer server(std::move(setup));
  Connection connection(server.port());
  connection.send("GET /livez HT");
  connection.read_to_end();  // ends: the server closed
  EXPECT_EQ(server.get("/livez").status, 200u);
}

TEST(TooManyConnections, AreRefusedWithRetryAfterAndRoomIsMadeWhenOneLeaves) {
  ServerSetup setup;
  setup.http.connections_max = 2;
  RunningServer server(std::move(setup));
  auto first = std::make_unique<Connection>(server.port());
  Connection second(server.port());
  for (Connection* each : {first.get(), &second}) {
    each->send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(each->read_answer().status, 200u);
  }
  const Answer refused = Connection(server.port()).read_answer();
  EXPECT_EQ(refused.status, 503u);
  EXPECT_EQ(refused.headers.count("retry-after"), 1u);
  EXPECT_EQ(refused.headers.at("content-type"), "application/problem+json");

  first.reset();
  unsigned status = 503;
  for (int attempt = 0; attempt < 1000 && status == 503; ++attempt) {
    Connection next(server.port());
    next.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    status = next.read_answer().status;
  }
  EXPECT_EQ(status, 200u);
}

TEST(AFullQueue, Gives429WithRetryAfterAndLosesNothingThatWasTaken) {
  GatedJournal::Gate gate;
  ServerSetup setup;
  setup.twin.queue_events_max = 2;
  setup.journal = [&](const schema::Model& model) { return std::make_unique<GatedJournal>(model, gate); };
  RunningServer server(std::move(setup));
  const std::string two = "[" + speed_event("1", 0, 80) + "," + speed_event("2", 1, 80) + "]";
  Answer taken;
  std::thread waiting([&] { taken = server.post(two); });
  gate.entered.get_future().wait();

  const Answer refused = server.post("[" + speed_event("3", 2, 80) + "]");
  EXPECT_EQ(refused.status, 429u) << refused.body;
  EXPECT_EQ(refused.headers.count("retry-after"), 1u);
  EXPECT_EQ(server.get("/livez").status, 200u);

  gate.open.set_value();
  waiting.join();
  EXPECT_EQ(taken.status, 200u);
  EXPECT_EQ(server.post("[" + speed_event("3", 2, 80) + "]").status, 200u);
}

TEST(AClientThatLeaves, InTheMiddleOfItsBodyHurtsNobody) {
  RunningServer server;
  for (int i = 0; i < 20; ++i) {
    Connection connection(server.port());
    connection.send(std::string(kJsonHead) + "Content-Length: 1000\r\n\r\n[{\"specversion\"");
    connection.abort();
  }
  EXPECT_EQ(server.post("[" + speed_event("1", 0, 80) + "]").status, 200u);
  EXPECT_EQ(server.twin().probe().events_accepted.value(), 1u);
}

TEST(AClientThatLeaves, BeforeItsAnswerHurtsNobodyAndItsEventsStand) {
  GatedJournal::Gate gate;
  ServerSetup setup;
  setup.journal = [&](const schema::Model& model) { return std::make_unique<GatedJournal>(model, gate); };
  RunningServer server(std::move(setup));
  {
    const std::string body = speed_event("1", 0, 80);
    Connection connection(server.port());
    connection.send(std::string(kJsonHead) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                    body);
    gate.entered.get_future().wait();
    connection.abort();
  }
  gate.open.set_value();
  EXPECT_EQ(server.post("[" + speed_event("2", 1, 90) + "]").status, 200u);
  EXPECT_EQ(server.twin().probe().events_accepted.value(), 2u);
}

TEST(AJournalThatFails, IsReportedAndReadsGoOn) {
  /// Takes nothing.
  class BrokenJournal final : public actors::Journal {
   public:
    explicit BrokenJournal(const schema::Model& model) : inner_(actors::make_memory_journal(model)) {}
    schema::Result<void> append(const schema::EpochRecord&, const actors::QuarantineChanges&) override {
      return schema::Error{schema::ErrorCode::io, "no space left on device", "data/000012.log", "make room"};
    }
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
    std::uint64_t bytes_appended() const override { return 0; }

   private:
    std::unique_ptr<actors::Journal> inner_;
  };
  ServerSetup setup;
  setup.journal = [](const schema::Model& model) { return std::make_unique<BrokenJournal>(model); };
  RunningServer server(std::move(setup));
  const Answer answer = server.post("[" + speed_event("1", 0, 80) + "]");
  EXPECT_EQ(answer.status, 500u);
  EXPECT_THAT(answer.body, HasSubstr("no space left on device"));
  EXPECT_EQ(server.get("/v1/entities/pump-1").status, 200u);
  EXPECT_EQ(server.get("/readyz").status, 503u);
}

TEST(Stopping, FinishesWhatIsInFlight) {
  GatedJournal::Gate gate;
  ServerSetup setup;
  setup.journal = [&](const schema::Model& model) { return std::make_unique<GatedJournal>(model, gate); };
  RunningServer server(std::move(setup));
  Answer taken;
  std::thread waiting([&] { taken = server.post("[" + speed_event("1", 0, 80) + "]"); });
  gate.entered.get_future().wait();
  server.http().stop();
  gate.open.set_value();
  waiting.join();
  EXPECT_EQ(taken.status, 200u);
}

TEST(Listening, OnAnAddressInUseIsAnErrorThatNamesIt) {
  RunningServer server;
  HttpServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(server.port());
  monitoring::Metrics metrics;
  const auto second = HttpServer::open(options, load_plant(), metrics);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, schema::ErrorCode::io);
  EXPECT_EQ(second.error().where, options.listen);
}

TEST(Listening, OnlyLocalAddressesCountAsLoopback) {
  for (const char* local : {"127.0.0.1:80", "127.1.2.3:80", "[::1]:80", "localhost:80", "unix:/tmp/x"}) {
    EXPECT_TRUE(is_loopback(local)) << local;
  }
  for (const char* open :
       {"0.0.0.0:80", "*:80", "10.0.0.1:80", "[::]:80", "127.evil.example:80", ":80", ""}) {
    EXPECT_FALSE(is_loopback(open)) << open;
  }
}

/// Where curl has more than a mebibyte to send it waits a second for this.
TEST(AClientThatWaitsToBeAskedForItsBody, IsToldToGoOn) {
  RunningServer server;
  Connection connection(server.port());
  const std::string body = "[" + speed_event("1", 0, 40) + "]";
  connection.send(
      "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-Continue\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(connection.read_answer(false).status, 100u);
  connection.send(body);
  EXPECT_EQ(connection.read_answer().status, 200u);
}

TEST(AClientThatWaitsToBeAskedForItsBody, IsRefusedAtOnceWhereItWouldBe) {
  ServerSetup setup;
  setup.http.body_bytes_max = 1000;
  RunningServer server(std::move(setup));
  const std::string asking =
      "HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n";
  Connection too_large(server.port());
  too_large.send("POST /v1/events " + asking + "Content-Type: application/json\r\n\r\n");
  EXPECT_EQ(too_large.read_answer().status, 413u);
  Connection wrong_type(server.port());
  wrong_type.send("POST /v1/events " + asking + "Content-Type: text/plain\r\n\r\n");
  EXPECT_EQ(wrong_type.read_answer().status, 415u);
}

}  // namespace
}  // namespace pollux::server
