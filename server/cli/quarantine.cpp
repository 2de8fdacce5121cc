// `pollux quarantine`: what a running twin has set aside, and decisions on it.
#include <simdjson.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/twin.h"
#include "server/cli/ask.h"
#include "server/cli/verbs.h"
#include "server/http/client.h"

namespace pollux::server::cli {
namespace {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

struct Arguments {
  std::string at = "http://127.0.0.1:8080";
  std::string output = "text";
  std::string reason;
  std::string domain;
  std::vector<std::string> numbers;  ///< `12`, or `cooling:12` where there are several domains.
};

constexpr std::size_t kPageEvents = 1'000;
constexpr std::size_t kPagesMax = 1'000;
constexpr const char* kQuarantine = "/v1/quarantine";

int fail(const Error& error) {
  std::fprintf(stderr, "pollux quarantine: %s\n", error.text().c_str());
  return error.code == ErrorCode::unavailable ? kInputOutput : kFailed;
}

Error not_understood(const HttpReply& reply) {
  return {ErrorCode::invalid,
          "the server answered with status " + std::to_string(reply.status) + ": " + reply.body, "",
          "check that --at names a Pollux server of this version"};
}

std::string_view text_of(simdjson::dom::element object, std::string_view key) {
  std::string_view text;
  return object[key].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

/// A number, or a text where the twin has several domains; empty where it is neither.
std::string number_of(simdjson::dom::element object, std::string_view key) {
  std::uint64_t number = 0;
  if (object[key].get_uint64().get(number) == simdjson::SUCCESS) return std::to_string(number);
  return std::string(text_of(object, key));
}

/// Calls `visit` with each event set aside, in order.
template <class Visit>
Result<void> for_each_event(HttpClient& client, const Arguments& arguments, Visit visit) {
  simdjson::dom::parser parser;
  std::string from;
  for (std::size_t page = 0; page < kPagesMax && (page == 0 || !from.empty()); ++page) {
    std::string path = std::string(kQuarantine) + "?limit=" + std::to_string(kPageEvents);
    add_parameter(path, "from", from);
    add_parameter(path, "domain", arguments.domain);
    Result<HttpReply> reply = client.get(path);
    if (!reply.ok()) return reply.error();
    simdjson::dom::element root;
    simdjson::dom::array events;
    if (reply->status != 200 || parser.parse(reply->body).get(root) != simdjson::SUCCESS ||
        root["events"].get_array().get(events) != simdjson::SUCCESS) {
      return not_understood(*reply);
    }
    for (const simdjson::dom::element each : events) visit(each);
    from = number_of(root, "next_from");
  }
  return {};
}

void print_event(simdjson::dom::element each) {
  simdjson::dom::element event;
  const std::string_view why = text_of(each, "why");
  const bool readable =
      each["event"].get(event) == simdjson::SUCCESS && event.type() == simdjson::dom::element_type::OBJECT;
  std::string said =
      readable ? std::string(text_of(event, "time")) + "  " + std::string(text_of(event, "source")) + " " +
                     std::string(text_of(event, "id")) + "  " + std::string(text_of(event, "type")) + " " +
                     std::string(text_of(event, "subject")) + " " + simdjson::to_string(event["data"])
               : std::string(why);
  std::printf("%8s  %-15s  %s\n", number_of(each, "number").c_str(),
              std::string(text_of(each, "reason")).c_str(), said.c_str());
}

int list(const Arguments& arguments) {
  auto client = HttpClient::create(arguments.at);
  if (!client.ok()) return fail(client.error());
  std::size_t shown = 0;
  const auto listed = for_each_event(**client, arguments, [&](simdjson::dom::element each) {
    if (!arguments.reason.empty() && text_of(each, "reason") != arguments.reason) return;
    ++shown;
    if (arguments.output == "json") {
      std::puts(simdjson::to_string(each).c_str());
    } else {
      print_event(each);
    }
  });
  if (!listed.ok()) return fail(listed.error());
  if (shown == 0 && arguments.output == "text") std::puts("nothing is in quarantine");
  return kOk;
}

/// Sends one request and prints the decisions. True where all were carried out.
Result<bool> decide_some(HttpClient& client, const Arguments& arguments, const std::string& verb,
                         std::span<const std::string> numbers) {
  std::string body = R"({"numbers":[)";
  for (const std::string& number : numbers) {
    const bool whole = number.find_first_not_of("0123456789") == std::string::npos;
    body += whole ? number + "," : "\"" + number + "\",";
  }
  body.back() = ']';
  Result<HttpReply> reply =
      client.post(std::string(kQuarantine) + "/" + verb, "application/json", body + "}");
  if (!reply.ok()) return reply.error();
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array decisions;
  if (reply->status != 200 || parser.parse(reply->body).get(root) != simdjson::SUCCESS ||
      root["decisions"].get_array().get(decisions) != simdjson::SUCCESS) {
    return not_understood(*reply);
  }
  bool all = true;
  for (const simdjson::dom::element each : decisions) {
    const std::string outcome(text_of(each, "outcome"));
    all = all && outcome != "refused" && outcome != "unknown";
    if (arguments.output == "json") {
      std::puts(simdjson::to_string(each).c_str());
    } else {
      std::printf("%8s  %-9s  %s\n", number_of(each, "number").c_str(), outcome.c_str(),
                  std::string(text_of(each, "why")).c_str());
    }
  }
  return all;
}

int decide(const Arguments& arguments, const std::string& verb) {
  auto client = HttpClient::create(arguments.at);
  if (!client.ok()) return fail(client.error());
  std::vector<std::string> numbers = arguments.numbers;
  if (!arguments.reason.empty()) {
    const auto listed = for_each_event(**client, arguments, [&](simdjson::dom::element each) {
      if (text_of(each, "reason") == arguments.reason) numbers.push_back(number_of(each, "number"));
    });
    if (!listed.ok()) return fail(listed.error());
  }
  bool all = true;
  for (std::size_t from = 0; from < numbers.size(); from += actors::Twin::kDecisionsMax) {
    const std::size_t count = std::min(actors::Twin::kDecisionsMax, numbers.size() - from);
    const auto done = decide_some(**client, arguments, verb, std::span(numbers).subspan(from, count));
    if (!done.ok()) return fail(done.error());
    all = all && *done;
  }
  return all ? kOk : kFailed;
}

void add_common(CLI::App& verb, Arguments& arguments) {
  verb.add_option("--at", arguments.at, "The server, http://HOST:PORT")->capture_default_str();
  verb.add_option("--reason", arguments.reason, "All that were set aside for this reason")
      ->check(CLI::IsMember({"too_late", "from_the_future", "poison"}));
  verb.add_option("--domain", arguments.domain, "With --reason, or to list: of several domains this one");
  verb.add_option("-o,--output", arguments.output, "text, or json: one object a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

}  // namespace

void add_quarantine(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  auto* verb = app.add_subcommand("quarantine", "Events a running twin has set aside: list, admit, discard");
  verb->require_subcommand(1);
  auto* listing = verb->add_subcommand("list", "Show them");
  add_common(*listing, *arguments);
  listing->callback([arguments, &exit_code] { exit_code = list(*arguments); });
  const auto add_decision = [&](const char* name, const char* help) {
    auto* decision = verb->add_subcommand(name, help);
    add_common(*decision, *arguments);
    decision->add_option("NUMBER", arguments->numbers, "As listed: 12, or cooling:12 of several domains")
        ->check(CLI::Validator(
            [](const std::string& text) {
              const auto is_name = [](char c) {
                return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == ':';
              };
              return std::ranges::all_of(text, is_name) ? std::string()
                                                        : "`" + text + "` is not a number as listed";
            },
            "NUMBER"));
    decision->footer("Exit codes: 0 carried out; 1 something was refused; 4 the server was not reached.");
    decision->callback([arguments, name = std::string(name), &exit_code] {
      if (arguments->numbers.empty() && arguments->reason.empty())
        throw CLI::RequiredError("NUMBER or --reason");
      exit_code = decide(*arguments, name);
    });
  };
  add_decision("admit", "Take them into the journal, as far as the twin can still revise its past");
  add_decision("discard", "Drop them; sent again, they are duplicates");
}

}  // namespace pollux::server::cli
