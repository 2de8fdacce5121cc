// The change feed: server-sent events, one for each settled epoch, resumable by journal position.
#pragma once

#include <kj/async-io.h>
#include <kj/timer.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/twin.h"
#include "server/http/background.h"
#include "server/http/change_bell.h"
#include "server/http/message.h"
#include "server/http/selection.h"
#include "server/http/server.h"
#include "server/probe.h"

namespace pollux::server {

/// Where a reader starts and what it wants to see.
struct ChangeRequest {
  Selection selection;
  schema::Position after = 0;
};

/// From Last-Event-ID or `after` (default: now), `entity`, `type`, `kind` and `tag`. Errors: invalid,
/// not_found.
schema::Result<ChangeRequest> parse_change_request(const Request& request, const schema::Model& model,
                                                   schema::Position now);

/// The oldest position a reader may resume after: what memory no longer holds is read from the history.
schema::Position oldest_resumable(actors::Twin& twin);

/// One reader of the feed. What it holds is bounded: one page of epochs and one part of rendered text; the
/// next part is rendered when the client has taken the last one. A reader that falls behind what is retained
/// is told so (`event: gap`) and goes on from there.
class ChangeStream {
 public:
  ChangeStream(actors::Twin& twin, ChangeBell& bell, Background& background, kj::Timer& timer,
               const HttpServerOptions& options, ServerProbe& probe, ChangeRequest wanted,
               kj::Own<kj::AsyncOutputStream> out);
  ~ChangeStream();
  ChangeStream(const ChangeStream&) = delete;
  ChangeStream& operator=(const ChangeStream&) = delete;

  /// Ends only with an error: the client went away or was too slow.
  kj::Promise<void> run();

 private:
  using Epochs = std::shared_ptr<schema::Result<std::vector<actors::EpochChangesPtr>>>;

  kj::Promise<void> go_on();
  kj::Promise<void> go_on_later();
  kj::Promise<void> read_history();
  kj::Promise<void> take_epochs(const Epochs& read);
  kj::Promise<void> write_page();
  kj::Promise<void> wait(kj::Promise<void> ring);
  kj::Promise<void> write(std::string text);
  std::string note_gap();
  std::string render_part();
  void render_epoch(const actors::EpochChanges& epoch, std::string& text);

  static constexpr std::size_t kEpochsPerPage = 16;
  static constexpr std::size_t kChangesPerPage = 20'000;  ///< Where they are read from the history.
  static constexpr std::size_t kPartBytes = 64u << 10;

  actors::Twin& twin_;
  ChangeBell& bell_;
  Background& background_;
  kj::Timer& timer_;
  const HttpServerOptions& options_;
  ServerProbe& probe_;
  Selection selection_;
  schema::Position position_;  // of the last epoch handed over whole
  kj::Own<kj::AsyncOutputStream> out_;
  kj::TimePoint written_at_;
  actors::ChangeFeed::Page page_;
  std::size_t epoch_ = 0;   // in page_: the one being written
  std::size_t change_ = 0;  // in that epoch
  bool begun_ = false;      // whether that epoch's event has been opened
};

}  // namespace pollux::server
