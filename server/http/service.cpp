#include "server/http/service.h"

#include <kj/debug.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "server/http/body.h"
#include "server/http/change_stream.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server {
namespace {

using Clock = std::chrono::steady_clock;

Method method_of(kj::HttpMethod method) {
  switch (method) {
    case kj::HttpMethod::GET:
      return Method::get;
    case kj::HttpMethod::HEAD:
      return Method::head;
    case kj::HttpMethod::POST:
      return Method::post;
    default:
      return Method::other;
  }
}

std::string_view view_of(kj::StringPtr text) {
  return {text.begin(), text.size()};
}

/// What is wrong with the head of a request, if anything: 404, 405, 406.
std::optional<Reply> refuse_head(const Request& request) {
  const RouteMatch& match = request.match;
  if (match.route == RouteId::unmatched) {
    return problem(404, {"there is nothing at `" + request.target.path + "`", "", "", match.nearest});
  }
  if (!match.method_fits) {
    Reply reply = problem(
        405, {"`" + request.target.path + "` does not take this method", "", "use " + match.allow, ""});
    reply.headers.emplace_back("Allow", match.allow);
    return reply;
  }
  const char* type = content_type_of(match.route);
  if (accepts(request.accept, type)) return std::nullopt;
  return problem(406, {"the answer is " + std::string(type) + ", which `" + request.accept + "` excludes",
                       "Accept", "", ""});
}

}  // namespace

/// One request and its answer. Counts itself when it ends, however it ends.
class Service::Exchange {
 public:
  /// `connection`: null where a body will not be read.
  Exchange(Service& service, Response& response, kj::AsyncOutputStream* connection = nullptr)
      : service_(service), response_(response), connection_(connection) {}
  ~Exchange() { count(); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  kj::Promise<void> run(kj::HttpMethod method, kj::StringPtr url, const kj::HttpHeaders& headers,
                        kj::AsyncInputStream& body) {
    return answer(method, url, headers, body).catch_([this](kj::Exception&& exception) {
      return report(kj::mv(exception));
    });
  }

  kj::Promise<void> send(Reply reply) {
    status_ = reply.status;
    kj::HttpHeaders headers(service_.header_table());
    headers.set(kj::HttpHeaderId::CONTENT_TYPE, kj::heapString(reply.content_type.c_str()));
    for (const auto& [name, value] : reply.headers) {
      headers.add(kj::heapString(name.c_str()), kj::heapString(value.c_str()));
    }
    auto out = response_.send(reply.status, status_text(reply.status), headers, reply.body.size());
    if (reply.body.empty() || request_.method == Method::head) return kj::READY_NOW;
    auto body = kj::heap<std::string>(std::move(reply.body));
    return write_parts(*out, *body, 0).attach(kj::mv(out), kj::mv(body));
  }

 private:
  kj::Promise<void> answer(kj::HttpMethod method, kj::StringPtr url, const kj::HttpHeaders& headers,
                           kj::AsyncInputStream& body) {
    request_.method = method_of(method);
    copy_headers(headers);
    auto target = parse_target(view_of(url));
    if (!target.ok()) return send(problem_of(target.error()));
    request_.target = std::move(*target);
    request_.match = match_route(request_.method, request_.target.segments);
    if (auto refusal = refuse_head(request_)) return send(std::move(*refusal));
    if (request_.match.route == RouteId::changes) return stream_changes();
    const RouteId route = request_.match.route;
    const bool takes_none = route == RouteId::backup || route == RouteId::snapshot_create;
    const bool has_body = request_.method == Method::post && !takes_none;
    if (!has_body) return dispatch();
    return take_body(body);
  }

  void copy_headers(const kj::HttpHeaders& headers) {
    const auto copy = [&](kj::HttpHeaderId id, std::string& to) {
      KJ_IF_MAYBE (value, headers.get(id)) {
        to = view_of(*value);
      }
    };
    const HeaderIds& ids = service_.headers_;
    copy(ids.accept, request_.accept);
    copy(ids.content_encoding, request_.content_encoding);
    copy(ids.expect, expect_);
    copy(ids.if_none_match, request_.if_none_match);
    copy(ids.last_event_id, request_.last_event_id);
    copy(kj::HttpHeaderId::CONTENT_TYPE, request_.content_type);
  }

  kj::Promise<void> dispatch() {
    return routes::dispatch(request_, service_.site_).then([this](Reply&& reply) {
      return send(std::move(reply));
    });
  }

  kj::Promise<void> take_body(kj::AsyncInputStream& stream) {
    const bool is_events = request_.match.route == RouteId::events;
    KJ_IF_MAYBE (refusal,
                 is_events ? routes::refuse_media_type(request_) : routes::refuse_other_than_json(request_)) {
      return send(kj::mv(*refusal));
    }
    if (service_.site_.plant.load() == nullptr) return send(service_.site_.still_starting());
    body_.emplace(service_.options_, service_.site_.probe, service_.timer_);
    reading_body_ = true;
    return invite(stream)
        .then([this, &stream] { return body_->read(stream); })
        .then([this](std::optional<Reply>&& refusal) {
          reading_body_ = false;
          if (refusal) return send(std::move(*refusal));
          request_.body = body_->take();
          return dispatch();
        });
  }

  /// A client may wait with a large body until it is told that it will be read.
  kj::Promise<void> invite(kj::AsyncInputStream& body) {
    static constexpr std::string_view kInvitation = "HTTP/1.1 100 Continue\r\n\r\n";
    constexpr std::string_view kExpected = "100-continue";
    const bool waits = std::ranges::equal(expect_, kExpected, [](char sent, char wanted) {
      return sent == wanted || (sent >= 'A' && sent <= 'Z' && sent - 'A' + 'a' == wanted);
    });
    KJ_IF_MAYBE (length, body.tryGetLength()) {
      if (*length > service_.options_.body_bytes_max) return kj::READY_NOW;
    }
    if (!waits) return kj::READY_NOW;
    return connection_->write(kInvitation.data(), kInvitation.size());
  }

  kj::Promise<void> stream_changes() {
    Site& site = service_.site_;
    actors::Plant* plant = site.plant.load();
    if (plant == nullptr) return send(site.still_starting());
    auto wanted = parse_change_request(request_, *plant);
    if (!wanted.ok()) return send(problem_of(wanted.error()));
    if (static_cast<std::size_t>(site.probe.change_streams.value()) >= service_.options_.change_streams_max) {
      site.probe.change_streams_refused.add();
      return send(problem(503, {"too many readers of the change feed", "", "try again later", ""}));
    }
    if (auto refusal = refuse_forgotten(*plant, *wanted)) return send(std::move(*refusal));
    status_ = 200;
    is_stream_ = true;
    kj::HttpHeaders headers(service_.header_table());
    headers.set(kj::HttpHeaderId::CONTENT_TYPE, content_type_of(RouteId::changes));
    headers.add("Cache-Control", "no-store");
    auto out = response_.send(200, status_text(200), headers);
    auto gone = out->whenWriteDisconnected();
    auto stream = kj::heap<ChangeStream>(*plant, service_.bell_, site.background, service_.timer_,
                                         service_.options_, site.probe, std::move(*wanted), kj::mv(out));
    auto running = stream->run();
    return running.attach(kj::mv(stream))
        .exclusiveJoin(kj::mv(gone))
        .exclusiveJoin(service_.streams_ended_.addBranch());
  }

  /// A part at a time, so that the time limit is for progress and not for the whole of a large answer.
  kj::Promise<void> write_parts(kj::AsyncOutputStream& out, const std::string& body, std::size_t from) {
    constexpr std::size_t kPartBytes = 256u << 10;
    const std::size_t size = std::min(kPartBytes, body.size() - from);
    auto writing = out.write(body.data() + from, size);
    return service_.timer_.timeoutAfter(service_.options_.write_timeout * kj::NANOSECONDS, kj::mv(writing))
        .then([this, &out, &body, next = from + size]() -> kj::Promise<void> {
          if (next == body.size()) return kj::READY_NOW;
          return write_parts(out, body, next);
        });
  }

  kj::Promise<void> report(kj::Exception&& exception) {
    const bool answered = status_ != 0;
    if (answered || exception.getType() == kj::Exception::Type::DISCONNECTED) {
      gone_ = true;
      return kj::mv(exception);
    }
    // KJ reports a body whose framing is broken as a failure of the read.
    if (reading_body_) {
      return send(
          problem(400, {"the body cannot be read: " + std::string(view_of(exception.getDescription())), "",
                        "check Content-Length and Transfer-Encoding", ""}));
    }
    spdlog::error("a request for {} failed: {}", request_.target.path, view_of(exception.getDescription()));
    return send(problem(500, {"the server failed to answer; this is a bug", "", "see the server's log", ""}));
  }

  void count() {
    ServerProbe& probe = service_.site_.probe;
    const std::size_t status = status_class(gone_ ? 0 : status_);
    probe.requests[static_cast<std::size_t>(request_.match.route)][status].add();
    if (is_stream_) return;
    const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begun_);
    probe.request_duration.record(took.count());
  }

  Service& service_;
  Response& response_;
  kj::AsyncOutputStream* const connection_;
  Request request_;
  std::string expect_;
  std::optional<Body> body_;
  const Clock::time_point begun_ = Clock::now();
  unsigned status_ = 0;  // of the answer begun; 0: none yet
  bool gone_ = false;
  bool reading_body_ = false;
  bool is_stream_ = false;
};

Service::Service(Site& site, ChangeBell& bell, kj::Timer& timer, const HttpServerOptions& options)
    : site_(site), bell_(bell), timer_(timer), options_(options), streams_ended_(nullptr) {
  auto ending = kj::newPromiseAndFulfiller<void>();
  end_streams_ = kj::mv(ending.fulfiller);
  streams_ended_ = ending.promise.fork();
}

void Service::end_streams() {
  end_streams_->fulfill();
}

/// What KJ hands the requests of a connection to.
class Service::Requests final : private kj::HttpService {
 public:
  Requests(Service& service, kj::AsyncOutputStream& connection)
      : service_(service), connection_(connection) {}
  virtual ~Requests() = default;

  kj::HttpService& interface() { return *this; }

 private:
  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url, const kj::HttpHeaders& headers,
                            kj::AsyncInputStream& body, Response& response) override {
    auto exchange = kj::heap<Exchange>(service_, response, &connection_);
    auto running = exchange->run(method, url, headers, body);
    return running.attach(kj::mv(exchange));
  }

  Service& service_;
  kj::AsyncOutputStream& connection_;
};

kj::Own<kj::HttpService> Service::requests_on(kj::AsyncOutputStream& connection) {
  auto requests = kj::heap<Requests>(*this, connection);
  kj::HttpService& interface = requests->interface();
  return kj::attachRef(interface, kj::mv(requests));
}

kj::Promise<void> Service::handleClientProtocolError(kj::HttpHeaders::ProtocolError error,
                                                     Response& response) {
  auto exchange = kj::heap<Exchange>(*this, response);
  auto sending = exchange->send(problem(
      error.statusCode, {std::string(view_of(error.description)), "", "the connection is closed", ""}));
  return sending.attach(kj::mv(exchange));
}

kj::Promise<void> Service::handleApplicationError(kj::Exception exception, kj::Maybe<Response&>) {
  // What can be answered has been answered; here the client went away or took too long.
  spdlog::debug("a connection was broken off: {}", view_of(exception.getDescription()));
  return kj::READY_NOW;
}

kj::Promise<void> Service::handleNoResponse(Response& response) {
  auto exchange = kj::heap<Exchange>(*this, response);
  auto sending = exchange->send(problem(500, {"the server gave no answer; this is a bug", "", "", ""}));
  return sending.attach(kj::mv(exchange));
}

}  // namespace pollux::server
