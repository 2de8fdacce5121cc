#include "server/http/server.h"

#include <arpa/inet.h>
#include <kj/async-io.h>
#include <kj/async-unix.h>
#include <kj/compat/http.h>
#include <kj/debug.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <future>
#include <optional>
#include <string_view>

#include "server/http/change_bell.h"
#include "server/http/problem.h"
#include "server/http/service.h"
#include "server/http/site.h"

namespace pollux::server {
namespace {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

constexpr unsigned kDefaultPort = 8080;
constexpr std::size_t kRefusalsMax =
    64;  // refusals being sent at once; beyond it connections are just closed
constexpr kj::Duration kRefusalLinger = 1 * kj::SECONDS;
constexpr kj::Duration kAcceptPause = 100 * kj::MILLISECONDS;
constexpr std::size_t kUnreadBodyBytesMax = 32u << 20;
constexpr kj::Duration kUnreadBodyTime = 2 * kj::SECONDS;

std::string text_of(const kj::Exception& exception) {
  const kj::StringPtr text = exception.getDescription();
  return {text.begin(), text.size()};
}

/// What KJ says of a failed system call without the call and its arguments: "f(a): reason; b = c" ->
/// "reason".
std::string reason_of(const kj::Exception& exception) {
  std::string text = text_of(exception);
  if (const auto call = text.find("): "); call != std::string::npos) text.erase(0, call + 3);
  if (const auto values = text.find("; "); values != std::string::npos) text.erase(values);
  return text;
}

/// A whole HTTP response for a connection that never gets as far as a request.
std::string refusal_text() {
  const Reply reply = problem(503, {"too many connections are open", "", "try again later", ""});
  std::string text = "HTTP/1.1 503 " + std::string(status_text(503)) +
                     "\r\nConnection: close\r\nContent-Type: " + reply.content_type +
                     "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n";
  for (const auto& [name, value] : reply.headers) text.append(name).append(": ").append(value).append("\r\n");
  return text + "\r\n" + reply.body;
}

/// Reads and forgets until the client closes, so that closing does not reset what it has yet to read.
kj::Promise<void> discard(kj::AsyncInputStream& stream, kj::ArrayPtr<char> buffer) {
  return stream.tryRead(buffer.begin(), 1, buffer.size()).then([&stream, buffer](std::size_t bytes) {
    return bytes == 0 ? kj::Promise<void>(kj::READY_NOW) : discard(stream, buffer);
  });
}

/// Gives a signal back to its default action once the event loop no longer listens for it.
void release_signal(int number) {
  ::signal(number, SIG_DFL);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, number);
  pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
}

/// What must happen before the event loop is made.
kj::AsyncIoContext set_up_io(const HttpServerOptions& options) {
  if (options.stop_on_signals) {
    kj::UnixEventPort::captureSignal(SIGINT);
    kj::UnixEventPort::captureSignal(SIGTERM);
  }
  return kj::setupAsyncIo();
}

}  // namespace

struct HttpServer::Implementation final : private kj::TaskSet::ErrorHandler {
  Implementation(const HttpServerOptions& its_options, std::shared_ptr<const schema::Model> model,
                 monitoring::Metrics& metrics);
  virtual ~Implementation() = default;

  void listen();
  kj::Promise<void> accept();
  void take(kj::Own<kj::AsyncIoStream> connection);
  void refuse(kj::Own<kj::AsyncIoStream> connection);
  kj::Promise<void> asked_to_stop();
  void drain();
  void taskFailed(kj::Exception&& exception) override;

  const HttpServerOptions options;
  kj::AsyncIoContext io;
  kj::Timer& timer;
  Site site;
  ChangeBell bell;
  Service service;
  kj::HttpServer http;
  std::string address;
  const std::string refusal = refusal_text();
  std::size_t refusals = 0;
  kj::Own<kj::ConnectionReceiver> receiver;
  kj::PromiseCrossThreadFulfillerPair<void> stopping = kj::newPromiseAndCrossThreadFulfiller<void>();
  kj::PromiseCrossThreadFulfillerPair<actors::Plant*> attaching =
      kj::newPromiseAndCrossThreadFulfiller<actors::Plant*>();
  std::promise<void> attached;  // or the server has stopped
  bool is_attached = false;     // server's thread
  kj::Own<kj::TaskSet> tasks;

 private:
  kj::HttpServerSettings settings();
};

HttpServer::Implementation::Implementation(const HttpServerOptions& its_options,
                                           std::shared_ptr<const schema::Model> model,
                                           monitoring::Metrics& metrics)
    : options(its_options),
      io(set_up_io(options)),
      timer(io.provider->getTimer()),
      site(std::move(model), metrics),
      service(site, bell, timer, options),
      http(
          timer, service.header_table(),
          [this](kj::AsyncIoStream& connection) { return service.requests_on(connection); }, settings()),
      tasks(kj::heap<kj::TaskSet>(static_cast<kj::TaskSet::ErrorHandler&>(*this))) {
  site.probe.connections_max.set(static_cast<std::int64_t>(options.connections_max));
  site.probe.change_streams_max.set(static_cast<std::int64_t>(options.change_streams_max));
  site.probe.bodies_bytes_max.set(static_cast<std::int64_t>(options.bodies_bytes_max));
  site.probe.recovering.set(1);
  metrics.observe(site.probe);
}

kj::HttpServerSettings HttpServer::Implementation::settings() {
  kj::HttpServerSettings chosen;
  chosen.headerTimeout = options.header_timeout * kj::NANOSECONDS;
  chosen.pipelineTimeout = options.idle_timeout * kj::NANOSECONDS;
  chosen.canceledUploadGracePeriod = kUnreadBodyTime;
  chosen.canceledUploadGraceBytes = kUnreadBodyBytesMax;
  chosen.errorHandler = service.errors();
  return chosen;
}

void HttpServer::Implementation::listen() {
  auto where =
      io.provider->getNetwork().parseAddress(options.listen.c_str(), kDefaultPort).wait(io.waitScope);
  receiver = where->listen();
  const std::string host = options.listen.substr(0, options.listen.rfind(':'));
  address = host + ":" + std::to_string(receiver->getPort());
}

kj::Promise<void> HttpServer::Implementation::accept() {
  return receiver->accept()
      .then([this](kj::Own<kj::AsyncIoStream>&& connection) -> kj::Promise<void> {
        take(kj::mv(connection));
        return kj::READY_NOW;
      })
      .catch_([this](kj::Exception&& exception) {
        // Most likely no file descriptor is left; some may be soon.
        spdlog::error("cannot accept a connection: {}", text_of(exception));
        return timer.afterDelay(kAcceptPause);
      })
      .then([this] { return accept(); });
}

void HttpServer::Implementation::take(kj::Own<kj::AsyncIoStream> connection) {
  ServerProbe& probe = site.probe;
  if (static_cast<std::size_t>(probe.connections.value()) >= options.connections_max) {
    probe.connections_refused.add();
    refuse(kj::mv(connection));
    return;
  }
  probe.connections_accepted.add();
  probe.connections.add(1);
  tasks->add(http.listenHttp(kj::mv(connection)).attach(kj::defer([&probe] { probe.connections.add(-1); })));
}

void HttpServer::Implementation::refuse(kj::Own<kj::AsyncIoStream> connection) {
  if (refusals >= kRefusalsMax) return;
  ++refusals;
  auto buffer = kj::heapArray<char>(4096);
  auto& stream = *connection;
  auto saying = stream.write(refusal.data(), refusal.size()).then([&stream, part = buffer.asPtr()] {
    stream.shutdownWrite();
    return discard(stream, part);
  });
  tasks->add(saying.exclusiveJoin(timer.afterDelay(kRefusalLinger))
                 .attach(kj::mv(buffer), kj::mv(connection), kj::defer([this] { --refusals; })));
}

void HttpServer::Implementation::taskFailed(kj::Exception&& exception) {
  spdlog::debug("a connection ended: {}", text_of(exception));
}

kj::Promise<void> HttpServer::Implementation::asked_to_stop() {
  auto asked = kj::mv(stopping.promise);
  if (!options.stop_on_signals) return asked;
  const auto on = [&](int number) {
    return io.unixEventPort.onSignal(number).then([](siginfo_t&& signal) {
      spdlog::info("stopping: received {}", signal.si_signo == SIGINT ? "SIGINT" : "SIGTERM");
    });
  };
  return asked.exclusiveJoin(on(SIGINT)).exclusiveJoin(on(SIGTERM));
}

void HttpServer::Implementation::drain() {
  service.end_streams();
  if (options.stop_on_signals) {
    // From here on a second signal has its default action: it ends the process at once.
    release_signal(SIGINT);
    release_signal(SIGTERM);
  }
  http.drain()
      .exclusiveJoin(timer.afterDelay(options.drain_timeout * kj::NANOSECONDS).then([] {
        spdlog::warn("some requests did not finish in time and are broken off");
      }))
      .wait(io.waitScope);
}

HttpServer::HttpServer(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::open(const HttpServerOptions& options,
                                                     std::shared_ptr<const schema::Model> model,
                                                     monitoring::Metrics& metrics) {
  std::unique_ptr<HttpServer> server;
  const auto failure = kj::runCatchingExceptions([&] {
    server.reset(new HttpServer(std::make_unique<Implementation>(options, std::move(model), metrics)));
    server->implementation_->listen();
  });
  KJ_IF_MAYBE (exception, failure) {
    return Error{ErrorCode::io, "cannot listen: " + reason_of(*exception), options.listen,
                 "choose another address with --listen HOST:PORT, or end what holds this one"};
  }
  return server;
}

const std::string& HttpServer::address() const {
  return implementation_->address;
}

void HttpServer::show_progress(const actors::PlantProgress& progress) {
  implementation_->site.starting = progress.domain;
  implementation_->site.replayed = progress.replay.done;
  implementation_->site.to_replay = progress.replay.total;
  implementation_->site.loading = progress.replay.loading;
  ServerProbe& probe = implementation_->site.probe;
  probe.recovery_position.set(static_cast<std::int64_t>(progress.replay.done));
  probe.recovery_target.set(static_cast<std::int64_t>(progress.replay.total));
}

void HttpServer::attach(actors::Plant& plant) {
  implementation_->attaching.fulfiller->fulfill(&plant);
  implementation_->attached.get_future().wait();
}

void HttpServer::stop() {
  implementation_->stopping.fulfiller->fulfill();
}

void HttpServer::run() {
  Implementation& server = *implementation_;
  server.site.backup_directory = server.options.backup_directory;
  {
    auto accepting = server.accept().eagerlyEvaluate(nullptr);
    auto attaching = server.attaching.promise
                         .then([&server](actors::Plant* plant) {
                           std::vector<actors::ChangeFeed*> feeds;
                           for (const schema::DomainIndex d : plant->domains()) {
                             feeds.push_back(&plant->domain(d).changes());
                           }
                           server.bell.attach(feeds);
                           server.site.plant = plant;
                           server.site.probe.recovering.set(0);
                           server.is_attached = true;
                           server.attached.set_value();
                         })
                         .eagerlyEvaluate(nullptr);
    server.asked_to_stop().wait(server.io.waitScope);
  }
  server.receiver = nullptr;
  server.drain();
  server.tasks = nullptr;
  server.site.background.stop();
  server.site.worker.stop();  // its jobs may use the plant, which may go when this returns
  server.bell.detach();
  if (!server.is_attached) server.attached.set_value();
}

bool is_loopback(std::string_view listen) {
  if (listen.starts_with("unix:")) return true;
  std::string_view host = listen.substr(0, listen.rfind(':'));
  if (listen.starts_with('[')) host = listen.substr(1, std::min(listen.find(']'), listen.size()) - 1);
  if (host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, std::string(host).c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace pollux::server
