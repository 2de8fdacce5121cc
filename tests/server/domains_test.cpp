// A model of several domains over HTTP: as one twin, with a journal for each domain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/server/http_fixture.h"

namespace pollux::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHead = R"model(twin: site
types:
  Rack: { kind: asset, observed: { load: {} }, inputs: { inlet: {} }, derived: { heat: { is: "load * 2 + default(inlet, 0)" } } }
  Cooler: { kind: process, observed: { ambient: {} }, inputs: { heat: {} }, derived: { supply: { is: heat + ambient } } }
  Cool: { kind: constraint, inputs: { supply: {} }, requires: supply <= 20 }
  Sane: { kind: constraint, inputs: { load: {} }, requires: load <= 100 }
links:
  heat: { from: rack.heat, delay: 10 s }
  air: { from: cooler.supply, delay: 5 s }
entities:
  sane: { type: Sane, inputs: { load: rack.load } }
  cooler: { type: Cooler, inputs: { heat: heat.value } }
  rack: { type: Rack, inputs: { inlet: air.value } }
  cool: { type: Cool, inputs: { supply: cooler.supply } }
sources: { bms: { allowed_lateness: 10 min } }
)model";
constexpr const char* kDomains = R"(domains:
  power: { types: [Rack, Sane] }
  cooling: { types: [Cooler, Cool] }
)";

ServerSetup divided() {
  ServerSetup setup;
  setup.model = load_text(std::string(kHead) + kDomains);
  return setup;
}

ServerSetup undivided() {
  ServerSetup setup;
  setup.model = load_text(kHead);
  return setup;
}

constexpr schema::EventTime kStart = 1'795'332'480'000'000'000;  // 2026-11-22T07:28:00Z

std::string event(const std::string& id, int second, const std::string& subject, const std::string& data,
                  const std::string& source = "bms") {
  return R"({"specversion":"1.0","type":"pollux.observe","source":")" + source + R"(","id":")" + id +
         R"(","subject":")" + subject + R"(","time":")" +
         schema::format_rfc3339(kStart + second * schema::kSecond) + R"(","data":{)" + data + "}}";
}

std::string load(const std::string& id, int second, int value) {
  return event(id, second, "rack", R"("load":)" + std::to_string(value));
}
std::string ambient(const std::string& id, int second, int value) {
  return event(id, second, "cooler", R"("ambient":)" + std::to_string(value));
}

rapidjson::Document json_of(const Answer& answer) {
  rapidjson::Document json;
  json.Parse(answer.body.c_str());
  EXPECT_FALSE(json.HasParseError()) << answer.body;
  return json;
}

std::string text_of(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

std::vector<std::string> ids_in(const rapidjson::Value& list, const char* key = "id") {
  std::vector<std::string> ids;
  for (const auto& each : list.GetArray()) ids.emplace_back(each[key].GetString());
  return ids;
}

void carry(RunningServer& server) {
  ASSERT_TRUE(server.plant().wait_until_carried(std::chrono::seconds(20)).ok());
}

void say(RunningServer& server, const std::string& events) {
  const Answer answer = server.post("[" + events + "]");
  ASSERT_EQ(answer.status, 200u) << answer.body;
}

/// Some of it late, some of it a revision; both domains end at the same time.
void tell_a_story(RunningServer& server) {
  say(server, load("1", 0, 3) + "," + ambient("2", 1, 1));
  say(server, load("3", 40, 8));
  say(server, ambient("4", 55, 2) + "," + load("5", 20, 5));
  say(server, ambient("6", 30, 4));
  say(server, load("7", 90, 1) + "," + ambient("8", 90, 1));
  if (server.plant().domain_count() > 1) carry(server);
}

TEST(Domains, ADividedModelSaysTheSameAsTheSameModelUndivided) {
  RunningServer parts(divided());
  RunningServer whole(undivided());
  tell_a_story(parts);
  tell_a_story(whole);
  for (const char* id : {"sane", "cooler", "rack", "cool", "heat", "air"}) {
    const auto one = json_of(parts.get(std::string("/v1/entities/") + id));
    const auto other = json_of(whole.get(std::string("/v1/entities/") + id));
    EXPECT_EQ(text_of(one["attributes"]), text_of(other["attributes"])) << id;
    EXPECT_EQ(text_of(one["inputs"]), text_of(other["inputs"])) << id;
  }
  for (const char* at : {"07:28:05", "07:28:25", "07:28:41", "07:29:12", "07:29:30"}) {
    const std::string path = std::string("/v1/digest?at=2026-11-22T") + at + "Z";
    const auto one = json_of(parts.get(path));
    const auto other = json_of(whole.get(path));
    ASSERT_TRUE(one.HasMember("digest")) << text_of(one);
    EXPECT_STREQ(one["digest"].GetString(), other["digest"].GetString()) << at;
  }
  const auto one = json_of(parts.get("/v1/history/cooler/supply"));
  const auto other = json_of(whole.get("/v1/history/cooler/supply"));
  EXPECT_EQ(text_of(one["versions"]), text_of(other["versions"]));
  const std::string supposed = "/v1/impact/cooler/ambient?value=50";
  EXPECT_EQ(text_of(json_of(parts.get(supposed))["changes"]),
            text_of(json_of(whole.get(supposed))["changes"]));
}

TEST(Domains, AnUndividedModelAnswersWithNumbersAndKnowsNoDomain) {
  RunningServer server(undivided());
  say(server, load("1", 0, 3));
  const auto list = json_of(server.get("/v1/entities"));
  EXPECT_TRUE(list["position"].IsUint64());
  EXPECT_FALSE(list.HasMember("clocks"));
  EXPECT_FALSE(list["entities"][0].HasMember("domain"));
  EXPECT_FALSE(json_of(server.get("/v1/digest")).HasMember("domains"));
  const auto domains = json_of(server.get("/v1/domains"));
  EXPECT_EQ(domains["domains"].Size(), 1u);
  EXPECT_TRUE(domains["domains"][0]["domain"].IsNull());
}

TEST(Domains, ListsMergeDomainsInTheModelsOrderAndPagesFollowOnEachOther) {
  RunningServer server(divided());
  tell_a_story(server);
  std::vector<std::string> ids;
  std::string cursor;
  for (int page = 0; page < 10; ++page) {
    const auto list = json_of(server.get("/v1/entities?limit=2" + cursor));
    for (const std::string& id : ids_in(list["entities"])) ids.push_back(id);
    if (list["next_cursor"].IsNull()) break;
    cursor = std::string("&cursor=") + list["next_cursor"].GetString();
  }
  EXPECT_THAT(ids, ElementsAre("sane", "cooler", "rack", "cool", "heat", "air"));
  const auto all = json_of(server.get("/v1/entities"));
  EXPECT_EQ(all["position"]["power"].GetUint64(), server.plant().domain(0).settled_position());
  EXPECT_EQ(all["position"]["cooling"].GetUint64(), server.plant().domain(1).settled_position());
  EXPECT_STREQ(all["clock"].GetString(), "2026-11-22T07:29:30Z");
  EXPECT_STREQ(all["entities"][1]["domain"].GetString(), "cooling");
  const auto power = json_of(server.get("/v1/entities?domain=power"));
  EXPECT_THAT(ids_in(power["entities"]), ElementsAre("sane", "rack", "air"));
  EXPECT_FALSE(power["position"].HasMember("cooling"));
  EXPECT_THAT(ids_in(json_of(server.get("/v1/constraints"))["constraints"]), ElementsAre("sane", "cool"));
  EXPECT_THAT(ids_in(json_of(server.get("/v1/constraints?domain=cooling"))["constraints"]),
              ElementsAre("cool"));
  const Answer wrong = server.get("/v1/entities?domain=colling");
  EXPECT_EQ(wrong.status, 400u);
  EXPECT_THAT(wrong.body, HasSubstr("did you mean `cooling`?"));
}

TEST(Domains, EpisodesOfAllDomainsComeTogether) {
  RunningServer server(divided());
  say(server, load("1", 0, 200) + "," + ambient("2", 0, 1));
  say(server, load("3", 60, 1) + "," + ambient("4", 120, 1) + "," + load("5", 120, 1));
  carry(server);
  const auto both = json_of(server.get("/v1/episodes"));
  EXPECT_THAT(ids_in(both["episodes"], "constraint"), ElementsAre("sane", "cool"));
  EXPECT_STREQ(both["episodes"][1]["domain"].GetString(), "cooling");
  const auto known = json_of(server.get("/v1/episodes?as_known_at=power:1,cooling:1"));
  EXPECT_THAT(ids_in(known["episodes"], "constraint"), ElementsAre("sane"));
}

TEST(Domains, EachTellsHowFarItIsAndWhatIsNotYetCarried) {
  RunningServer server(divided());
  tell_a_story(server);
  const auto all = json_of(server.get("/v1/domains"));
  ASSERT_EQ(all["domains"].Size(), 2u);
  const auto& power = all["domains"][0];
  EXPECT_STREQ(power["domain"].GetString(), "power");
  EXPECT_STREQ(power["status"].GetString(), "ready");
  EXPECT_STREQ(power["clock"].GetString(), "2026-11-22T07:29:30Z");
  EXPECT_STREQ(power["final"].GetString(), "2026-11-22T07:19:00Z") << "the slack of links included";
  EXPECT_EQ(power["queue_events"].GetUint64(), 0u);
  EXPECT_EQ(power["links_in"].GetUint64(), 1u);
  ASSERT_EQ(all["carriers"].Size(), 2u);
  EXPECT_EQ(all["carriers"][0]["behind"].GetUint64(), 0u);
  EXPECT_GT(all["carriers"][0]["observations"].GetUint64(), 0u);
  const auto ready = json_of(server.get("/readyz"));
  EXPECT_STREQ(ready["status"].GetString(), "ready");
  EXPECT_STREQ(ready["domains"][1]["domain"].GetString(), "cooling");
}

TEST(Domains, AReceiptNamesThePositionsOfTheDomainsConcerned) {
  RunningServer server(divided());
  const auto receipt = json_of(server.post("[" + load("1", 0, 1) + "]"));
  EXPECT_TRUE(receipt["position"].HasMember("power"));
  EXPECT_FALSE(receipt["position"].HasMember("cooling"));
  const auto both = json_of(server.post("[" + load("1", 0, 1) + "," + ambient("2", 0, 1) + "]"));
  EXPECT_EQ(text_of(both["outcomes"]), R"(["duplicate","accepted"])");
  EXPECT_TRUE(both["position"].HasMember("cooling"));
}

TEST(Domains, TheFieldCannotSpeakForAnotherDomain) {
  ServerSetup open_to_all = divided();
  std::string text = std::string(kHead) + kDomains;
  text.replace(text.find("sources: { "), 11, "sources: { \"*\": {}, ");
  open_to_all.model = load_text(text);
  RunningServer server(std::move(open_to_all));
  const Answer answer = server.post("[" + event("heat:1:0", 0, "rack", R"("load":1)", "domain:power") + "]");
  EXPECT_EQ(answer.status, 422u);
  EXPECT_THAT(answer.body, HasSubstr("stands for what links carry"));
  EXPECT_THAT(answer.body, HasSubstr("/0/source"));
}

TEST(Domains, WhyGoesOnInTheDomainThatALinkCarriesFrom) {
  RunningServer server(divided());
  say(server, load("1", 0, 3) + "," + ambient("2", 1, 1));
  say(server, load("3", 90, 3) + "," + ambient("4", 90, 1));
  carry(server);
  const auto why = json_of(server.get("/v1/why/cooler/supply?depth=8"));
  EXPECT_STREQ(why["domain"].GetString(), "cooling");
  EXPECT_TRUE(why["position"].HasMember("power"));
  EXPECT_TRUE(why["position"].HasMember("cooling"));
  const auto& heat = why["inputs"][0]["entity"] == "heat" ? why["inputs"][0] : why["inputs"][1];
  ASSERT_EQ(heat["inputs"].Size(), 1u) << text_of(heat);
  EXPECT_STREQ(heat["is"].GetString(), "sent, 10 s later");
  EXPECT_STREQ(heat["inputs"][0]["attribute"].GetString(), "sent");
  EXPECT_STREQ(heat["inputs"][0]["is"].GetString(), "from");
  const auto& rack = heat["inputs"][0]["inputs"][0];
  EXPECT_STREQ(rack["entity"].GetString(), "rack");
  EXPECT_STREQ(rack["attribute"].GetString(), "heat");
  EXPECT_STREQ(rack["domain"].GetString(), "power");
  EXPECT_STREQ(rack["carried"]["by"].GetString(), "heat");
  EXPECT_THAT(text_of(rack["inputs"]), HasSubstr(R"("source":"bms","id":"1")"));
  EXPECT_THAT(text_of(rack["inputs"]), HasSubstr(R"("entity":"air")")) << "and back again";
  const auto shallow = json_of(server.get("/v1/why/cooler/supply?depth=3"));
  EXPECT_THAT(text_of(shallow), HasSubstr(R"("entity":"rack","attribute":"heat")"));
  EXPECT_THAT(text_of(shallow), Not(HasSubstr(R"("attribute":"load")")));
}

TEST(Domains, WhyAsItWasKnownGoesOnAsItWasKnownWhenItWasCarried) {
  RunningServer server(divided());
  say(server, load("1", 0, 3) + "," + ambient("2", 50, 1));
  carry(server);
  const schema::Position before = server.plant().domain(1).settled_position();
  say(server, load("3", 0, 9));
  carry(server);
  const std::string path = "/v1/why/heat/value?at=2026-11-22T07:28:40Z&as_known_at=";
  const std::string then = server.get(path + std::to_string(before)).body;
  EXPECT_THAT(then, HasSubstr(R"("value":3)"));
  EXPECT_THAT(then, HasSubstr(R"("id":"1")"));
  EXPECT_THAT(then, Not(HasSubstr(R"("value":9)")));
  const std::string form = "power:1,cooling:" + std::to_string(before);
  EXPECT_EQ(server.get(path + form).body, then);
}

TEST(Domains, KnowledgeIsAskedForByDomainOrByTime) {
  RunningServer server(divided());
  tell_a_story(server);
  const auto list = json_of(server.get("/v1/entities?as_known_at=power:2,cooling:1"));
  EXPECT_EQ(list["position"]["power"].GetUint64(), 2u);
  EXPECT_EQ(list["position"]["cooling"].GetUint64(), 1u);
  EXPECT_EQ(server.get("/v1/entities?as_known_at=2026-11-22T07:28:30Z").status, 200u);
  const Answer number = server.get("/v1/entities?as_known_at=2");
  EXPECT_EQ(number.status, 400u);
  EXPECT_THAT(number.body, HasSubstr("a position belongs to one domain"));
  EXPECT_EQ(server.get("/v1/entities?as_known_at=2&domain=power").status, 200u);
  EXPECT_EQ(server.get("/v1/entities/rack?as_known_at=2").status, 200u);
  EXPECT_EQ(server.get("/v1/entities/rack?as_known_at=power:2").status, 200u);
  const Answer other = server.get("/v1/entities/rack?as_known_at=cooling:1");
  EXPECT_EQ(other.status, 400u);
  EXPECT_THAT(other.body, HasSubstr("no position of domain `power` is named"));
  EXPECT_EQ(server.get("/v1/entities?as_known_at=power:2,power:3").status, 400u);
  EXPECT_EQ(server.get("/v1/entities?as_known_at=power:2,colling:3").status, 400u);
}

TEST(Domains, TheQuarantinesNumbersNameTheirDomain) {
  RunningServer server(divided());
  say(server, load("1", 700, 1) + "," + ambient("2", 700, 1));
  say(server, load("late", 0, 2) + "," + ambient("late-too", 0, 2) + "," + ambient("late-three", 1, 2));
  const auto list = json_of(server.get("/v1/quarantine"));
  EXPECT_THAT(ids_in(list["events"], "number"), ElementsAre("power:1", "cooling:1", "cooling:2"));
  const auto first = json_of(server.get("/v1/quarantine?limit=2"));
  EXPECT_THAT(ids_in(first["events"], "number"), ElementsAre("power:1", "cooling:1"));
  const auto rest = json_of(server.get(std::string("/v1/quarantine?from=") + first["next_from"].GetString()));
  EXPECT_THAT(ids_in(rest["events"], "number"), ElementsAre("cooling:2"));
  EXPECT_TRUE(rest["next_from"].IsNull());
  const Answer discarded = server.ask("POST", "/v1/quarantine/cooling:1/discard");
  EXPECT_THAT(discarded.body, HasSubstr(R"("number":"cooling:1","domain":"cooling","outcome":"discarded")"));
  EXPECT_EQ(server.ask("POST", "/v1/quarantine/1/discard").status, 400u);
  const auto several =
      json_of(server.ask("POST", "/v1/quarantine/discard", "Content-Type: application/json\r\n",
                         R"({"numbers":["cooling:2","power:1","cooling:9"]})"));
  EXPECT_THAT(ids_in(several["decisions"], "outcome"), ElementsAre("discarded", "discarded", "unknown"));
  EXPECT_THAT(ids_in(several["decisions"], "number"), ElementsAre("cooling:2", "power:1", "cooling:9"));
}

TEST(Domains, SourcesAreToldByDomain) {
  RunningServer server(divided());
  tell_a_story(server);
  const auto cooling = json_of(server.get("/v1/sources?domain=cooling"));
  EXPECT_THAT(ids_in(cooling["sources"], "source"), ElementsAre("bms", "domain:power"));
  const auto all = json_of(server.get("/v1/sources"));
  EXPECT_THAT(ids_in(all["sources"], "source"), ElementsAre("bms", "bms", "domain:cooling", "domain:power"));
  EXPECT_THAT(ids_in(all["sources"], "domain"), ElementsAre("power", "cooling", "power", "cooling"));
}

/// A reader of the change feed, from its first line on.
class Reader {
 public:
  Reader(const RunningServer& server, const std::string& query, const std::string& last_event_id = "")
      : connection_(server.port()) {
    connection_.send("GET /v1/changes" + query + " HTTP/1.1\r\nHost: x\r\n" +
                     (last_event_id.empty() ? "" : "Last-Event-ID: " + last_event_id + "\r\n") + "\r\n");
  }
  std::string read_until(const std::string& what) { return connection_.read_until(what); }

 private:
  Connection connection_;
};

using Epochs = std::map<std::string, std::set<schema::Position>>;

/// Which epochs of which domain a reader was told of; telling of one twice fails the test.
Epochs epochs_in(const std::string& text) {
  Epochs epochs;
  const std::string mark = "data: {\"domain\":\"";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const std::size_t name = at + mark.size();
    const std::string domain = text.substr(name, text.find('"', name) - name);
    const std::size_t number = text.find("\"position\":", name) + 11;
    const auto position = static_cast<schema::Position>(std::stoull(text.substr(number)));
    EXPECT_TRUE(epochs[domain].insert(position).second) << domain << ":" << position << " is told twice";
  }
  return epochs;
}

/// The positions that an id names.
std::map<std::string, schema::Position> places_in(const std::string& id) {
  std::map<std::string, schema::Position> places;
  for (std::size_t at = 0; at < id.size();) {
    const std::size_t end = std::min(id.find(',', at), id.size());
    const std::size_t colon = id.find(':', at);
    places[id.substr(at, colon - at)] = std::stoull(id.substr(colon + 1, end - colon - 1));
    at = end + 1;
  }
  return places;
}

std::vector<std::string> ids_of_events(const std::string& text) {
  std::vector<std::string> ids;
  for (std::size_t at = text.find("\nid: "); at != std::string::npos; at = text.find("\nid: ", at + 1)) {
    ids.push_back(text.substr(at + 5, text.find('\n', at + 1) - at - 5));
  }
  return ids;
}

TEST(DomainsChangeStream, OneStreamCarriesAllDomainsAndItsIdsNameEach) {
  RunningServer server(divided());
  Reader reader(server, "?after=0");
  reader.read_until("id: power:0,cooling:0\n");
  say(server, load("1", 0, 3));
  // What is carried may be settled, and told, before what it was made from is read: there is no order.
  reader.read_until(R"({"domain":"power","position":1,"clock")");
  reader.read_until(R"({"domain":"cooling","position":1,"clock")");
  reader.read_until("id: power:1,cooling:1\nevent: changes\n");
  say(server, ambient("2", 20, 1));
  const std::string text = reader.read_until(R"("entity":"cooler","attribute":"supply")");
  for (const std::string& id : ids_of_events(text)) EXPECT_EQ(places_in(id).size(), 2u) << id;
  EXPECT_THAT(text, Not(HasSubstr("carried"))) << "what links have from elsewhere is not theirs to tell";
}

TEST(DomainsChangeStream, AReaderResumesFromAnyIdWithoutLossOrRepetition) {
  RunningServer server(divided());
  tell_a_story(server);
  const auto final_events = json_of(server.post("[" + event("x", 95, "rack", R"("load":77.0625)") + "," +
                                                event("y", 95, "cooler", R"("ambient":66.015625)") + "]"));
  const auto read_all = [&](const std::string& id) {
    Reader reader(server, "?after=0", id);
    reader.read_until(R"("is":{"value":77.0625,)");
    const std::string text = reader.read_until(R"("is":{"value":66.015625,)");
    return text;
  };
  const std::string whole = read_all("");
  const Epochs told = epochs_in(whole);
  const std::vector<std::string> ids = ids_of_events(whole);
  ASSERT_GT(ids.size(), 4u);
  for (const std::string& id : ids) {
    auto places = places_in(id);
    bool at_the_end = false;
    for (const char* domain : {"power", "cooling"}) {
      at_the_end |= places[domain] >= final_events["position"][domain].GetUint64();
    }
    if (at_the_end) continue;  // what ends the reading would not come again
    Epochs again = epochs_in(read_all(id));
    for (const char* domain : {"power", "cooling"}) {
      const schema::Position last = final_events["position"][domain].GetUint64();
      for (schema::Position p = 1; p <= last; ++p) {
        const bool expected = p > places[domain] && told.at(domain).contains(p);
        EXPECT_EQ(again[domain].contains(p), expected) << domain << ":" << p << " after " << id;
      }
    }
  }
}

TEST(DomainsChangeStream, AnIdMustNameEachDomainThatIsFollowed) {
  RunningServer server(divided());
  tell_a_story(server);
  const Answer part = server.get("/v1/changes?after=power:1");
  EXPECT_EQ(part.status, 400u);
  EXPECT_THAT(part.body, HasSubstr("names no position of domain `cooling`"));
  EXPECT_EQ(server.get("/v1/changes?after=7").status, 400u);
  Reader power(server, "?domain=power&after=power:1");
  const std::string text = power.read_until(R"("position":2)");
  EXPECT_THAT(text, HasSubstr("id: power:2\n"));
  EXPECT_THAT(text, Not(HasSubstr("cooling")));
}

TEST(DomainsChangeStream, WhoIsBehindInOneDomainIsToldWhichAndGoesOnInTheOthers) {
  RunningServer server(divided());
  tell_a_story(server);
  // A reader that is ahead of a domain knows another history of it.
  Reader reader(server, "?after=power:99,cooling:0");
  const std::string text = reader.read_until(R"("domain":"cooling","position")");
  EXPECT_THAT(text, HasSubstr("event: gap\ndata: {\"domain\":\"power\",\"after\":99"));
}

TEST(DomainsChangeStream, WhatOneDomainNoLongerKeepsIsRefusedByItsName) {
  ServerSetup setup = divided();
  setup.twin.keep_history = false;
  setup.twin.change_epochs_max = 2;
  RunningServer server(std::move(setup));
  for (int i = 0; i < 10; ++i) say(server, load(std::to_string(i), i, i));
  const Answer answer = server.get("/v1/changes?after=0");
  EXPECT_EQ(answer.status, 410u);
  EXPECT_THAT(answer.body, HasSubstr("after position power:0"));
  EXPECT_THAT(answer.body, HasSubstr("resume with ?after=power:"));
}

TEST(DomainsChangeStream, WhatTheMemoryOfEachDomainNoLongerHoldsComesFromItsHistory) {
  ServerSetup setup = divided();
  setup.twin.change_epochs_max = 2;
  RunningServer server(std::move(setup));
  constexpr int kEpochs = 40;
  for (int i = 1; i <= kEpochs; ++i) {
    say(server, load("l" + std::to_string(i), i, i));
    say(server, ambient("a" + std::to_string(i), i, -i));
  }
  Reader reader(server, "?entity=rack&entity=cooler&after=0");
  reader.read_until(R"("is":{"value":-40,)");
  const std::string text =
      reader.read_until(R"("attribute":"load","revision":false,"from":"2026-11-22T07:28:40Z")");
  for (int i = 1; i <= kEpochs; ++i) {
    EXPECT_THAT(text, HasSubstr(R"("is":{"value":-)" + std::to_string(i) + ",")) << i;
  }
  EXPECT_THAT(text, Not(HasSubstr("event: gap")));
  EXPECT_GE(epochs_in(text)["power"].size(), static_cast<std::size_t>(kEpochs));
}

TEST(DomainsChangeStream, ADomainThatStandsStillDoesNotBlockAnother) {
  GatedJournal::Gate gate;
  ServerSetup setup = divided();
  setup.journal = [&gate](const schema::Model& model) -> std::unique_ptr<actors::Journal> {
    if (model.domain_name(0) != "cooling") return actors::make_memory_journal(model);
    return std::make_unique<GatedJournal>(model, gate);
  };
  RunningServer server(std::move(setup));
  Reader reader(server, "?after=0");
  // The cooling domain's disk hangs with the first thing that is carried to it.
  say(server, load("1", 0, 1));
  gate.entered.get_future().wait();
  for (int i = 2; i < 20; ++i) say(server, load(std::to_string(i), i, i));
  const std::string text = reader.read_until(R"("is":{"value":19,)");
  EXPECT_THAT(text, Not(HasSubstr(R"("domain":"cooling")")));
  EXPECT_EQ(server.plant().domain(1).settled_position(), 0u);
  const auto domains = json_of(server.get("/v1/domains"));
  EXPECT_GT(domains["carriers"][0]["behind"].GetUint64(), 0u);
  gate.open.set_value();
  reader.read_until(R"("domain":"cooling")");
}

}  // namespace
}  // namespace pollux::server
