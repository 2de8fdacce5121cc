#include "monitoring/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace pollux::monitoring {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, AScrapeShowsWhatTheProbesSayAtThatMoment) {
  actors::DomainProbe probe;
  Metrics metrics;
  metrics.observe(probe, "plant");
  probe.events_accepted.add(3);
  EXPECT_THAT(metrics.render(), HasSubstr(R"(pollux_events_total{domain="plant",outcome="accepted"} 3)"));
  probe.events_accepted.add(1);
  EXPECT_THAT(metrics.render(), HasSubstr(R"(pollux_events_total{domain="plant",outcome="accepted"} 4)"));
}

TEST(Metrics, DurationsAreCumulativeHistogramsInSeconds) {
  actors::DomainProbe probe;
  probe.journal_append.record(150'000);
  probe.journal_append.record(150'000);
  probe.journal_append.record(30'000'000'000);
  Metrics metrics;
  metrics.observe(probe, "d");
  const std::string text = metrics.render();
  const std::string name = "pollux_journal_append_duration_seconds";
  EXPECT_THAT(text, HasSubstr(name + R"(_bucket{domain="d",le="0.0001"} 0)"));
  EXPECT_THAT(text, HasSubstr(name + R"(_bucket{domain="d",le="0.0002"} 2)"));
  EXPECT_THAT(text, HasSubstr(name + R"(_bucket{domain="d",le="10"} 2)"));
  EXPECT_THAT(text, HasSubstr(name + R"(_bucket{domain="d",le="+Inf"} 3)"));
  EXPECT_THAT(text, HasSubstr(name + R"(_count{domain="d"} 3)"));
}

TEST(Metrics, RequestsAreCountedByRouteAndClassWithoutEmptySeries) {
  server::ServerProbe probe;
  probe.requests[static_cast<std::size_t>(server::RouteId::entity)][server::status_class(404)].add();
  Metrics metrics;
  metrics.observe(probe);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr(R"(pollux_http_requests_total{route="/v1/entities/{id}",status="4xx"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(status="5xx")")));
}

TEST(Metrics, EachFamilyIsIntroducedOnceHoweverManyDomainsPublishIt) {
  actors::DomainProbe first;
  actors::DomainProbe second;
  Metrics metrics;
  metrics.observe(first, "a");
  metrics.observe(second, "b");
  const std::string text = metrics.render();
  const std::string head = "# TYPE pollux_entities gauge";
  ASSERT_THAT(text, HasSubstr(head));
  EXPECT_EQ(text.find(head), text.rfind(head));
}

TEST(Metrics, WhatLinksCarryIsToldByWhereItComesFromAndLeads) {
  actors::DomainProbe from;
  actors::CarrierProbe carrier;
  Metrics metrics;
  metrics.observe(carrier, from.settled_position, "power", "cooling");
  from.settled_position.set(12);
  carrier.carried_position.set(7);
  EXPECT_THAT(metrics.render(), HasSubstr(R"(pollux_carrier_behind_positions{from="power",to="cooling"} 5)"));
}

TEST(Metrics, TheProcessReportsItsMemoryAndStart) {
  const std::string text = Metrics().render();
  for (const char* name : {"process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds",
                           "process_cpu_seconds_total", "pollux_build_info"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name)) << name;
  }
}

TEST(Metrics, PromtoolFindsNothingToComplainAbout) {
#ifdef POLLUX_PROMTOOL
  actors::DomainProbe domain;
  server::ServerProbe server;
  server.requests[0][1].add();
  Metrics metrics;
  metrics.observe(domain, "d");
  actors::CarrierProbe carrier;
  metrics.observe(carrier, domain.settled_position, "d", "e");
  metrics.observe(server);
  const std::string file = testing::TempDir() + "pollux_metrics_" + std::to_string(getpid()) + ".txt";
  std::ofstream(file) << metrics.render();
  EXPECT_EQ(std::system((std::string(POLLUX_PROMTOOL) + " check metrics < " + file).c_str()), 0);
  std::remove(file.c_str());
#else
  GTEST_SKIP() << "promtool (Debian package prometheus) is not installed";
#endif
}

}  // namespace
}  // namespace pollux::monitoring
