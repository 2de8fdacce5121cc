// `pollux watch`: a live view of a twin in the terminal.
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/cli/verbs.h"
#include "server/cli/watch/picture.h"
#include "server/cli/watch/render.h"
#include "server/http/client.h"
#include "server/http/target.h"

namespace pollux::server::cli {
namespace {

struct WatchOptions {
  std::string at = "http://127.0.0.1:8080";
  std::string interval = "1s";
  bool once = false;
};

/// Bounds on what one look fetches.
constexpr std::size_t kPagesMax = 10;
constexpr std::size_t kExplanationsMax = 8;
constexpr const char* kEntitiesPath = "/v1/entities?limit=200";
constexpr const char* kDepth = "16";

schema::Result<std::string> fetch(HttpClient& client, const std::string& path) {
  schema::Result<HttpReply> reply = client.get(path);
  if (!reply) return reply.error();
  if (reply->status == 200) return std::move(reply->body);
  return schema::Error{
      reply->status == 503 ? schema::ErrorCode::unavailable : schema::ErrorCode::invalid,
      "the server answered with status " + std::to_string(reply->status) + ": " + reply->body, "GET " + path,
      ""};
}

schema::Result<void> fetch_entities(HttpClient& client, Picture& picture) {
  std::string cursor;
  for (std::size_t page = 0; page < kPagesMax; ++page) {
    schema::Result<std::string> body =
        fetch(client, kEntitiesPath + (cursor.empty() ? std::string() : "&cursor=" + percent_encode(cursor)));
    if (!body) return body.error();
    schema::Result<EntityPage> entities = read_entities(*body);
    if (!entities) return entities.error();
    picture.clock = entities->clock;
    picture.position = entities->position;
    for (ShownEntity& entity : entities->entities) {
      if (entity.kind != "constraint") picture.entities.push_back(std::move(entity));
    }
    cursor = entities->next_cursor;
    if (cursor.empty()) return {};
  }
  picture.more_entities = true;
  return {};
}

schema::Result<Picture> look(HttpClient& client) {
  Picture picture;
  if (schema::Result<void> fetched = fetch_entities(client, picture); !fetched) return fetched.error();
  schema::Result<std::string> body = fetch(client, "/v1/constraints");
  if (!body) return body.error();
  schema::Result<std::vector<ShownConstraint>> constraints = read_constraints(*body);
  if (!constraints) return constraints.error();
  picture.constraints = std::move(*constraints);
  for (const ShownConstraint& constraint : picture.constraints) {
    if (constraint.status != "violated" || picture.explanations.size() == kExplanationsMax) continue;
    body = fetch(client, "/v1/why/" + percent_encode(constraint.id) + "/status?depth=" + kDepth);
    if (!body) return body.error();
    schema::Result<ShownCause> cause = read_explanation(*body);
    if (!cause) return cause.error();
    picture.explanations.push_back(std::move(*cause));
  }
  return picture;
}

Screen screen_of_stdout(bool terminal) {
  const char* no_colour = std::getenv("NO_COLOR");
  Screen screen;
  screen.colour = terminal && (no_colour == nullptr || *no_colour == '\0');
  winsize size{};
  if (!terminal) {
    screen.columns = 160;
  } else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    screen.columns = size.ws_col;
    // One for the line above the picture, one for the cursor.
    screen.rows = size.ws_row > 2 ? size.ws_row - 2u : 0;
  }
  return screen;
}

bool stdout_is_a_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

/// Waits; true when SIGINT or SIGTERM came. REQUIRES: both are blocked.
bool stopped_within(const sigset_t& signals, schema::Duration span) {
  const timespec timeout{span / schema::kSecond, span % schema::kSecond};
  return sigtimedwait(&signals, nullptr, &timeout) > 0;
}

/// True when the text could be written; false once nobody reads standard output any more.
bool show(const std::string& text) {
  return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
}

int fail(const schema::Error& error, ExitCode code) {
  std::fprintf(stderr, "pollux watch: %s\n", error.text().c_str());
  return code;
}

/// Shows the twin until SIGINT or SIGTERM: on a terminal the whole picture, redrawn; elsewhere lines about
/// what changed.
int run_watch(const WatchOptions& options) {
  const schema::Result<schema::Duration> interval = schema::parse_duration(options.interval);
  if (!interval) return fail(interval.error(), kUsage);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  schema::Result<std::unique_ptr<HttpClient>> client = HttpClient::create(options.at);
  if (!client) return fail(client.error(), kUsage);
  const bool terminal = stdout_is_a_terminal();
  std::optional<Picture> before;
  do {
    schema::Result<Picture> picture = look(**client);
    if (!picture) return fail(picture.error(), kInputOutput);
    const Screen screen = screen_of_stdout(terminal);
    if (options.once) return show(render(*picture, screen)) ? kOk : kInputOutput;
    // Home, then clear to the end: less flicker than clearing first.
    const bool shown = terminal
                           ? show("\x1b[H\x1b[J" + options.at + "  Ctrl-C ends\n" + render(*picture, screen))
                           : show(render_news(before.value_or(Picture{}), *picture, screen));
    if (!shown) return kOk;
    before = std::move(*picture);
  } while (!stopped_within(signals, *interval));
  return kOk;
}

}  // namespace

void add_watch(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<WatchOptions>();
  auto* verb = app.add_subcommand("watch", "Show a running twin: values, constraints, chains of causes");
  verb->add_option("--at", options->at, "The server, http://HOST:PORT")->capture_default_str();
  verb->add_option("--interval", options->interval, "Between two looks, as 1s")->capture_default_str();
  verb->add_flag("--once", options->once, "Show everything once and end");
  verb->callback([options, &exit_code] { exit_code = run_watch(*options); });
}

}  // namespace pollux::server::cli
