#include "schema/event/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/schema/event_samples.h"

namespace pollux::schema {
namespace {

TEST(EventBatch, AnAppendedEventIsACopyWithItsIdSourceAndValues) {
  const Model model = samples::model();
  std::mt19937_64 random(1);
  EventBatch from;
  for (int i = 0; i < 50; ++i) samples::add_random_event(model, from, random);
  EventBatch to;
  for (auto event = from.events.rbegin(); event != from.events.rend(); ++event) to.append(from, *event);
  auto expected = samples::text_of(from, model);
  std::reverse(expected.begin(), expected.end());
  EXPECT_EQ(samples::text_of(to, model), expected);
}

TEST(EventBatch, ARangeIsAppendedWithItsIdentitiesHoweverItsTextsLie) {
  const Model model = samples::model();
  std::mt19937_64 random(3);
  EventBatch from;
  for (int i = 0; i < 40; ++i) samples::add_random_event(model, from, random);
  std::swap(from.events[10], from.events[30]);  // now texts and values do not lie in the order of events
  from.identify(model);
  const auto texts = samples::text_of(from, model);
  for (const auto& [first, count] : {std::pair{0u, 40u}, {3u, 5u}, {9u, 3u}, {39u, 1u}, {20u, 0u}}) {
    EventBatch to;
    to.append(from, 0, 2);
    to.append(from, first, count);
    std::vector<std::string> expected(texts.begin(), texts.begin() + 2);
    expected.insert(expected.end(), texts.begin() + first, texts.begin() + first + count);
    EXPECT_EQ(samples::text_of(to, model), expected);
    ASSERT_EQ(to.keys.size(), to.events.size());
    for (std::size_t i = 0; i < to.events.size(); ++i)
      EXPECT_EQ(to.keys[i], event_key(to, to.events[i], model));
  }
}

TEST(EventBatch, AClearedBatchIsEmptyAndUsableAgain) {
  const Model model = samples::model();
  std::mt19937_64 random(2);
  EventBatch batch;
  samples::add_random_event(model, batch, random);
  batch.clear();
  EXPECT_TRUE(batch.events.empty() && batch.values.empty() && batch.text.empty());
  batch.add("next", 5, 0, 0);
  EXPECT_EQ(batch.id(batch.events[0]), "next");
}

TEST(EventKey, TheBorderBetweenSourceAndIdCounts) {
  EXPECT_NE(event_key("a", "bc"), event_key("ab", "c"));
  EXPECT_NE(event_key("", "a"), event_key("a", ""));
}

TEST(EventKey, IsTheSameInEveryProcessForItIsStored) {
  const EventKey key = event_key("bms", "42");
  EXPECT_EQ(key.high, 18269265133853462033u);
  EXPECT_EQ(key.low, 14060334758650468464u);
}

TEST(EventKey, LongNamesAreHashedWhole) {
  const std::string id(1000, 'x');
  EXPECT_NE(event_key("s", id), event_key("s", id + "x"));
  std::string other = id;
  other[700] = 'y';
  EXPECT_NE(event_key("s", id), event_key("s", other));
}

TEST(EventKey, TwoUndeclaredSourcesNeverShareAnIdentity) {
  const Model model = samples::model();
  const SourceIndex any = *model.find_source(Model::kDefaultSource);
  EventBatch batch;
  batch.add("1", 0, any, 0, "meter-a");
  batch.add("1", 0, any, 0, "meter-b");
  EXPECT_NE(event_key(batch, batch.events[0], model), event_key(batch, batch.events[1], model));
  EXPECT_EQ(event_key(batch, batch.events[0], model), event_key("meter-a", "1"));
}

}  // namespace
}  // namespace pollux::schema
