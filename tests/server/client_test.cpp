#include "server/http/client.h"

#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <kj/compat/http.h>
#include <kj/debug.h>

#include <deque>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace pollux::server {
namespace {

/// What the scripted server does with one request.
struct Scripted {
  unsigned status = 200;
  std::string body;
  std::string retry_after;
  bool break_off = false;       ///< Close without an answer.
  bool ignore_request = false;  ///< Answer without reading the body.
};

struct Seen {
  std::string method, path, content_type, body;
};

/// A tiny KJ HTTP server on a thread of its own that answers from a script and remembers what it was asked.
class ScriptedServer : private kj::HttpService {
 public:
  explicit ScriptedServer(std::deque<Scripted> script) : script_(std::move(script)) {
    auto ready = ready_.get_future();
    thread_ = std::thread([this] { run(); });
    port_ = ready.get();
  }
  virtual ~ScriptedServer() { stop(); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  /// Ends the server; what it saw may then be read.
  const std::vector<Seen>& stop() {
    if (thread_.joinable()) {
      stop_->fulfill();
      thread_.join();
    }
    return seen_;
  }

 private:
  void run() {
    auto io = kj::setupAsyncIo();
    auto stop = kj::newPromiseAndCrossThreadFulfiller<void>();
    stop_ = kj::mv(stop.fulfiller);
    auto address = io.provider->getNetwork().parseAddress("127.0.0.1", 0).wait(io.waitScope);
    auto port = address->listen();
    kj::HttpServer server(io.provider->getTimer(), *table_, *this);
    auto listening = server.listenHttp(*port).eagerlyEvaluate(nullptr);
    ready_.set_value(port->getPort());
    stop.promise.wait(io.waitScope);
  }

  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url, const kj::HttpHeaders& headers,
                            kj::AsyncInputStream& body, Response& response) override {
    Seen seen{kj::str(method).cStr(), url.cStr(), "", ""};
    KJ_IF_MAYBE (type, headers.get(kj::HttpHeaderId::CONTENT_TYPE)) {
      seen.content_type = type->cStr();
    }
    Scripted next = script_.front();
    script_.pop_front();
    if (next.break_off) {
      seen_.push_back(seen);
      return KJ_EXCEPTION(DISCONNECTED, "scripted");
    }
    if (next.ignore_request) {
      seen_.push_back(seen);
      return answer(next, response);
    }
    return body.readAllText().then([this, seen, next, &response](kj::String&& text) mutable {
      seen.body = text.cStr();
      seen_.push_back(seen);
      return answer(next, response);
    });
  }

  kj::Promise<void> answer(const Scripted& scripted, Response& response) {
    kj::HttpHeaders headers(*table_);
    if (!scripted.retry_after.empty())
      headers.add("Retry-After", kj::heapString(scripted.retry_after.c_str()));
    auto stream = response.send(scripted.status, "Scripted", headers, scripted.body.size());
    auto text = kj::heapString(scripted.body.data(), scripted.body.size());
    auto write = stream->write(text.begin(), text.size());
    return write.attach(kj::mv(stream), kj::mv(text));
  }

  std::deque<Scripted> script_;
  std::vector<Seen> seen_;
  kj::HttpHeaderTable::Builder builder_;
  kj::Own<kj::HttpHeaderTable> table_ = builder_.build();
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> stop_;
  std::promise<unsigned> ready_;
  unsigned port_ = 0;
  std::thread thread_;
};

std::unique_ptr<HttpClient> client_of(const ScriptedServer& server) {
  auto client = HttpClient::create(server.url());
  EXPECT_TRUE(client.ok());
  return std::move(client).value();
}

TEST(HttpClient, AGetBringsBackStatusAndBody) {
  ScriptedServer server({{404, "nothing here", "", false, false}});
  auto reply = client_of(server)->get("/v1/entities/pump%201?x=1");
  ASSERT_TRUE(reply.ok()) << reply.error().text();
  EXPECT_EQ(reply->status, 404u);
  EXPECT_EQ(reply->body, "nothing here");
  EXPECT_EQ(server.stop().at(0).path, "/v1/entities/pump%201?x=1");
}

TEST(HttpClient, APostSendsBodyAndContentType) {
  ScriptedServer server({{200, "{}", "", false, false}});
  ASSERT_TRUE(client_of(server)->post("/v1/events", "application/json", "[1]").ok());
  const Seen seen = server.stop().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.content_type, "application/json");
  EXPECT_EQ(seen.body, "[1]");
}

TEST(HttpClient, OneClientCarriesManyRequests) {
  ScriptedServer server(
      {{200, "a", "", false, false}, {200, "b", "", false, false}, {200, "c", "", false, false}});
  auto client = client_of(server);
  std::string bodies;
  for (int i = 0; i < 3; ++i) bodies += client->get("/").value().body;
  EXPECT_EQ(bodies, "abc");
}

TEST(HttpClient, EventsAreSentAgainAfterOverloadAndBrokenConnections) {
  ScriptedServer server({{429, "", "", false, false},
                         {0, "", "", true, false},
                         {503, "", "", false, false},
                         {200, "taken", "", false, false}});
  auto reply = client_of(server)->post_events("[]");
  ASSERT_TRUE(reply.ok()) << reply.error().text();
  EXPECT_EQ(reply->body, "taken");
  const auto& seen = server.stop();
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen.back().content_type, "application/cloudevents-batch+json");
}

TEST(HttpClient, EventsRefusedForGoodAreNotSentAgain) {
  ScriptedServer server({{422, "wrong unit", "", false, false}});
  auto reply = client_of(server)->post_events("[]");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 422u);
}

TEST(HttpClient, WhenAttemptsAreUsedUpTheLastReplyIsReturned) {
  ScriptedServer server({{503, "", "", false, false}, {503, "full", "7", false, false}});
  auto reply = client_of(server)->post_events("[]", 2);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 503u);
  EXPECT_EQ(reply->retry_after_s, 7u);
}

TEST(HttpClient, AReplyGivenBeforeTheBodyWasReadIsNotLost) {
  ScriptedServer server({{413, "too much", "", false, true}});
  auto reply = client_of(server)->post("/v1/events", "application/json", std::string(4u << 20, ' '));
  ASSERT_TRUE(reply.ok()) << reply.error().text();
  EXPECT_EQ(reply->status, 413u);
}

TEST(HttpClient, AServerThatIsNotThereIsUnavailable) {
  ScriptedServer server({});
  const std::string url = server.url();
  server.stop();
  auto client = HttpClient::create(url);
  ASSERT_TRUE(client.ok());
  auto reply = (*client)->get("/");
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, schema::ErrorCode::unavailable);
}

TEST(HttpClient, AddressesItCannotUseAreRefused) {
  for (const char* url :
       {"https://h:1", "h:1", "http://", "http://h:0", "http://h:70000", "http://h:1/path"}) {
    auto client = HttpClient::create(url);
    ASSERT_FALSE(client.ok()) << url;
    EXPECT_EQ(client.error().code, schema::ErrorCode::invalid) << url;
  }
}

}  // namespace
}  // namespace pollux::server
