#include <gmock/gmock.h>

#include "server/replay/event_sink.h"
#include "tests/server/http_fixture.h"

namespace pollux::server {
namespace {

using ::testing::HasSubstr;

// Ten good events, and two that are not: out of range, and of an unknown entity.
EventText events() {
  EventText text;
  for (int i = 0; i < 10; ++i) text.add(speed_event("good-" + std::to_string(i), i, 10 * i), i + 1, i + 2);
  text.add(speed_event("fast", 20, 1'000), 11, 12);
  text.add(speed_event("lost", 21, 50, "pump-9"), 12, 13);
  return text;
}

void expect_outcome(EventSink& sink) {
  const auto first = sink.submit(events());
  ASSERT_TRUE(first.ok()) << first.error().text();
  EXPECT_EQ(first->accepted, 10u);
  ASSERT_EQ(first->refused.size(), 2u);
  EXPECT_EQ(first->refused[0].line, 12u);
  EXPECT_THAT(first->refused[0].reason, HasSubstr("range"));
  EXPECT_EQ(first->refused[1].line, 13u);
  EXPECT_THAT(first->refused[1].reason, HasSubstr("pump-9"));
  const auto again = sink.submit(events());
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(again->accepted, 0u);
  EXPECT_EQ(again->duplicate, 10u);
}

TEST(EventSink, LeavesOutWhatIsWrongAndTakesTheRestAlikeOverHttpAndInProcess) {
  RunningServer server;
  auto remote = make_http_sink("http://127.0.0.1:" + std::to_string(server.port()));
  ASSERT_TRUE(remote.ok());
  expect_outcome(**remote);

  const auto model = load_plant();
  actors::TwinOptions options;
  options.clock = actors::ClockMode::events;
  auto twin = actors::Twin::start(model, actors::make_memory_journal(*model), options);
  ASSERT_TRUE(twin.ok());
  const auto local = make_twin_sink(**twin);
  expect_outcome(*local);

  EXPECT_EQ(*(*remote)->digest(), *local->digest());
}

}  // namespace
}  // namespace pollux::server
