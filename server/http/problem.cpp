#include "server/http/problem.h"

#include <simdjson.h>

#include <algorithm>

#include "schema/assert.h"
#include "server/http/json.h"

namespace pollux::server {
namespace {

constexpr const char* kProblemType = "application/problem+json";

unsigned status_of(schema::ErrorCode code) {
  switch (code) {
    case schema::ErrorCode::invalid:
      return 400;
    case schema::ErrorCode::not_found:
      return 404;
    case schema::ErrorCode::conflict:
      return 409;
    case schema::ErrorCode::overloaded:
      return 429;
    case schema::ErrorCode::unavailable:
    case schema::ErrorCode::no_space:
      return 503;
    case schema::ErrorCode::io:
    case schema::ErrorCode::corrupt:
      return 500;
  }
  return 500;
}

unsigned status_of(schema::EventProblem::Kind kind) {
  switch (kind) {
    case schema::EventProblem::Kind::malformed:
      return 400;
    case schema::EventProblem::Kind::not_found:
      return 404;
    case schema::EventProblem::Kind::unprocessable:
      return 422;
  }
  return 400;
}

void write_member(JsonWriter& json, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  write_key(json, key);
  if (simdjson::validate_utf8(text.data(), text.size())) {
    write_text(json, text);
    return;
  }
  // Messages quote what a client sent, which need not be text at all.
  std::string ascii(text);
  std::replace_if(
      ascii.begin(), ascii.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  write_text(json, ascii);
}

/// Opens the object and writes what every problem has.
void begin_problem(JsonWriter& json, unsigned status, const ProblemParts& parts) {
  json.StartObject();
  write_member(json, "type", "about:blank");
  write_member(json, "title", status_text(status));
  write_key(json, "status");
  json.Uint(status);
  write_member(json, "detail", parts.detail);
  write_member(json, "where", parts.where);
  write_member(json, "advice", parts.advice);
  write_member(json, "nearest", parts.nearest);
}

Reply finish_problem(JsonWriter& json, const JsonBuffer& buffer, unsigned status) {
  json.EndObject();
  Reply reply{status, kProblemType, text_of(buffer), {}};
  if (status == 429 || status == 503) {
    reply.headers.emplace_back("Retry-After", std::to_string(kRetryAfterSeconds));
  }
  return reply;
}

void write_event_problem(JsonWriter& json, const schema::EventProblem& problem) {
  json.StartObject();
  write_key(json, "status");
  json.Uint(status_of(problem.kind));
  write_key(json, "index");
  json.Uint64(problem.index);
  write_member(json, "pointer", problem.pointer);
  if (problem.pointer.empty()) {
    write_key(json, "offset");
    json.Uint64(problem.offset);
  }
  write_member(json, "detail", problem.message);
  write_member(json, "nearest", problem.nearest);
  json.EndObject();
}

std::string place_of(const schema::EventProblem& problem) {
  return problem.pointer.empty() ? "byte " + std::to_string(problem.offset) : problem.pointer;
}

}  // namespace

Reply problem(unsigned status, const ProblemParts& parts) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  begin_problem(json, status, parts);
  return finish_problem(json, buffer, status);
}

Reply problem_of(const schema::Error& error) {
  return problem(status_of(error.code), {error.message, error.where, error.advice, {}});
}

Reply problem_of(const std::vector<schema::EventProblem>& problems) {
  POLLUX_ASSERT(!problems.empty(), "a problem needs a cause");
  unsigned status = 422;
  for (const auto& each : problems) status = std::min(status, status_of(each.kind));
  const schema::EventProblem& first = *std::find_if(
      problems.begin(), problems.end(), [&](const auto& each) { return status_of(each.kind) == status; });
  ProblemParts parts{first.message, place_of(first), {}, first.nearest};
  if (problems.size() > 1) parts.detail += " (one of " + std::to_string(problems.size()) + " mistakes)";
  parts.advice = "nothing of this request was taken; mend it and send it again";

  JsonBuffer buffer;
  JsonWriter json(buffer);
  begin_problem(json, status, parts);
  write_key(json, "errors");
  json.StartArray();
  for (const auto& each : problems) write_event_problem(json, each);
  json.EndArray();
  return finish_problem(json, buffer, status);
}

const char* status_text(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "Done" : "Error";
  }
}

}  // namespace pollux::server
