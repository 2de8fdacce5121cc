#include <simdjson.h>

#include <algorithm>

#include "server/http/client.h"
#include "server/replay/event_sink.h"

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

constexpr unsigned kOk = 200;
constexpr std::size_t kQuotedReplyBytesMax = 200;  // of a reply that is not understood, in messages

Error not_understood(const HttpReply& reply) {
  return Error{ErrorCode::invalid,
               "the server answered " + std::to_string(reply.status) +
                   " with what this program cannot read: " + reply.body.substr(0, kQuotedReplyBytesMax),
               {},
               "check that --to names a Pollux server of this version"};
}

// What the server says is wrong with a request as a whole.
Error refused(const HttpReply& reply) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view detail;
  if (parser.parse(reply.body).get(root) != simdjson::SUCCESS ||
      root["detail"].get_string().get(detail) != simdjson::SUCCESS) {
    return not_understood(reply);
  }
  const bool passing = reply.status == 429 || reply.status == 503;
  return Error{passing ? ErrorCode::overloaded : ErrorCode::invalid,
               "the server answered " + std::to_string(reply.status) + ": " + std::string(detail),
               {},
               {}};
}

class HttpSink : public EventSink {
 public:
  HttpSink(std::unique_ptr<HttpClient> client, std::function<void(const std::string&)> notice)
      : client_(std::move(client)), notice_(std::move(notice)) {}

  Result<BatchOutcome> submit(const EventText& events) override {
    BatchOutcome outcome;
    EventText rest = events;
    // Each refusal takes out at least one event, so there are at most as many requests as events.
    while (!rest.empty()) {
      Result<HttpReply> reply = client_->post_events(rest.body(), kAttempts, [this](const std::string& why) {
        if (notice_) notice_("waiting for the server: " + why);
      });
      if (!reply.ok()) return std::move(reply).error();
      if (reply->status == kOk) {
        std::uint64_t not_kept = 0;
        if (!take_receipt(*reply, outcome, not_kept)) return not_understood(*reply);
        if (not_kept > 0) return quarantine_is_full();
        return outcome;
      }
      const std::vector<std::size_t> wrong = take_refused(*reply, rest, outcome);
      if (wrong.empty()) return refused(*reply);
      rest = rest.without(wrong);
    }
    return outcome;
  }

  Result<std::string> digest() override {
    Result<HttpReply> reply = client_->get("/v1/digest");
    if (!reply.ok()) return std::move(reply).error();
    simdjson::dom::element root;
    std::string_view digest;
    if (reply->status != kOk || parser_.parse(reply->body).get(root) != simdjson::SUCCESS ||
        root["digest"].get_string().get(digest) != simdjson::SUCCESS) {
      return not_understood(*reply);
    }
    return std::string(digest);
  }

 private:
  bool take_receipt(const HttpReply& reply, BatchOutcome& outcome, std::uint64_t& not_kept) {
    simdjson::dom::element root;
    return parser_.parse(reply.body).get(root) == simdjson::SUCCESS &&
           root["accepted"].get_uint64().get(outcome.accepted) == simdjson::SUCCESS &&
           root["duplicates"].get_uint64().get(outcome.duplicate) == simdjson::SUCCESS &&
           root["quarantined"].get_uint64().get(outcome.quarantined) == simdjson::SUCCESS &&
           root["refused"].get_uint64().get(not_kept) == simdjson::SUCCESS;
  }

  // The events a refusal names; empty where it is not about single events.
  std::vector<std::size_t> take_refused(const HttpReply& reply, const EventText& events,
                                        BatchOutcome& outcome) {
    std::vector<std::size_t> indices;
    simdjson::dom::element root;
    simdjson::dom::array errors;
    if (parser_.parse(reply.body).get(root) != simdjson::SUCCESS ||
        root["errors"].get_array().get(errors) != simdjson::SUCCESS) {
      return indices;
    }
    for (const simdjson::dom::element error : errors) {
      std::uint64_t index = 0;
      std::string_view detail;
      if (error["index"].get_uint64().get(index) != simdjson::SUCCESS || index >= events.items().size())
        continue;
      if (error["detail"].get_string().get(detail) != simdjson::SUCCESS) detail = "refused by the server";
      const EventText::Item& item = events.items()[index];
      outcome.refused.push_back({item.row, item.line, std::string(detail)});
      indices.push_back(index);
    }
    std::sort(indices.begin(), indices.end());
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    return indices;
  }

  static constexpr unsigned kAttempts = 60;

  std::unique_ptr<HttpClient> client_;
  const std::function<void(const std::string&)> notice_;
  simdjson::dom::parser parser_;
};

}  // namespace

Result<std::unique_ptr<EventSink>> make_http_sink(std::string_view url,
                                                  std::function<void(const std::string&)> notice) {
  Result<std::unique_ptr<HttpClient>> client = HttpClient::create(url);
  if (!client.ok()) return std::move(client).error();
  return std::unique_ptr<EventSink>(std::make_unique<HttpSink>(std::move(client).value(), std::move(notice)));
}

}  // namespace pollux::server
