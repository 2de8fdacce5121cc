#include "schema/record/epoch_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/schema/event_samples.h"

namespace pollux::schema {
namespace {

using testing::HasSubstr;

std::string encoded(const EpochRecord& record, const Model& model) {
  std::string bytes;
  RecordEncoder(model).encode(record, bytes);
  return bytes;
}

EpochRecord record_of(const Model& model, const std::vector<ReportedValue>& values,
                      std::string_view source = "bms") {
  EpochRecord record{7, 100, {}};
  const SourceIndex index = *model.find_source(source);
  const bool declared = model.sources()[index].name == source;
  Event& event = record.events.add("id", 50, index, 0, declared ? "" : source);
  record.events.values = values;
  event.values_count = static_cast<std::uint16_t>(values.size());
  return record;
}

TEST(EpochCodec, RandomRecordsComeBackAsTheyWere) {
  const Model model = samples::model();
  std::mt19937_64 random(3);
  RecordEncoder encoder(model);
  RecordDecoder decoder(model);
  EpochRecord read;
  for (std::size_t i = 0; i < 300; ++i) {
    const EpochRecord record =
        samples::random_record(model, i + 1, random() % (i % 10 == 0 ? 3000 : 20), random);
    std::string bytes;
    encoder.encode(record, bytes);
    const auto decoded = decoder.decode(bytes, read);
    ASSERT_TRUE(decoded.ok()) << decoded.error().text();
    EXPECT_EQ(read.position, record.position);
    EXPECT_EQ(read.clock, record.clock);
    ASSERT_EQ(samples::text_of(read.events, model), samples::text_of(record.events, model));
  }
}

TEST(EpochCodec, ACorrectionAndARetractionComeBackAsTheyWere) {
  const Model model = samples::model();
  EpochRecord record = record_of(model, {{0, Value::number(3)}}, "meter");
  Event& correction = record.events.add("b", 60, *model.find_source("meter"), 1, "meter", "id");
  correction.kind = EventKind::correct;
  record.events.add("c", 70, *model.find_source("bms"), kNone, "", "b").kind = EventKind::retract;
  EpochRecord read;
  const auto decoded = RecordDecoder(model).decode(encoded(record, model), read);
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(samples::text_of(read.events, model), samples::text_of(record.events, model));
  EXPECT_EQ(read.events.named(read.events.events[1]), "id");
  EXPECT_EQ(read.events.named(read.events.events[2]), "b");
}

TEST(EpochCodec, ARecordHoldsItsOwnNamesOnlyWhateverWasWrittenBefore) {
  const Model model = samples::model();
  std::mt19937_64 random(10);
  RecordEncoder encoder(model);
  for (Position position = 1; position < 20; ++position) {
    const EpochRecord record = samples::random_record(model, position, 2, random);
    std::string bytes;
    encoder.encode(record, bytes);
    EXPECT_EQ(bytes, encoded(record, model));
  }
}

TEST(EpochCodec, AQuarantinedEventComesBackAsItWas) {
  const Model model = samples::model();
  std::mt19937_64 random(4);
  QuarantinedEvent event{9, QuarantineReason::from_the_future, 123, {}};
  samples::add_random_event(model, event.event, random);
  std::string bytes;
  RecordEncoder(model).encode(event, bytes);
  QuarantinedEvent read;
  const auto decoded = RecordDecoder(model).decode(bytes, read);
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(read.number, 9u);
  EXPECT_EQ(read.reason, QuarantineReason::from_the_future);
  EXPECT_EQ(read.clock, 123);
  EXPECT_EQ(samples::text_of(read.event, model), samples::text_of(event.event, model));
}

TEST(EpochCodec, WhereMisfitsAreLeftOutEverythingElseComesBackAndTheyAreCounted) {
  const Model before = samples::model();
  samples::Variation variation;
  variation.pumps = 2;
  variation.flow_unit = "degC";
  const Model after = samples::model(variation);
  std::mt19937_64 random(12);
  const EpochRecord record = samples::random_record(before, 1, 200, random);
  EpochRecord read;
  const auto decoded = RecordDecoder(after, MisfitPolicy::leave_out).decode(encoded(record, before), read);
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  std::uint64_t events = 0;
  std::uint64_t values = 0;
  for (const Misfit& misfit : read.misfits) {
    EXPECT_THAT(misfit.why, testing::AnyOf(HasSubstr("pump-"), HasSubstr("`flow`")));
    events += misfit.events;
    values += misfit.values;
  }
  EXPECT_GT(events, 0u);
  EXPECT_GT(values, 0u);
  std::uint64_t values_gone_with_events = 0;
  for (const Event& event : record.events.events) {
    if (event.entity != kNone && after.find_entity(before.id(event.entity)) == kNone)
      values_gone_with_events += event.values_count;
  }
  std::size_t without_entity = 0;
  for (std::size_t i = 0; i < record.events.events.size(); ++i) {
    const Event& written = record.events.events[i];
    const Event& event = read.events.events[i];
    EXPECT_EQ(event_key(read.events, event, after), event_key(record.events, written, before));
    EXPECT_EQ(read.events.named(event), record.events.named(written));
    without_entity += event.entity == kNone && written.entity != kNone;
    EXPECT_TRUE(event.entity != kNone || event.values_count == 0);
  }
  EXPECT_EQ(without_entity, events) << "they keep their identity, and what they correct";
  EXPECT_EQ(read.events.events.size(), record.events.events.size());
  EXPECT_EQ(read.events.values.size() + values + values_gone_with_events, record.events.values.size());
}

TEST(EpochCodec, AQuarantinedEventThatDoesNotFitSaysWhyAndStillTellsItsReason) {
  const Model before = samples::model();
  samples::Variation variation;
  variation.pumps = 4;
  const Model after = samples::model(variation);
  QuarantinedEvent event{9, QuarantineReason::poison, 123, {}};
  event.event.add("1", 0, 0, before.find_entity("pump-5"));
  std::string bytes;
  RecordEncoder(before).encode(event, bytes);
  QuarantinedEvent read;
  EXPECT_FALSE(RecordDecoder(after).decode(bytes, read).ok());
  RecordDecoder lenient(after, MisfitPolicy::leave_out);
  ASSERT_TRUE(lenient.decode(bytes, read).ok());
  EXPECT_TRUE(read.event.events.empty());
  EXPECT_THAT(read.why, HasSubstr("pump-5"));
  EXPECT_EQ(lenient.decode_reason(bytes).value(), QuarantineReason::poison);
}

TEST(EpochCodec, ARecordIsReadByNameUnderAModelWithOtherIndices) {
  const Model old_model = samples::model();
  samples::Variation variation;
  variation.pumps = 9;
  variation.sources = {"other", "bms", "*"};
  const Model new_model = samples::model(variation);
  std::mt19937_64 random(5);
  const EpochRecord record = samples::random_record(old_model, 1, 200, random);
  EpochRecord read;
  const auto decoded = RecordDecoder(new_model).decode(encoded(record, old_model), read);
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(samples::text_of(read.events, new_model), samples::text_of(record.events, old_model));
}

TEST(EpochCodec, ASourceKeepsItsNameWhenItIsDeclaredLaterOrNoLonger) {
  const Model before = samples::model();
  samples::Variation variation;
  variation.sources = {"*", "meter-3"};
  const Model after = samples::model(variation);
  std::mt19937_64 random(6);
  const EpochRecord record = samples::random_record(before, 1, 200, random);
  EpochRecord read;
  const auto decoded = RecordDecoder(after).decode(encoded(record, before), read);
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(samples::text_of(read.events, after), samples::text_of(record.events, before));
  for (std::size_t i = 0; i < read.events.events.size(); ++i) {
    const Event& event = read.events.events[i];
    const bool declared = read.events.source_name(event, after) == "meter-3";
    EXPECT_EQ(after.sources()[event.source].name, declared ? "meter-3" : "*");
    EXPECT_EQ(read.events.undeclared_source(event).empty(), declared);
  }
}

TEST(EpochCodec, ANumberWrittenInAnotherUnitIsConverted) {
  const Model before = samples::model();
  samples::Variation variation;
  variation.flow_unit = "m3/h";
  const Model after = samples::model(variation);
  EpochRecord read;
  const EpochRecord record = record_of(before, {{1, Value::number(20)}});
  const auto decoded = RecordDecoder(after).decode(encoded(record, before), read);
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(read.events.values[0].value, Value::number(72));
}

struct Refusal {
  const char* what;
  samples::Variation variation;
  ErrorCode code;
  const char* message;
};

TEST(EpochCodec, WhatTheModelNoLongerKnowsIsRefusedByName) {
  const Model before = samples::model();
  const Symbol automatic = *before.find_symbol("auto");
  const EpochRecord record = record_of(before, {{0, Value::number(1)},
                                                {1, Value::number(2)},
                                                {3, Value::boolean(true)},
                                                {4, Value::symbol(automatic)}});
  const std::string bytes = encoded(record, before);
  std::vector<Refusal> refusals(6);
  refusals[0] = {"entity", {}, ErrorCode::not_found, "entity `pump-1`"};
  refusals[0].variation.pumps = 0;
  refusals[1] = {"attribute", {}, ErrorCode::not_found, "attribute `speed` of type `Pump`"};
  refusals[1].variation.speed_name = "velocity";
  refusals[2] = {"unit", {}, ErrorCode::conflict, "in `L/s`, which cannot be converted to `kW`"};
  refusals[2].variation.flow_unit = "kW";
  refusals[3] = {"role", {}, ErrorCode::conflict, "`running` of type `Pump`, which is no longer observed"};
  refusals[3].variation.running_role = Role::derived;
  refusals[4] = {"symbol", {}, ErrorCode::conflict, "the value `auto` of attribute `mode`"};
  refusals[4].variation.last_symbol = "automatic";
  refusals[5] = {"source", {}, ErrorCode::not_found, "source `bms`"};
  refusals[5].variation.sources = {"other"};
  for (const Refusal& refusal : refusals) {
    const Model after = samples::model(refusal.variation);
    EpochRecord read;
    const auto decoded = RecordDecoder(after).decode(bytes, read);
    ASSERT_FALSE(decoded.ok()) << refusal.what;
    EXPECT_EQ(decoded.error().code, refusal.code) << refusal.what;
    EXPECT_THAT(decoded.error().message, HasSubstr(refusal.message));
    EXPECT_THAT(decoded.error().advice, HasSubstr("model version"));
  }
}

TEST(EpochCodec, NoCutOfARecordIsReadAsARecord) {
  const Model model = samples::model();
  std::mt19937_64 random(7);
  const std::string bytes = encoded(samples::random_record(model, 1, 12, random), model);
  RecordDecoder decoder(model);
  EpochRecord read;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // Exactly sized on the heap, so that a sanitizer sees a read past the end.
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(decoder.decode({cut.data(), cut.size()}, read).ok()) << size;
  }
  EXPECT_FALSE(decoder.decode(bytes + "x", read).ok());
}

TEST(EpochCodec, NoChangedByteMakesTheDecoderMisbehave) {
  const Model model = samples::model();
  std::mt19937_64 random(8);
  const std::string bytes = encoded(samples::random_record(model, 1, 12, random), model);
  RecordDecoder decoder(model);
  EpochRecord read;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int flip : {0x01, 0x10, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      if (!decoder.decode(damaged, read).ok()) {
        ++refused;
        continue;
      }
      // What is taken is at least consistent: every index is one of the model and of the batch.
      samples::text_of(read.events, model);
    }
  }
  EXPECT_GT(refused, bytes.size());
}

TEST(EpochCodec, RandomBytesAreRefusedWithoutLargeAllocations) {
  const Model model = samples::model();
  std::mt19937_64 random(9);
  RecordDecoder decoder(model);
  EpochRecord read;
  for (int i = 0; i < 3000; ++i) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % (i % 2 == 0 ? 256 : 4));
    const auto decoded = decoder.decode(bytes, read);
    EXPECT_TRUE(!decoded.ok() || read.events.events.empty());
    EXPECT_LT(read.events.events.capacity(), 100'000u);
  }
}

}  // namespace
}  // namespace pollux::schema
