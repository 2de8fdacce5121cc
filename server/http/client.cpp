#include "server/http/client.h"

#include <kj/async-io.h>
#include <kj/compat/http.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace pollux::server {
namespace {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

constexpr std::size_t kReplyBytesMax = 256u << 20;
constexpr kj::Duration kConnectTimeout = 10 * kj::SECONDS;
constexpr kj::Duration kReplyTimeout = 120 * kj::SECONDS;
constexpr kj::Duration kFirstDelay = 50 * kj::MILLISECONDS;
constexpr kj::Duration kDelayMax = 2 * kj::SECONDS;

struct Authority {
  std::string host_and_port;
};

/// The host and port of `http://HOST:PORT`, with or without a trailing slash.
Result<Authority> parse_authority(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const auto refuse = [&](const char* why) {
    return Error{ErrorCode::invalid, why, std::string(url), "give http://HOST:PORT"};
  };
  if (!url.starts_with(kScheme)) return refuse("not a server address Pollux's client can reach");
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty()) return refuse("the host is missing");
  if (rest.find_first_of("/?#@ ") != std::string_view::npos) return refuse("more than a host and a port");
  const std::size_t bracket = rest.rfind(']');
  const std::size_t colon = rest.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (has_port) {
    unsigned port = 0;
    const char* end = rest.data() + rest.size();
    const auto [last, fault] = std::from_chars(rest.data() + colon + 1, end, port);
    if (fault != std::errc{} || last != end || port == 0 || port > 65535) return refuse("the port is wrong");
  }
  return Authority{has_port ? std::string(rest) : std::string(rest) + ":80"};
}

/// The reading end of a reply, with the headers a caller may ask for already copied out of it.
struct OpenReply {
  HttpReply reply;
  kj::Own<kj::AsyncInputStream> body;
};

unsigned parse_seconds(kj::StringPtr text) {
  unsigned seconds = 0;
  std::from_chars(text.begin(), text.end(), seconds);
  return seconds;
}

std::string why_again(const Result<HttpReply>& reply) {
  if (!reply.ok()) return reply.error().text();
  return "the server answered with status " + std::to_string(reply->status);
}

}  // namespace

struct HttpClient::Implementation {
  Implementation(std::string host, kj::AsyncIoContext context)
      : authority(std::move(host)), io(kj::mv(context)) {}

  Result<HttpReply> request(kj::HttpMethod method, std::string_view path, std::string_view content_type,
                            std::string_view body);
  kj::Promise<HttpReply> exchange(kj::HttpMethod method, kj::StringPtr path, kj::StringPtr content_type,
                                  std::string_view body);
  void connect();
  void sleep(kj::Duration delay) { io.provider->getTimer().afterDelay(delay).wait(io.waitScope); }

  std::string authority;
  kj::AsyncIoContext io;
  kj::HttpHeaderTable::Builder table_builder;
  kj::HttpHeaderId retry_after = table_builder.add("Retry-After");
  kj::Own<kj::HttpHeaderTable> table = table_builder.build();
  kj::Own<kj::NetworkAddress> address;
  kj::Own<kj::HttpClient> client;
};

void HttpClient::Implementation::connect() {
  if (client.get() != nullptr) return;
  auto& timer = io.provider->getTimer();
  address = timer.timeoutAfter(kConnectTimeout, io.provider->getNetwork().parseAddress(authority.c_str()))
                .wait(io.waitScope);
  client = kj::newHttpClient(timer, *table, *address);
}

kj::Promise<HttpReply> HttpClient::Implementation::exchange(kj::HttpMethod method, kj::StringPtr path,
                                                            kj::StringPtr content_type,
                                                            std::string_view body) {
  kj::HttpHeaders headers(*table);
  headers.set(kj::HttpHeaderId::HOST, authority.c_str());
  if (content_type.size() > 0) headers.set(kj::HttpHeaderId::CONTENT_TYPE, content_type);
  kj::Maybe<std::uint64_t> size;
  if (method == kj::HttpMethod::POST) size = body.size();
  auto request = client->request(method, path, headers, size);

  // A server may answer before it has read everything (413): a failed write must not hide its reply.
  kj::Promise<void> sent = kj::READY_NOW;
  if (request.body.get() != nullptr && !body.empty()) {
    auto write = request.body->write(body.data(), body.size());
    sent = write.attach(kj::mv(request.body)).catch_([](kj::Exception&&) {});
  }
  return request.response
      .then([this](kj::HttpClient::Response&& response) {
        OpenReply open{{response.statusCode, {}, 0}, kj::mv(response.body)};
        KJ_IF_MAYBE (seconds, response.headers->get(retry_after)) {
          open.reply.retry_after_s = parse_seconds(*seconds);
        }
        return open;
      })
      .then([](OpenReply&& open) {
        auto text = open.body->readAllText(kReplyBytesMax);
        return text
            .then([reply = kj::mv(open.reply)](kj::String&& read) mutable {
              reply.body.assign(read.begin(), read.size());
              return kj::mv(reply);
            })
            .attach(kj::mv(open.body));
      })
      .attach(sent.eagerlyEvaluate(nullptr));
}

Result<HttpReply> HttpClient::Implementation::request(kj::HttpMethod method, std::string_view path,
                                                      std::string_view content_type, std::string_view body) {
  std::optional<HttpReply> reply;
  const auto failure = kj::runCatchingExceptions([&] {
    connect();
    const kj::String url = kj::heapString(path.data(), path.size());
    const kj::String type = kj::heapString(content_type.data(), content_type.size());
    auto answer = exchange(method, url, type, body);
    reply = io.provider->getTimer().timeoutAfter(kReplyTimeout, kj::mv(answer)).wait(io.waitScope);
  });
  KJ_IF_MAYBE (exception, failure) {
    client = nullptr;
    const kj::StringPtr what = exception->getDescription();
    return Error{ErrorCode::unavailable, "no answer: " + std::string(what.begin(), what.size()),
                 "http://" + authority, "check that the server runs and the address is right"};
  }
  return std::move(*reply);
}

HttpClient::HttpClient(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::create(std::string_view url) {
  auto authority = parse_authority(url);
  if (!authority.ok()) return authority.error();
  std::unique_ptr<HttpClient> made;
  const auto failure = kj::runCatchingExceptions([&] {
    made.reset(
        new HttpClient(std::make_unique<Implementation>(authority->host_and_port, kj::setupAsyncIo())));
  });
  KJ_IF_MAYBE (exception, failure) {
    const kj::StringPtr what = exception->getDescription();
    return Error{ErrorCode::unavailable, "cannot set up a client: " + std::string(what.begin(), what.size()),
                 std::string(url), "use one client a thread"};
  }
  return made;
}

Result<HttpReply> HttpClient::get(std::string_view path) {
  return implementation_->request(kj::HttpMethod::GET, path, {}, {});
}

Result<HttpReply> HttpClient::post(std::string_view path, std::string_view content_type,
                                   std::string_view body) {
  return implementation_->request(kj::HttpMethod::POST, path, content_type, body);
}

Result<HttpReply> HttpClient::post_events(std::string_view batch, unsigned attempts,
                                          const std::function<void(const std::string&)>& on_wait) {
  kj::Duration delay = kFirstDelay;
  kj::Duration pause = delay;
  Result<HttpReply> reply = Error{ErrorCode::invalid, "no attempt was allowed", "", ""};
  for (unsigned attempt = 0; attempt < attempts; ++attempt) {
    if (attempt == 1 && on_wait) on_wait(why_again(reply));
    if (attempt > 0) implementation_->sleep(pause);
    reply = post("/v1/events", "application/cloudevents-batch+json", batch);
    const bool again = !reply.ok() || reply->status == 429 || reply->status == 503;
    if (!again) return reply;
    const unsigned asked_s = reply.ok() ? reply->retry_after_s : 0;
    pause = asked_s > 0 ? asked_s * kj::SECONDS : delay;
    delay = std::min(delay * 2, kDelayMax);
  }
  return reply;
}

}  // namespace pollux::server
