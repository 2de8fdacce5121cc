// The change feed: server-sent events, one for each settled epoch of any domain, resumable by position.
#pragma once

#include <kj/async-io.h>
#include <kj/timer.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/plant/plant.h"
#include "server/http/background.h"
#include "server/http/change_bell.h"
#include "server/http/message.h"
#include "server/http/positions.h"
#include "server/http/selection.h"
#include "server/http/server.h"
#include "server/probe.h"

namespace pollux::server {

/// Where a reader starts and what it wants to see.
struct ChangeRequest {
  Selection selection;
  std::vector<schema::DomainIndex> domains;  ///< That are followed.
  Positions after;                           ///< By domain of the model.
};

/// From Last-Event-ID or `after` (default: now), `entity`, `type`, `kind`, `tag` and `domain`. Errors:
/// invalid (also where a domain that is followed has no position), not_found.
schema::Result<ChangeRequest> parse_change_request(const Request& request, const actors::Plant& plant);

/// The oldest position a reader may resume after: what memory no longer holds is read from the history.
schema::Position oldest_resumable(const actors::Twin& twin);

/// The 410 for a reader that comes too late, naming the oldest positions; nothing for one that does not.
std::optional<Reply> refuse_forgotten(const actors::Plant& plant, const ChangeRequest& wanted);

/// One reader of the feed, with a lane for each domain it follows: each goes on at its own pace, so that one
/// that stands still or is read from the disk keeps no other waiting. What it holds is bounded: a page of
/// epochs a lane, and one part of rendered text; the next part is rendered when the client has taken the last
/// one. A reader that falls behind what a domain retains is told so (`event: gap`) and goes on from there.
class ChangeStream {
 public:
  ChangeStream(actors::Plant& plant, ChangeBell& bell, Background& background, kj::Timer& timer,
               const HttpServerOptions& options, ServerProbe& probe, ChangeRequest wanted,
               kj::Own<kj::AsyncOutputStream> out);
  ~ChangeStream();
  ChangeStream(const ChangeStream&) = delete;
  ChangeStream& operator=(const ChangeStream&) = delete;

  /// Ends only with an error: the client went away or was too slow.
  kj::Promise<void> run();

 private:
  using Epochs = std::shared_ptr<schema::Result<std::vector<actors::EpochChangesPtr>>>;

  /// Its place in `positions_` is of the last epoch handed over whole.
  struct Lane {
    schema::DomainIndex domain = 0;
    actors::ChangeFeed::Page page;
    std::size_t epoch = 0;    // in page: the one being written
    std::size_t change = 0;   // in that epoch
    bool begun = false;       // whether that epoch's event has been opened
    bool is_reading = false;  // from the history
    kj::Promise<void> reading = nullptr;

    bool has_more() const { return epoch < page.epochs.size(); }
  };

  kj::Promise<void> go_on();
  bool refill(Lane& lane, std::string& gap);
  void read_history(Lane& lane);
  kj::Promise<void> take_epochs(Lane& lane, const Epochs& read);
  kj::Promise<void> write_pages();
  kj::Promise<void> wait(kj::Promise<void> ring);
  kj::Promise<void> write(std::string text);
  std::string note_gap(Lane& lane);
  Lane* next_lane();
  std::string render_part();
  void render_epoch(Lane& lane, std::string& text);
  void open_event(const Lane& lane, const actors::EpochChanges& epoch, std::string& text);
  std::string id_line(const Positions& positions) const;

  static constexpr std::size_t kEpochsPerPage = 16;
  static constexpr std::size_t kChangesPerPage = 20'000;  ///< Where they are read from the history.
  static constexpr std::size_t kPartBytes = 64u << 10;

  actors::Plant& plant_;
  ChangeBell& bell_;
  Background& background_;
  kj::Timer& timer_;
  const HttpServerOptions& options_;
  ServerProbe& probe_;
  const ChangeRequest wanted_;
  Positions positions_;  // by domain of the model
  kj::Own<kj::AsyncOutputStream> out_;
  kj::TimePoint written_at_;
  std::vector<Lane> lanes_;
  std::size_t current_ = 0;                       // lane
  kj::Own<kj::PromiseFulfiller<void>> read_end_;  // wakes this one when a lane's reading ends
  kj::Maybe<kj::Exception> failure_;              // of a lane's reading
};

}  // namespace pollux::server
