#include "tests/server/http_fixture.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <variant>

#include "schema/model/model_file.h"

namespace pollux::server {

const char* const kPlant = R"(twin: plant
types:
  Pump:
    kind: asset
    parameters: { rated_flow: { unit: L/s, default: 20 } }
    observed: { speed: { unit: "%", range: [0, 100] } }
    derived: { flow: { unit: L/s, is: rated_flow * speed / 100 % } }
  EnoughFlow:
    kind: constraint
    inputs: { flow: { unit: L/s } }
    requires: flow >= 5 L/s
    severity: critical
entities:
  pump-1: { type: Pump, tags: [main] }
  pump-2: { type: Pump, parameters: { rated_flow: 25 L/s } }
  enough: { type: EnoughFlow, inputs: { flow: pump-1.flow } }
sources:
  bms: { allowed_lateness: 10 min }
)";

namespace {
constexpr timeval kPatience = {20, 0};
}

std::shared_ptr<const schema::Model> load_plant() {
  return load_text(kPlant);
}

std::shared_ptr<const schema::Model> load_text(const std::string& model) {
  auto loaded = schema::load_model(model, "plant.yaml");
  if (const auto* errors = std::get_if<schema::ModelErrors>(&loaded)) {
    std::fputs(errors->text().c_str(), stderr);
    std::abort();
  }
  return std::make_shared<const schema::Model>(std::get<schema::Model>(std::move(loaded)));
}

std::string speed_event(const std::string& id, int second, double percent, const std::string& pump) {
  return R"({"specversion":"1.0","type":"pollux.observe","source":"bms","id":")" + id + R"(","subject":")" +
         pump + R"(","time":")" +
         schema::format_rfc3339(1'795'332'480'000'000'000 + second * schema::kSecond) +
         R"(","data":{"speed":)" + std::to_string(percent) + "}}";
}

Connection::Connection(unsigned port, int receive_buffer_bytes) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (receive_buffer_bytes > 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  }
  EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

Connection::~Connection() {
  if (socket_ >= 0) ::close(socket_);
}

void Connection::abort() {
  const linger at_once{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(socket_);
  socket_ = -1;
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Connection::receive() {
  char part[16384];
  const ssize_t got = ::recv(socket_, part, sizeof part, 0);
  EXPECT_FALSE(got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) << "the server kept silent";
  if (got <= 0) return false;
  received_.append(part, static_cast<std::size_t>(got));
  return true;
}

std::string Connection::read_until(const std::string& what) {
  while (received_.find(what) == std::string::npos) {
    if (!receive()) {
      ADD_FAILURE() << "the server closed before `" << what << "`; received:\n" << received_;
      break;
    }
  }
  return received_;
}

std::string Connection::read_to_end() {
  while (receive()) {
  }
  return received_;
}

Answer Connection::read_answer(bool has_body) {
  Answer answer;
  while (received_.find("\r\n\r\n") == std::string::npos) {
    if (!receive()) return answer;
  }
  const std::size_t head_end = received_.find("\r\n\r\n");
  std::sscanf(received_.c_str(), "HTTP/1.1 %u", &answer.status);
  for (std::size_t at = received_.find("\r\n") + 2; at < head_end;) {
    const std::size_t end = received_.find("\r\n", at);
    const std::string line = received_.substr(at, end - at);
    const std::size_t colon = line.find(": ");
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    answer.headers[name] = line.substr(colon + 2);
    at = end + 2;
  }
  received_.erase(0, head_end + 4);
  const auto length = answer.headers.find("content-length");
  const std::size_t size = !has_body || length == answer.headers.end() ? 0 : std::stoul(length->second);
  while (received_.size() < size && receive()) {
  }
  answer.body = received_.substr(0, size);
  received_.erase(0, answer.body.size());
  return answer;
}

RunningServer::RunningServer(ServerSetup setup) : model_(setup.model) {
  setup.http.listen = "127.0.0.1:0";
  setup.twin.clock = actors::ClockMode::events;
  setup.twin.threads = 2;
  setup.twin.check_invariants = true;
  thread_ = std::thread([this, options = setup.http] { serve(options); });
  server_ = open_.get_future().get();
  const std::string& address = server_->address();
  port_ = static_cast<unsigned>(std::stoul(address.substr(address.rfind(':') + 1)));
  if (!setup.start_twin) return;
  const auto open = [&](const schema::Model& model) -> schema::Result<std::unique_ptr<actors::Journal>> {
    return setup.journal(model);
  };
  auto plant = actors::Plant::start(model_, open, setup.twin);
  if (!plant.ok()) {
    ADD_FAILURE() << plant.error().text();
    return;
  }
  plant_ = std::move(*plant);
  for (const schema::DomainIndex d : plant_->domains()) {
    metrics_.observe(plant_->domain(d).probe(), plant_->domain(d).model().name());
  }
  server_->attach(*plant_);
}

void RunningServer::serve(const HttpServerOptions& options) {
  auto server = HttpServer::open(options, model_, metrics_);
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.error().text().c_str());
    std::abort();
  }
  open_.set_value(server->get());
  (*server)->run();
  ended_.set_value();
  release_.get_future().wait();
}

void RunningServer::stop() {
  if (!thread_.joinable()) return;
  server_->stop();
  ended_.get_future().wait();
  if (plant_ != nullptr) plant_->stop();
  release_.set_value();
  thread_.join();
}

RunningServer::~RunningServer() {
  stop();
}

Answer RunningServer::ask(const std::string& method, const std::string& target, const std::string& headers,
                          const std::string& body) const {
  Connection connection(port_);
  std::string request =
      method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers;
  if (method == "POST") request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  connection.send(request + "\r\n" + body);
  return connection.read_answer(method != "HEAD");
}

GatedJournal::GatedJournal(const schema::Model& model, Gate& gate)
    : inner_(actors::make_memory_journal(model)), gate_(gate), opened_(gate.open.get_future().share()) {}

schema::Result<void> GatedJournal::append(const schema::EpochRecord& record,
                                          const actors::QuarantineChanges& quarantine) {
  if (!std::exchange(entered_, true)) gate_.entered.set_value();
  opened_.wait();
  return inner_->append(record, quarantine);
}

}  // namespace pollux::server
