#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/journal/journal.h"
#include "tests/actors/journal_samples.h"

namespace pollux::actors {
namespace {

TEST(MemoryJournal, WhatIsAppendedIsReadBackInOrder) {
  const schema::Model model = schema::samples::model();
  const auto journal = make_memory_journal(model);
  std::mt19937_64 random(1);
  const auto written = samples::fill(*journal, model, 20, random);
  EXPECT_EQ(journal->last_position(), 20u);
  EXPECT_EQ(samples::read_all(*journal, model), written);
  EXPECT_EQ(samples::read_all(*journal, model, 15).size(), 6u);
  EXPECT_GT(journal->bytes_appended(), 0u);
  EXPECT_EQ(journal->identity().twin, "plant");
}

TEST(MemoryJournal, ReadingStopsWhenTheVisitorHasEnough) {
  const schema::Model model = schema::samples::model();
  const auto journal = make_memory_journal(model);
  std::mt19937_64 random(2);
  samples::fill(*journal, model, 20, random);
  int visited = 0;
  ASSERT_TRUE(journal->read(1, [&](schema::EpochRecord&) { return ++visited < 3; }).ok());
  EXPECT_EQ(visited, 3);
}

TEST(MemoryJournal, QuarantineIsNumberedFromOneAndFoundByIdentity) {
  const schema::Model model = schema::samples::model();
  const auto journal = make_memory_journal(model);
  std::mt19937_64 random(3);
  samples::fill(*journal, model, 20, random);
  const auto page = journal->quarantine(2, 2);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->size(), 2u);
  EXPECT_EQ((*page)[0].number, 2u);
  EXPECT_EQ((*page)[1].number, 3u);
  const schema::EventBatch& batch = (*page)[0].event;
  EXPECT_TRUE(journal->quarantine_index().find(schema::event_key(batch, batch.events[0], model)));
  EXPECT_FALSE(journal->quarantine_index().find(schema::event_key("nobody", "nothing")));
}

}  // namespace
}  // namespace pollux::actors
