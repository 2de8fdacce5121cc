#include "server/cli/answer_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pollux::server::cli {
namespace {

using testing::HasSubstr;

TEST(WhyText, ShowsEachValueWithWhatMadeItAndItsInputsBelow) {
  const auto text = why_text(R"({"entity":"enough","attribute":"status","value":"violated","unit":null,
    "quality":"good","since":"T2","origin":"timer","timer":{"kind":"for","span":"5 s","due":"T2"},
    "is":"flow >= 5 L/s","broken_since":"T1","inputs":[
      {"entity":"pump","attribute":"flow","value":2.5,"unit":"L/s","quality":"stale","since":"T1","origin":"event",
       "event":{"source":"bms","id":"e1","position":7},"is":null,"inputs":[],"truncated":false},
      {"entity":"pump","attribute":"speed","value":null,"unit":"%","quality":"unknown","since":null,"held":false,
       "is":null,"inputs":[],"truncated":false}],
    "truncated":true,"at":"T3","position":9,"model_version":"0123456789abcdef"})");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text,
            "at T3, position 9, model 0123456789ab\n"
            "enough.status = violated  since T2  [broken for 5 s; flow >= 5 L/s; broken since T1]\n"
            "  pump.flow = 2.5 L/s (stale)  since T1  [event e1 of bms, position 7]\n"
            "  pump.speed = none (unknown)  [no longer in memory]\n"
            "  ...\n");
}

TEST(ImpactText, WithoutAValueListsWhatDependsOnIt) {
  const auto text = impact_text(R"({"entity":"pump","attribute":null,"entities":2,"constraints":1,"levels":[
    {"level":0,"entities":[{"entity":"pump","kind":"asset","attributes":["flow","speed"]}]},
    {"level":1,"entities":[{"entity":"enough","kind":"constraint","attributes":["status"]}]}],"truncated":true})");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text,
            "pump: 2 entities depend on it, 1 of them constraints\n"
            "LEVEL  ENTITY  KIND        ATTRIBUTES\n"
            "0      pump    asset       flow, speed\n"
            "1      enough  constraint  status\n"
            "... there is more than is shown or computed\n");
}

TEST(ImpactText, WithAValueTellsWhatWouldChangeAndBreak) {
  const auto text = impact_text(R"({"entity":"pump","attribute":"flow","position":3,
    "was":{"value":8,"unit":"L/s","quality":"good"},"supposed":{"value":1,"unit":"L/s","quality":"good"},
    "changes":[{"entity":"enough","attribute":"status","level":1,"was":{"value":"satisfied","quality":"good"},
                "would_be":{"value":"violated","quality":"good"}}],
    "constraints":[{"constraint":"enough","effect":"would_break","status":"satisfied","requires":"flow > 5 L/s",
                    "for":"2 min","severity":"critical"}],
    "held":[{"entity":"x","attribute":"y"}],"truncated":false})");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text,
            "supposed: pump.flow = 1 L/s, where it is 8 L/s, at position 3\n"
            "LEVEL  WOULD CHANGE   WAS        WOULD BE\n"
            "1      enough.status  satisfied  violated\n"
            "\n"
            "CONSTRAINT  EFFECT       IF IT LASTS  SEVERITY  REQUIRES\n"
            "enough      would_break  2 min        critical  flow > 5 L/s\n"
            "held at its present value: x.y\n");
}

TEST(AnswerText, WhatIsNoAnswerIsAnErrorAndNoCrash) {
  for (const char* body : {"", "[]", "{", "{}", R"({"entity":3})"}) {
    EXPECT_FALSE(why_text(body).ok()) << body;
    EXPECT_FALSE(impact_text(body).ok()) << body;
  }
  EXPECT_TRUE(impact_text(R"({"entity":"e","levels":[{}],"supposed":{},"changes":[{}],"held":[3]})").ok());
  EXPECT_TRUE(why_text(R"({"entity":"e","inputs":[3]})").ok());
}

}  // namespace
}  // namespace pollux::server::cli
