#include "server/replay/event_text.h"

#include <gtest/gtest.h>

namespace pollux::server {
namespace {

TEST(EventText, IsAnArrayOfItsEvents) {
  EventText text;
  EXPECT_EQ(text.body(), "[]");
  text.add("{1}", 1, 2);
  text.add("{2}", 1, 2);
  EXPECT_EQ(text.body(), "[{1},{2}]");
}

TEST(EventText, KeepsWhereEventsCameFromWhenJoinedAndThinned) {
  EventText first;
  first.add("{1}", 1, 2);
  EventText second;
  second.add("{2}", 2, 3);
  second.add("{3}", 3, 4);
  first.append(second);
  const std::size_t wrong[] = {0, 2};
  const EventText rest = first.without(wrong);
  EXPECT_EQ(rest.body(), "[{2}]");
  EXPECT_EQ(rest.items()[0].row, 2u);
  EXPECT_EQ(rest.items()[0].line, 3u);
  EXPECT_EQ(first.event(2), "{3}");
}

}  // namespace
}  // namespace pollux::server
