#include "server/http/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

namespace pollux::server {
namespace {

std::string written(double number) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  write_number(json, number);
  return text_of(buffer);
}

TEST(Json, NumbersAreShortAndReadBackToTheSameBits) {
  EXPECT_EQ(written(20), "20");
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(0.1 + 0.2), "0.30000000000000004");
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    ASSERT_EQ(std::strtod(written(number).c_str(), nullptr), number) << number;
  }
  for (const double edge : {std::numeric_limits<double>::max(), std::numeric_limits<double>::denorm_min()}) {
    EXPECT_EQ(std::strtod(written(edge).c_str(), nullptr), edge);
  }
}

TEST(Json, TimesOutsideEveryEventAreNull) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartArray();
  write_time(json, schema::kBeginning);
  write_time(json, schema::kNever);
  write_time(json, 0);
  json.EndArray();
  EXPECT_EQ(text_of(buffer), R"([null,null,"1970-01-01T00:00:00Z"])");
}

}  // namespace
}  // namespace pollux::server
