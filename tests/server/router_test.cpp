#include "server/http/router.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pollux::server {
namespace {

RouteMatch match(Method method, const std::vector<std::string>& segments) {
  return match_route(method, segments);
}

TEST(Router, ArgumentsAreTheSegmentsThePatternLeavesOpen) {
  const std::vector<std::string> segments = {"v1", "why", "pump-1", "flow"};
  const RouteMatch found = match(Method::get, segments);
  EXPECT_EQ(found.route, RouteId::why);
  ASSERT_EQ(found.arguments.size(), 2u);
  EXPECT_EQ(found.arguments[1], "flow");
}

TEST(Router, ALongerShorterOrEmptySegmentDoesNotMatch) {
  for (const std::vector<std::string>& path : {std::vector<std::string>{"v1"},
                                               {"v1", "why", "a"},
                                               {"v1", "why", "a", "b", "c"},
                                               {"v1", "entities", ""}}) {
    EXPECT_EQ(match(Method::get, path).route, RouteId::unmatched);
  }
}

TEST(Router, AWrongMethodIsToldFromAWrongPath) {
  EXPECT_EQ(match(Method::get, {"v1", "events"}).allow, "POST");
  EXPECT_EQ(match(Method::post, {"v1", "digest"}).allow, "GET, HEAD");
  EXPECT_EQ(match(Method::head, {"v1", "changes"}).allow, "GET");
  EXPECT_EQ(match(Method::get, {"v1", "digests"}).nearest, "/v1/digest");
}

TEST(Router, EveryRouteHasANameAndAContentType) {
  for (std::size_t i = 0; i < kRouteCount; ++i) {
    EXPECT_NE(name_of(static_cast<RouteId>(i)), nullptr);
    EXPECT_NE(content_type_of(static_cast<RouteId>(i)), nullptr);
  }
}

TEST(Accept, RangesAndWeightsAreUnderstood) {
  for (const char* yes : {"", "*/*", "application/json", "text/html, application/*;q=0.1", "APPLICATION/JSON",
                          "text/html;q=0, */*"}) {
    EXPECT_TRUE(accepts(yes, "application/json")) << yes;
  }
  for (const char* no :
       {"text/html", "application/json;q=0", "application/json; q=0.000", "applications/*"}) {
    EXPECT_FALSE(accepts(no, "application/json")) << no;
  }
  EXPECT_TRUE(accepts("text/plain;version=0.0.4;q=0.5", "text/plain; version=0.0.4; charset=utf-8"));
}

}  // namespace
}  // namespace pollux::server
