#include "server/replay/baseline.h"

#include <gtest/gtest.h>

namespace pollux::server {
namespace {

using schema::BaselineRule;
using schema::Statistic;

double apply(Statistic statistic, double quantile, double margin, std::vector<double> samples) {
  BaselineRule rule;
  rule.statistic = statistic;
  rule.quantile = quantile;
  rule.margin = margin;
  return apply_rule(rule, samples);
}

TEST(BaselineRule, ComputesEachStatistic) {
  const std::vector<double> samples = {4, 1, 3, 2, 5};
  EXPECT_EQ(apply(Statistic::min, 0, 0, samples), 1);
  EXPECT_EQ(apply(Statistic::max, 0, 0, samples), 5);
  EXPECT_EQ(apply(Statistic::mean, 0, 0, samples), 3);
  EXPECT_DOUBLE_EQ(apply(Statistic::stddev, 0, 0, samples), 1.5811388300841898);
  EXPECT_EQ(apply(Statistic::stddev, 0, 0, {7}), 0);
}

TEST(BaselineRule, TakesQuantilesByNearestRank) {
  const std::vector<double> samples = {40, 10, 30, 20};
  EXPECT_EQ(apply(Statistic::quantile, 0.0, 0, samples), 10);
  EXPECT_EQ(apply(Statistic::quantile, 0.25, 0, samples), 10);
  EXPECT_EQ(apply(Statistic::quantile, 0.26, 0, samples), 20);
  EXPECT_EQ(apply(Statistic::quantile, 0.5, 0, samples), 20);
  EXPECT_EQ(apply(Statistic::quantile, 1.0, 0, samples), 40);
}

TEST(BaselineRule, MovesBoundsOutwardsWhateverTheirSign) {
  EXPECT_EQ(apply(Statistic::min, 0, 0.5, {10}), 5);
  EXPECT_EQ(apply(Statistic::min, 0, 0.5, {-10}), -15);
  EXPECT_EQ(apply(Statistic::max, 0, 0.5, {10}), 15);
  EXPECT_EQ(apply(Statistic::max, 0, 0.5, {-10}), -5);
  EXPECT_EQ(apply(Statistic::quantile, 0.1, 0.5, {10}), 5);
  EXPECT_EQ(apply(Statistic::quantile, 0.9, 0.5, {10}), 15);
}

}  // namespace
}  // namespace pollux::server
