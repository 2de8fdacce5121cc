#include "examples/chilled-water/simulator/field_event.h"

#include <gtest/gtest.h>

namespace pollux::examples::chilled_water {
namespace {

TEST(FieldEvent, IsACloudEventWithUnitsWhereThereAreAny) {
  FieldEvent event;
  event.id = "bms-1";
  event.source = "bms";
  event.subject = "zone-1";
  event.time = 1'784'120'400'250 * schema::kMillisecond;
  event.sequence = 7;
  event.readings = {{"temp", "degC", 23.25}, {"occupants", "", 12}};
  EXPECT_EQ(cloud_events_json({&event}),
            R"([{"specversion":"1.0","id":"bms-1","source":"bms","type":"pollux.observe","subject":"zone-1",)"
            R"("time":"2026-07-15T13:00:00.250Z","sequence":"7",)"
            R"("data":{"temp":{"value":23.25,"unit":"degC"},"occupants":{"value":12.0}}}])");
}

TEST(FieldEvent, NoEventsAreAnEmptyBatch) {
  EXPECT_EQ(cloud_events_json({}), "[]");
}

}  // namespace
}  // namespace pollux::examples::chilled_water
