#include "schema/event/cloud_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schema/event/cloud_events_writer.h"
#include "tests/schema/event_samples.h"

namespace pollux::schema {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Kind = EventProblem::Kind;

/// A right event with `data`, and `extra` members before it.
std::string event_json(const std::string& data, const std::string& extra = "") {
  return R"({"specversion":"1.0","type":"pollux.observe","source":"bms","id":"1","time":"2026-11-22T07:28:00Z",)" +
         extra + R"("subject":"pump-1","data":)" + data + "}";
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

class CloudEvents : public testing::Test {
 protected:
  ParsedEvents parse(std::string_view body) { return parser_.parse(body); }

  ReportedValue only_value(const std::string& data) {
    const ParsedEvents parsed = parse(event_json(data));
    EXPECT_THAT(parsed.problems, IsEmpty()) << (parsed.problems.empty() ? "" : parsed.problems[0].message);
    return parsed.batch.values.empty() ? ReportedValue{} : parsed.batch.values[0];
  }

  const Model model_ = samples::model();
  CloudEventParser parser_{model_};
};

TEST_F(CloudEvents, ASingleEventIsResolvedAgainstTheModel) {
  const ParsedEvents parsed = parse(
      event_json(R"({"speed":80,"running":true,"mode":"auto"})", R"("sequence":"18446744073709551615",)"));
  ASSERT_THAT(parsed.problems, IsEmpty());
  ASSERT_EQ(parsed.batch.events.size(), 1u);
  const Event& event = parsed.batch.events[0];
  EXPECT_EQ(event.sequence, 18446744073709551615u);
  EXPECT_EQ(samples::text_of(parsed.batch, event, model_),
            "bms 1 pump-1 1795332480000000000 18446744073709551615 speed=" +
                std::to_string(std::bit_cast<std::uint64_t>(80.0)) +
                "/number/good/none running=1/boolean/good/none mode=auto/symbol/good/none");
}

TEST_F(CloudEvents, ACorrectionSaysWhatIsSoAndNamesTheEventItReplaces) {
  const std::string json = event_json(R"({"speed":80})", R"("corrects":"0",)");
  const ParsedEvents parsed = parse(replaced(json, "observe", "correct"));
  ASSERT_THAT(parsed.problems, IsEmpty()) << parsed.problems[0].message;
  const Event& event = parsed.batch.events[0];
  EXPECT_EQ(event.kind, EventKind::correct);
  EXPECT_EQ(parsed.batch.named(event), "0");
  EXPECT_EQ(event.values_count, 1u);
  EXPECT_EQ(named_key(parsed.batch, event, model_), event_key("bms", "0"));
}

TEST_F(CloudEvents, ARetractionNeedsNeitherSubjectNorData) {
  const ParsedEvents parsed = parse(
      R"([{"specversion":"1.0","type":"pollux.retract","source":"meter","id":"9","time":"2026-11-22T07:28:00Z",)"
      R"("retracts":"8"}])");
  ASSERT_THAT(parsed.problems, IsEmpty()) << parsed.problems[0].message;
  const Event& event = parsed.batch.events[0];
  EXPECT_EQ(event.kind, EventKind::retract);
  EXPECT_EQ(event.entity, kNone);
  EXPECT_EQ(parsed.batch.undeclared_source(event), "meter");
  EXPECT_EQ(parsed.batch.named(event), "8");
  EXPECT_EQ(named_key(parsed.batch, event, model_), event_key("meter", "8"));
}

TEST_F(CloudEvents, NumbersAreConvertedToTheDeclaredUnit) {
  EXPECT_EQ(only_value(R"({"flow":{"value":72,"unit":"m3/h"}})").value, Value::number(20));
  EXPECT_EQ(only_value(R"({"flow":{"value":20,"unit":"L/s"}})").value, Value::number(20));
  EXPECT_NEAR(only_value(R"({"temp":{"value":212,"unit":"degF"}})").value.as_number(), 100, 1e-9);
}

TEST_F(CloudEvents, TheReportedQualityIsKeptWithItsReason) {
  EXPECT_EQ(only_value(R"({"flow":{"value":20,"quality":"uncertain"}})").value,
            Value::number(20, Quality::uncertain, Reason::reported_by_source));
  EXPECT_EQ(only_value(R"({"flow":{"quality":"bad"}})").value,
            Value::bad(ValueType::number, Reason::reported_by_source));
  EXPECT_EQ(only_value(R"({"speed":{"value":-9999,"quality":"bad"}})").value,
            Value::bad(ValueType::number, Reason::reported_by_source));
}

TEST_F(CloudEvents, AnUndeclaredSourceStandsUnderTheDefaultOneWithItsName) {
  const ParsedEvents parsed = parse(replaced(event_json(R"({"speed":1})"), "bms", "urn:meter:5"));
  ASSERT_THAT(parsed.problems, IsEmpty());
  const Event& event = parsed.batch.events[0];
  EXPECT_EQ(model_.sources()[event.source].name, Model::kDefaultSource);
  EXPECT_EQ(parsed.batch.undeclared_source(event), "urn:meter:5");
  EXPECT_EQ(event_key(parsed.batch, event, model_), event_key("urn:meter:5", "1"));
}

TEST_F(CloudEvents, WithoutADefaultSourceAnUndeclaredOneIsRefused) {
  samples::Variation variation;
  variation.sources = {"bms"};
  const Model model = samples::model(variation);
  const ParsedEvents parsed =
      CloudEventParser(model).parse(replaced(event_json(R"({"speed":1})"), "bms", "bmz"));
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_EQ(parsed.problems[0].kind, Kind::unprocessable);
  EXPECT_EQ(parsed.problems[0].pointer, "/source");
  EXPECT_EQ(parsed.problems[0].nearest, "bms");
}

TEST_F(CloudEvents, ABatchIsTakenWholeOrNotAtAll) {
  const std::string good = event_json(R"({"speed":1})");
  EXPECT_EQ(parse("[" + good + "," + good + "]").batch.events.size(), 2u);
  const ParsedEvents parsed = parse("[" + good + "," + event_json(R"({"spped":1})") + "," + good + "]");
  EXPECT_THAT(parsed.batch.events, IsEmpty());
  EXPECT_THAT(parsed.batch.values, IsEmpty());
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_EQ(parsed.problems[0].index, 1u);
  EXPECT_EQ(parsed.problems[0].pointer, "/1/data/spped");
  EXPECT_EQ(parsed.problems[0].nearest, "speed");
}

TEST_F(CloudEvents, AnEmptyBatchIsNoError) {
  const ParsedEvents parsed = parse("[]");
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_THAT(parsed.batch.events, IsEmpty());
}

TEST_F(CloudEvents, EverythingWrongWithAnEventIsToldAtOnce) {
  std::string json =
      replaced(event_json(R"({"speed":120,"load":1,"flow":"x"})"), "2026-11-22T07", "yesterday");
  const ParsedEvents parsed = parse(replaced(json, R"("id":"1")", R"("id":"")"));
  std::vector<std::string> pointers;
  for (const EventProblem& problem : parsed.problems) pointers.push_back(problem.pointer);
  EXPECT_THAT(pointers,
              testing::UnorderedElementsAre("/id", "/time", "/data/speed", "/data/load", "/data/flow"));
}

TEST_F(CloudEvents, ProblemsAreBounded) {
  std::string body = "[";
  for (int i = 0; i < 500; ++i)
    body += std::string(i ? "," : "") + replaced(event_json("{}"), "pump-1", "pumpp-1");
  const ParsedEvents parsed = parse(body + "]");
  EXPECT_EQ(parsed.problems.size(), kEventProblemsMax);
  EXPECT_EQ(parsed.problems[0].nearest, "pump-1");
  EXPECT_EQ(parsed.problems[99].nearest, "") << "looking for the nearest name is bounded too";
}

TEST_F(CloudEvents, TooManyEventsOrBytesAreRefused) {
  std::string body = "[";
  for (std::size_t i = 0; i <= kEventsPerBatchMax; ++i) body += i ? ",{}" : "{}";
  ParsedEvents parsed = parse(body + "]");
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_THAT(parsed.problems[0].message, HasSubstr("more than 100000 events"));
  parsed = parse(std::string(kEventsBytesMax + 1, ' '));
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_THAT(parsed.problems[0].message, HasSubstr("at most 16777216"));
}

TEST_F(CloudEvents, MalformedJsonIsRefusedWithItsPlace) {
  const ParsedEvents parsed = parse("[\n  {\"id\": \"1\"\n   \"source\": 1}]");
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_EQ(parsed.problems[0].kind, Kind::malformed);
  EXPECT_EQ(parsed.problems[0].offset, 18u);
  EXPECT_THAT(parsed.problems[0].message, HasSubstr("line 3, column 4"));
}

TEST_F(CloudEvents, WhatTheWriterWritesIsReadBackBitForBit) {
  std::mt19937_64 random(11);
  EventBatch batch;
  for (int i = 0; i < 500; ++i) {
    samples::add_random_event(model_, batch, random);
    Event& event = batch.events.back();
    if (event.values_count == 0 && event.kind != EventKind::retract) batch.events.pop_back();
    for (ReportedValue& reported : std::span(batch.values).subspan(event.values_offset, event.values_count)) {
      const bool ranged = model_.type_of(event.entity).attributes[reported.attribute].range.has_value();
      if (reported.value.quality == Quality::stale) reported.value.quality = Quality::uncertain;
      if (ranged && reported.value.usable())
        reported.value.bits = std::bit_cast<std::uint64_t>(0.1 * (i % 1000));
    }
  }
  std::string json = "[";
  for (const Event& event : batch.events) {
    if (json.size() > 1) json += ',';
    append_cloud_event(json, batch, event, model_);
  }
  const ParsedEvents parsed = parse(json + "]");
  ASSERT_THAT(parsed.problems, IsEmpty()) << parsed.problems[0].pointer << parsed.problems[0].message;
  EXPECT_EQ(samples::text_of(parsed.batch, model_), samples::text_of(batch, model_));
}

TEST_F(CloudEvents, TheWriterEscapesNamesAndKeepsUnits) {
  const NamedValue values[] = {{"flow", 72.0, "m3/h", Quality::uncertain},
                               {"mode", std::string_view("auto"), "", Quality::good}};
  std::string json;
  append_cloud_event(json, {"a\"b", "id\n1", 0, "pump-2", 3, values});
  const ParsedEvents parsed = parse(json);
  ASSERT_THAT(parsed.problems, IsEmpty()) << json;
  EXPECT_EQ(parsed.batch.id(parsed.batch.events[0]), "id\n1");
  EXPECT_EQ(parsed.batch.undeclared_source(parsed.batch.events[0]), "a\"b");
  EXPECT_EQ(parsed.batch.values[0].value, Value::number(20, Quality::uncertain, Reason::reported_by_source));
}

TEST_F(CloudEvents, RandomBytesAndDamagedEventsAreNeverTakenForSomethingElse) {
  std::mt19937_64 random(12);
  const std::string good = "[" + event_json(R"({"speed":80,"flow":{"value":3,"unit":"m3/h"}})") + "]";
  for (int i = 0; i < 20'000; ++i) {
    std::string body = good;
    if (i % 4 == 0) {
      body.assign(random() % 100, '\0');
      for (char& c : body) c = static_cast<char>(random());
    } else {
      for (std::size_t n = random() % 4; n > 0; --n)
        body[random() % body.size()] = static_cast<char>(random() % 128);
      if (i % 3 == 0) body.resize(random() % body.size());
    }
    const ParsedEvents parsed = parse(body);
    if (!parsed.problems.empty()) {
      EXPECT_THAT(parsed.batch.events, IsEmpty());
      EXPECT_FALSE(parsed.problems[0].message.empty());
      EXPECT_LE(parsed.problems[0].offset, body.size());
    }
    for (const std::string& line : samples::text_of(parsed.batch, model_)) EXPECT_FALSE(line.empty());
  }
}

struct Wrong {
  const char* what;
  std::string body;
  Kind kind;
  const char* pointer;
  const char* message;
  const char* nearest = "";
};

std::string with(const std::string& what, const std::string& by) {
  return replaced(event_json(R"({"speed":1})"), what, by);
}

/// Of another type than observe, with `extra` members and `data`.
std::string revision(const std::string& type, const std::string& extra, const std::string& data) {
  return replaced(event_json(data, extra), "observe", type);
}

std::vector<Wrong> wrong_revisions() {
  return {
      {"correction of nothing", revision("correct", "", R"({"speed":1})"), Kind::malformed, "/corrects",
       "no corrects"},
      {"correction of an empty id", revision("correct", R"("corrects":"",)", R"({"speed":1})"),
       Kind::malformed, "/corrects", "is empty"},
      {"correction of a number", revision("correct", R"("corrects":7,)", R"({"speed":1})"), Kind::malformed,
       "/corrects", "must be a string"},
      {"correction of itself", revision("correct", R"("corrects":"1",)", R"({"speed":1})"),
       Kind::unprocessable, "/corrects", "names itself"},
      {"correction without data", revision("correct", R"("corrects":"0",)", "{}"), Kind::unprocessable,
       "/data", "says nothing"},
      {"correction that retracts", revision("correct", R"("corrects":"0","retracts":"0",)", R"({"speed":1})"),
       Kind::unprocessable, "/retracts", "only events of type \"pollux.retract\""},
      {"retraction of nothing", revision("retract", "", "null"), Kind::malformed, "/retracts", "no retracts"},
      {"retraction of itself", revision("retract", R"("retracts":"1",)", "null"), Kind::unprocessable,
       "/retracts", "names itself"},
      {"retraction with data", revision("retract", R"("retracts":"0",)", R"({"speed":1})"),
       Kind::unprocessable, "/data", "leave data out"},
      {"observation that corrects", revision("observe", R"("corrects":"0",)", R"({"speed":1})"),
       Kind::unprocessable, "/corrects", "only events of type \"pollux.correct\""},
      {"misspelt type", revision("corect", R"("corrects":"0",)", R"({"speed":1})"), Kind::unprocessable,
       "/type", "not understood", "pollux.correct"},
  };
}

std::vector<Wrong> wrong_events() {
  const auto data = [](const char* json) { return event_json(json); };
  return {
      {"empty body", "", Kind::malformed, "", "not valid JSON at line 1, column 1"},
      {"no json", "hello", Kind::malformed, "", "line 1, column 1"},
      {"cut off", event_json("{\"speed\":1").substr(0, 60), Kind::malformed, "", "not valid JSON"},
      {"trailing text", data(R"({"speed":1})") + "x", Kind::malformed, "", "not valid JSON"},
      {"NaN", data(R"({"speed":NaN})"), Kind::malformed, "", "Invalid value"},
      {"Infinity", data(R"({"speed":-Infinity})"), Kind::malformed, "", "not valid JSON"},
      {"bad UTF-8", data("{\"speed\":\"\xff\xfe\"}"), Kind::malformed, "", "not valid JSON"},
      {"too deep", data(std::string(5000, '[').c_str()), Kind::malformed, "", "JSON"},
      {"1e999", data(R"({"speed":1e999})"), Kind::unprocessable, "/data/speed", "1e999"},
      {"huge integer", "[" + data(R"({"speed":{"value":99999999999999999999999}})") + "]",
       Kind::unprocessable, "/0/data/speed/value", "does not fit"},
      {"not an object", "42", Kind::malformed, "", "not a JSON object"},
      {"not an object in a batch", "[null]", Kind::malformed, "/0", "not a JSON object"},
      {"no specversion", with(R"("specversion":"1.0",)", ""), Kind::malformed, "/specversion",
       "no specversion"},
      {"wrong specversion", with("\"1.0\"", "\"0.3\""), Kind::malformed, "/specversion", "expected \"1.0\""},
      {"specversion a number", with("\"1.0\"", "1.0"), Kind::malformed, "/specversion", "must be a string"},
      {"no id", with(R"("id":"1",)", ""), Kind::malformed, "/id", "no id"},
      {"empty id", with(R"("id":"1")", R"("id":"")"), Kind::malformed, "/id", "id is empty"},
      {"id a number", with(R"("id":"1")", R"("id":1)"), Kind::malformed, "/id", "must be a string"},
      {"id too long", with(R"("id":"1")", R"("id":")" + std::string(257, 'x') + "\""), Kind::malformed, "/id",
       "at most 256"},
      {"id twice", with(R"("id":"1",)", R"("id":"1","id":"2",)"), Kind::malformed, "/id", "given twice"},
      {"no source", with(R"("source":"bms",)", ""), Kind::malformed, "/source", "no source"},
      {"empty source", with("\"bms\"", "\"\""), Kind::malformed, "/source", "source is empty"},
      {"no type", with(R"("type":"pollux.observe",)", ""), Kind::malformed, "/type", "no type"},
      {"unsupported type", with("pollux.observe", "pollux.observed"), Kind::unprocessable, "/type",
       "not understood", "pollux.observe"},
      {"no subject", with(R"("subject":"pump-1",)", ""), Kind::malformed, "/subject", "no subject"},
      {"unknown entity", with("pump-1", "pmup-1"), Kind::not_found, "/subject", "no entity \"pmup-1\"",
       "pump-1"},
      {"no time", with(R"("time":"2026-11-22T07:28:00Z",)", ""), Kind::malformed, "/time", "no time"},
      {"time without offset", with("00Z", "00"), Kind::malformed, "/time", "no time zone"},
      {"time a number", with("\"2026-11-22T07:28:00Z\"", "1795332480"), Kind::malformed, "/time",
       "must be a string"},
      {"no such day", with("2026-11-22", "2026-11-31"), Kind::malformed, "/time", "no such date"},
      {"negative sequence", event_json(R"({"speed":1})", R"("sequence":-1,)"), Kind::malformed, "/sequence",
       "whole number"},
      {"sequence a word", event_json(R"({"speed":1})", R"("sequence":"7x",)"), Kind::malformed, "/sequence",
       "whole number"},
      {"data not JSON", event_json(R"({"speed":1})", R"("datacontenttype":"text/xml",)"), Kind::malformed,
       "/datacontenttype", "application/json"},
      {"binary data", event_json(R"({"speed":1})", R"("data_base64":"AAAA",)"), Kind::malformed,
       "/data_base64", "binary"},
      {"no data", with(R"(,"data":{"speed":1})", ""), Kind::malformed, "/data", "no data"},
      {"data not an object", data("[1]"), Kind::malformed, "/data", "must be an object"},
      {"empty data", data("{}"), Kind::unprocessable, "/data", "says nothing"},
      {"unknown attribute", data(R"({"sped":1})"), Kind::unprocessable, "/data/sped",
       "observed attributes of type Pump: speed, flow, temp, running, mode", "speed"},
      {"attribute with a slash", data(R"({"a/b~c":1})"), Kind::unprocessable, "/data/a~1b~0c",
       "no attribute"},
      {"derived attribute", data(R"({"load":1})"), Kind::unprocessable, "/data/load",
       "is a derived attribute and cannot be reported; observed attributes of type Pump: speed"},
      {"parameter", data(R"({"rated":1})"), Kind::unprocessable, "/data/rated", "is a parameter attribute"},
      {"memory is not shown", data(R"({"since":1})"), Kind::unprocessable, "/data/since",
       "no attribute \"since\""},
      {"attribute twice", data(R"({"speed":1,"speed":2})"), Kind::malformed, "/data/speed", "given twice"},
      {"string for a number", data(R"({"speed":"80"})"), Kind::unprocessable, "/data/speed",
       "found the string \"80\", expected a number in %"},
      {"null", data(R"({"speed":null})"), Kind::unprocessable, "/data/speed", "\"quality\": \"bad\""},
      {"array", data(R"({"speed":[1]})"), Kind::unprocessable, "/data/speed", "found an array"},
      {"number for a boolean", data(R"({"running":1})"), Kind::unprocessable, "/data/running",
       "true or false"},
      {"boolean for a symbol", data(R"({"mode":true})"), Kind::unprocessable, "/data/mode",
       "a string, one of"},
      {"unknown symbol", data(R"({"mode":"atuo"})"), Kind::unprocessable, "/data/mode",
       "expected one of off, manual, auto", "auto"},
      {"above range", data(R"({"speed":100.5})"), Kind::unprocessable, "/data/speed",
       "100.5 % is outside the attribute's range, 0 % to 100 %"},
      {"below range once converted", data(R"({"speed":{"value":-0.01,"unit":"1"}})"), Kind::unprocessable,
       "/data/speed/value", "-1 % is outside"},
      {"wrong unit", data(R"({"flow":{"value":1,"unit":"kW"}})"), Kind::unprocessable, "/data/flow/unit",
       "\"kW\" (kg*m^2/s^3) cannot be converted to L/s"},
      {"unknown unit", data(R"({"flow":{"value":1,"unit":"m3/hh"}})"), Kind::unprocessable, "/data/flow/unit",
       "hh"},
      {"span for a point", data(R"({"temp":{"value":1,"unit":"K"}})"), Kind::unprocessable, "/data/temp/unit",
       "cannot be converted"},
      {"unit a number", data(R"({"flow":{"value":1,"unit":5}})"), Kind::unprocessable, "/data/flow/unit",
       "expected a string"},
      {"unit of a symbol", data(R"({"mode":{"value":"auto","unit":"m"}})"), Kind::unprocessable,
       "/data/mode/unit", "has no unit"},
      {"overflow in conversion", data(R"({"flow":{"value":1e308,"unit":"km3/s"}})"), Kind::unprocessable,
       "/data/flow/value", "not finite"},
      {"unknown quality", data(R"({"flow":{"value":1,"quality":"god"}})"), Kind::unprocessable,
       "/data/flow/quality", "good, uncertain or bad", "good"},
      {"quality not reportable", data(R"({"flow":{"value":1,"quality":"stale"}})"), Kind::unprocessable,
       "/data/flow/quality", "good, uncertain or bad"},
      {"no value", data(R"({"flow":{"quality":"uncertain"}})"), Kind::unprocessable, "/data/flow",
       "only quality bad"},
      {"unknown member", data(R"({"flow":{"valeu":1}})"), Kind::unprocessable, "/data/flow/valeu",
       "value, unit and quality", "value"},
      {"value twice", data(R"({"flow":{"value":1,"value":2}})"), Kind::unprocessable, "/data/flow/value",
       "twice"},
  };
}

TEST_F(CloudEvents, EveryWrongEventIsRefusedByKindPlaceAndReason) {
  std::vector<Wrong> all = wrong_events();
  for (Wrong& wrong : wrong_revisions()) all.push_back(std::move(wrong));
  for (const Wrong& wrong : all) {
    SCOPED_TRACE(wrong.what);
    const ParsedEvents parsed = parse(wrong.body);
    EXPECT_THAT(parsed.batch.events, IsEmpty());
    if (parsed.problems.empty()) {
      ADD_FAILURE() << "it was taken";
      continue;
    }
    const EventProblem& problem = parsed.problems[0];
    EXPECT_EQ(problem.kind, wrong.kind) << problem.message;
    EXPECT_EQ(problem.pointer, wrong.pointer);
    EXPECT_THAT(problem.message, HasSubstr(wrong.message));
    EXPECT_EQ(problem.nearest, wrong.nearest);
  }
  EXPECT_GE(wrong_events().size(), 35u);
}

}  // namespace
}  // namespace pollux::schema
