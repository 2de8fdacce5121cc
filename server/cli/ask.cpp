#include "server/cli/ask.h"

#include <simdjson.h>

#include <cstdio>
#include <memory>

#include "server/cli/verbs.h"
#include "server/http/client.h"
#include "server/http/target.h"

namespace pollux::server::cli {
namespace {

int fail(const char* verb, const std::string& text, ExitCode code) {
  std::fprintf(stderr, "pollux %s: %s\n", verb, text.c_str());
  return code;
}

/// A problem in words: what happened, and what helps.
std::string problem_text(const HttpReply& reply) {
  simdjson::dom::parser parser;
  simdjson::dom::object json;
  const auto parsed = parser.parse(reply.body.data(), reply.body.size()).get(json);
  const auto member = [&](const char* key) {
    std::string_view text;
    return parsed == simdjson::SUCCESS && json[key].get(text) == simdjson::SUCCESS ? std::string(text) : "";
  };
  std::string text = member("detail");
  if (text.empty()) return "the server answered with status " + std::to_string(reply.status);
  if (const std::string nearest = member("nearest"); !nearest.empty())
    text += "; did you mean `" + nearest + "`?";
  if (const std::string advice = member("advice"); !advice.empty()) text += " (" + advice + ")";
  return text;
}

}  // namespace

void add_parameter(std::string& path, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  path += path.find('?') == std::string::npos ? '?' : '&';
  path.append(name).append(1, '=').append(percent_encode(value));
}

int ask(const char* verb, const AskOptions& options, const std::string& path,
        schema::Result<std::string> (*render)(std::string_view)) {
  const schema::Result<std::unique_ptr<HttpClient>> client = HttpClient::create(options.server);
  if (!client) return fail(verb, client.error().text(), kUsage);
  const schema::Result<HttpReply> reply = (*client)->get(path);
  if (!reply) return fail(verb, reply.error().text(), kInputOutput);
  if (reply->status != 200) {
    return fail(verb, problem_text(*reply), reply->status < 500 ? kFailed : kInputOutput);
  }
  std::string text = reply->body + "\n";
  if (options.output != "json") {
    schema::Result<std::string> rendered = render(reply->body);
    if (!rendered) return fail(verb, rendered.error().text(), kInputOutput);
    text = std::move(*rendered);
  }
  return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0 ? kOk : kInputOutput;
}

}  // namespace pollux::server::cli
