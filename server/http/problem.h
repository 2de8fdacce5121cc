// Errors as RFC 9457 problem details (application/problem+json).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/event/cloud_events.h"
#include "schema/result.h"
#include "server/http/message.h"

namespace pollux::server {

/// What a problem says beyond its status; empty parts are left out.
struct ProblemParts {
  std::string detail;   ///< What happened and what it means.
  std::string where;    ///< Which part of the request.
  std::string advice;   ///< What can be done.
  std::string nearest;  ///< A known name close to the wrong one.
};

/// How long a client should wait before it tries again, where waiting helps.
inline constexpr unsigned kRetryAfterSeconds = 1;

Reply problem(unsigned status, const ProblemParts& parts);
/// 429 and 503 carry Retry-After.
Reply problem_of(const schema::Error& error);
/// One problem for a body of events: 400 where anything is malformed, else 404 where an entity is unknown,
/// else 422; every mistake is listed under `errors`. REQUIRES: not empty.
Reply problem_of(const std::vector<schema::EventProblem>& problems);

/// `404` to `Not Found`; never empty.
const char* status_text(unsigned status);

}  // namespace pollux::server
