#include "examples/chilled-water/simulator/fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pollux::examples::chilled_water {
namespace {

using schema::kMinute;

TEST(Fault, IsWrittenAsANameAndATimeAfterTheStart) {
  const schema::Result<Fault> fault = parse_fault("ch-2-fouling@90 s");
  ASSERT_TRUE(fault.ok()) << fault.error().text();
  EXPECT_EQ(fault->kind, Fault::Kind::ch_2_fouling);
  EXPECT_EQ(fault->onset, 90 * schema::kSecond);
}

TEST(Fault, AnUnknownNameIsAnsweredWithTheNamesThereAre) {
  const schema::Result<Fault> fault = parse_fault("pump-9-wear@1min");
  ASSERT_FALSE(fault.ok());
  EXPECT_THAT(fault.error().text(), testing::HasSubstr("pump-1-wear, pump-2-wear, ch-1-fouling"));
}

TEST(Fault, ANameWithoutATimeOrWithABrokenOneIsAnError) {
  EXPECT_FALSE(parse_fault("pump-1-wear").ok());
  EXPECT_FALSE(parse_fault("pump-1-wear@soon").ok());
  EXPECT_FALSE(parse_fault("").ok());
}

TEST(Fault, DevelopsEvenlyFromItsOnsetAndTheWorstOfTwoCounts) {
  const std::vector<Fault> faults = {{Fault::Kind::pump_1_wear, 10 * kMinute},
                                     {Fault::Kind::pump_1_wear, 15 * kMinute}};
  EXPECT_EQ(development(faults, Fault::Kind::pump_1_wear, 10 * kMinute), 0);
  EXPECT_DOUBLE_EQ(development(faults, Fault::Kind::pump_1_wear, 15 * kMinute), 0.5);
  EXPECT_EQ(development(faults, Fault::Kind::pump_1_wear, 60 * kMinute), 1);
  EXPECT_EQ(development(faults, Fault::Kind::pump_2_wear, 60 * kMinute), 0);
}

}  // namespace
}  // namespace pollux::examples::chilled_water
