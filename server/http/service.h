// Each request on its way: parsed, routed, its body read, answered, counted.
#pragma once

#include <kj/async-io.h>
#include <kj/compat/http.h>

#include "server/http/change_bell.h"
#include "server/http/server.h"
#include "server/http/site.h"

namespace pollux::server {

/// The request headers the server looks at.
struct HeaderIds {
  kj::HttpHeaderTable::Builder builder;
  kj::HttpHeaderId accept = builder.add("Accept");
  kj::HttpHeaderId content_encoding = builder.add("Content-Encoding");
  kj::HttpHeaderId expect = builder.add("Expect");
  kj::HttpHeaderId if_none_match = builder.add("If-None-Match");
  kj::HttpHeaderId last_event_id = builder.add("Last-Event-ID");
  kj::Own<kj::HttpHeaderTable> table = builder.build();
};

/// What KJ hands requests to. One for all connections.
class Service final : private kj::HttpServerErrorHandler {
 public:
  Service(Site& site, ChangeBell& bell, kj::Timer& timer, const HttpServerOptions& options);
  virtual ~Service() = default;

  const kj::HttpHeaderTable& header_table() const { return *headers_.table; }

  /// Ends the change streams, which would never end by themselves.
  void end_streams();

  /// Takes the requests of one connection, which it writes to itself only to ask for a body (100 Continue; KJ
  /// does not).
  kj::Own<kj::HttpService> requests_on(kj::AsyncOutputStream& connection);
  // KJ's interfaces have no virtual destructor, so they are not bases one could delete through.
  kj::HttpServerErrorHandler& errors() { return *this; }

 private:
  class Exchange;
  class Requests;
  using Response = kj::HttpService::Response;

  kj::Promise<void> handleClientProtocolError(kj::HttpHeaders::ProtocolError error,
                                              Response& response) override;
  kj::Promise<void> handleApplicationError(kj::Exception exception, kj::Maybe<Response&> response) override;
  kj::Promise<void> handleNoResponse(Response& response) override;

  Site& site_;
  ChangeBell& bell_;
  kj::Timer& timer_;
  const HttpServerOptions& options_;
  HeaderIds headers_;
  kj::Own<kj::PromiseFulfiller<void>> end_streams_;
  kj::ForkedPromise<void> streams_ended_;
};

}  // namespace pollux::server
