#include "server/http/change_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/server/http_fixture.h"

namespace pollux::server {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string changes_request(const std::string& query = "", const std::string& headers = "") {
  return "GET /v1/changes" + query + " HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n" + headers +
         "\r\n";
}

std::string id_of(schema::Position position) {
  return "id: " + std::to_string(position) + "\n";
}

TEST(ChangeStream, AnEpochIsOneEventNamedByItsPosition) {
  RunningServer server;
  Connection reader(server.port());
  reader.send(changes_request());
  reader.read_until("retry: ");
  server.post("[" + speed_event("1", 0, 50) + "]");
  const std::string text = reader.read_until("]}\n\n");
  EXPECT_THAT(text, HasSubstr("Content-Type: text/event-stream"));
  EXPECT_THAT(text, HasSubstr(id_of(server.twin().settled_position()) + "event: changes\n"));
  EXPECT_THAT(text, HasSubstr(R"("entity":"pump-1","attribute":"flow","revision":false)"));
  EXPECT_THAT(text, HasSubstr(R"("is":{"value":10,"quality":"good"})"));
  EXPECT_THAT(text, HasSubstr(R"("clock":"2026-11-22T07:28:00Z")"));
}

TEST(ChangeStream, AReaderResumesAfterTheEventItSawLast) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 11) + "]");
  const schema::Position first = server.twin().settled_position();
  server.post("[" + speed_event("2", 1, 22) + "]");
  server.post("[" + speed_event("3", 2, 33) + "]");
  Connection reader(server.port());
  // The header wins over the address a browser was first given.
  reader.send(changes_request("?after=0", "Last-Event-ID: " + std::to_string(first) + "\r\n"));
  reader.read_until(R"("value":22,)");
  const std::string text = reader.read_until(R"("is":{"value":33,)");
  EXPECT_THAT(text, Not(HasSubstr(R"("is":{"value":11,)")));
}

TEST(ChangeStream, ARevisionOfThePastIsMarked) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 50) + "," + speed_event("2", 60, 60) + "]");
  Connection reader(server.port());
  reader.send(changes_request());
  reader.read_until("retry: ");
  server.post("[" + speed_event("late", 30, 70) + "]");
  const std::string text = reader.read_until("]}\n\n");
  EXPECT_THAT(text, HasSubstr(R"("attribute":"speed","revision":true,"from":"2026-11-22T07:28:30Z")"));
  EXPECT_THAT(text, HasSubstr(R"("to":"2026-11-22T07:29:00Z")"));
}

TEST(ChangeStream, AFilterLeavesOutWhatIsNotAskedFor) {
  RunningServer server;
  Connection reader(server.port());
  reader.send(changes_request("?kind=constraint"));
  reader.read_until("retry: ");
  server.post("[" + speed_event("1", 0, 10) + "]");
  const std::string text = reader.read_until("]}\n\n");
  EXPECT_THAT(text, HasSubstr(R"("entity":"enough","attribute":"status")"));
  EXPECT_THAT(text, Not(HasSubstr("pump-1")));
}

TEST(ChangeStream, WhatMemoryNoLongerHoldsComesFromTheHistory) {
  ServerSetup setup;
  setup.twin.change_epochs_max = 2;
  RunningServer server(std::move(setup));
  constexpr int kEpochs = 60;
  for (int i = 0; i < kEpochs; ++i) server.post("[" + speed_event(std::to_string(i), i, 10 + i) + "]");
  Connection reader(server.port());
  reader.send(changes_request("?after=0&entity=pump-1"));
  const std::string text = reader.read_until(R"("is":{"value":69,)");
  EXPECT_THAT(text, Not(HasSubstr("event: gap")));
  std::size_t at = 0;
  for (schema::Position position = 1; position <= kEpochs; ++position) {
    const std::size_t found = text.find("\n" + id_of(position) + "event: changes", at);
    ASSERT_NE(found, std::string::npos) << position;
    at = found;
  }
}

TEST(ChangeStream, AReaderWhoFellBehindWhatIsKeptIsToldTheOldestPosition) {
  ServerSetup setup;
  setup.twin.change_epochs_max = 2;
  setup.twin.keep_history = false;
  RunningServer server(std::move(setup));
  for (int i = 0; i < 6; ++i) server.post("[" + speed_event(std::to_string(i), i, 10 + i) + "]");
  const Answer answer = server.get("/v1/changes?after=0");
  EXPECT_EQ(answer.status, 410u);
  EXPECT_THAT(answer.body, HasSubstr("the oldest position to resume after is 4"));
}

TEST(ChangeStream, AReaderAheadOfTheTwinIsToldOfTheGap) {
  RunningServer server;
  Connection reader(server.port());
  reader.send(changes_request("?after=1000000"));
  reader.read_until("event: gap\n");
}

TEST(ChangeStream, SilenceIsBrokenByHeartbeatsThatCarryThePosition) {
  ServerSetup setup;
  setup.http.heartbeat = 20 * schema::kMillisecond;
  RunningServer server(std::move(setup));
  Connection reader(server.port());
  reader.send(changes_request("?entity=pump-2"));
  reader.read_until("retry: ");
  server.post("[" + speed_event("1", 0, 10) + "]");
  reader.read_until(id_of(server.twin().settled_position()) + ": heartbeat\n\n");
}

TEST(ChangeStream, AReaderWhoDoesNotReadNeitherBlocksTheTwinNorStaysForEver) {
  ServerSetup setup;
  setup.http.write_timeout = 100 * schema::kMillisecond;
  setup.twin.change_epochs_max = 4;
  RunningServer server(std::move(setup));
  Connection reader(server.port(), 2048);
  reader.send(changes_request());
  reader.read_until("retry: ");
  // Enough that neither socket buffers nor the window of kept epochs can hold it.
  constexpr int kBatches = 60;
  constexpr int kEvents = 1000;
  for (int batch = 0; batch < kBatches; ++batch) {
    std::string body = "[";
    for (int i = 0; i < kEvents; ++i) {
      const int second = batch * kEvents + i;
      body += (i == 0 ? "" : ",") + speed_event(std::to_string(second), second, i % 100);
    }
    ASSERT_EQ(server.post(body + "]").status, 200u);
  }
  std::string metrics;
  for (int attempt = 0; attempt < 10'000; ++attempt) {
    metrics = server.get("/metrics").body;
    if (metrics.find("\npollux_http_change_streams 0\n") != std::string::npos) break;
  }
  EXPECT_THAT(metrics, HasSubstr("\npollux_http_change_streams 0\n"));
}

TEST(ChangeStream, ReadersBeyondTheLimitAreToldToComeBack) {
  ServerSetup setup;
  setup.http.change_streams_max = 1;
  RunningServer server(std::move(setup));
  Connection reader(server.port());
  reader.send(changes_request());
  reader.read_until("retry: ");
  EXPECT_EQ(server.get("/v1/changes").status, 503u);
}

TEST(ChangeStream, StoppingTheServerEndsItProperly) {
  RunningServer server;
  Connection reader(server.port());
  reader.send(changes_request());
  reader.read_until("retry: ");
  server.stop();
  EXPECT_THAT(reader.read_to_end(), HasSubstr("\r\n0\r\n\r\n"));
}

}  // namespace
}  // namespace pollux::server
