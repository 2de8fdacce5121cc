#include "server/http/change_stream.h"

#include <kj/debug.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "server/http/json.h"
#include "server/http/problem.h"

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

/// Until the history is asked again for what it does not have yet.
constexpr kj::Duration kRetryDelay = 50 * kj::MILLISECONDS;

/// Each domain that is followed needs a place to go on from: to begin one at the present would leave out
/// what it settled in between.
Result<Positions> parse_place(std::string_view text, const char* where, const schema::Model& model,
                              Domains followed) {
  const auto named = parse_positions(text, model, where);
  if (!named.ok()) {
    if (is_divided(model)) return named.error();
    return Error{ErrorCode::invalid, "`" + std::string(text) + "` is not a position of the change feed",
                 where, "give the id of an event of this feed"};
  }
  Positions positions(model.domain_count());
  for (const schema::DomainIndex d : followed) {
    if (!(*named)[d]) {
      return Error{ErrorCode::invalid,
                   "`" + std::string(text) + "` names no position of domain `" + model.domain_name(d) + "`",
                   where, "give the id of an event of this feed, or follow fewer domains with domain=NAME"};
    }
    positions[d] = *(*named)[d];
  }
  return positions;
}

}  // namespace

Result<ChangeRequest> parse_change_request(const Request& request, const actors::Plant& plant) {
  const Target& target = request.target;
  const schema::Model& model = plant.model();
  auto known = target.expect_only({"after", "entity", "type", "kind", "tag", "domain"});
  if (!known.ok()) return known.error();
  auto selection = parse_selection(target, model);
  if (!selection.ok()) return selection.error();
  ChangeRequest wanted{std::move(*selection), {}, Positions(model.domain_count())};
  wanted.domains = domains_of(model, wanted.selection.domain);
  // A browser that reconnects sends Last-Event-ID along with the address it was first given.
  const bool resumes = !request.last_event_id.empty();
  const auto after = target.parameter("after");
  if (!resumes && !after) {
    for (const schema::DomainIndex d : wanted.domains) wanted.after[d] = plant.domain(d).settled_position();
    return wanted;
  }
  auto place = resumes ? parse_place(request.last_event_id, "Last-Event-ID", model, wanted.domains)
                       : parse_place(*after, "after", model, wanted.domains);
  if (!place.ok()) return place.error();
  wanted.after = *std::move(place);
  return wanted;
}

schema::Position oldest_resumable(const actors::Twin& twin) {
  if (const actors::History* history = twin.history()) return history->bounds().dropped;
  return twin.changes().after(0, 0).oldest;
}

std::optional<Reply> refuse_forgotten(const actors::Plant& plant, const ChangeRequest& wanted) {
  const schema::Model& model = plant.model();
  Positions resumable = wanted.after;
  std::vector<schema::DomainIndex> forgotten;
  for (const schema::DomainIndex d : wanted.domains) {
    const schema::Position oldest = oldest_resumable(plant.domain(d));
    if (wanted.after[d] >= oldest) continue;
    forgotten.push_back(d);
    resumable[d] = oldest;
  }
  if (forgotten.empty()) return std::nullopt;
  return problem(410, {"changes after position " + format_positions(model, forgotten, wanted.after) +
                           " are no longer kept; the oldest position to resume after is " +
                           format_positions(model, forgotten, resumable),
                       "",
                       "read the state anew, then resume with ?after=" +
                           format_positions(model, wanted.domains, resumable),
                       ""});
}

ChangeStream::ChangeStream(actors::Plant& plant, ChangeBell& bell, Background& background, kj::Timer& timer,
                           const HttpServerOptions& options, ServerProbe& probe, ChangeRequest wanted,
                           kj::Own<kj::AsyncOutputStream> out)
    : plant_(plant),
      bell_(bell),
      background_(background),
      timer_(timer),
      options_(options),
      probe_(probe),
      wanted_(std::move(wanted)),
      positions_(wanted_.after),
      out_(kj::mv(out)),
      written_at_(timer.now()),
      lanes_(wanted_.domains.size()) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].domain = wanted_.domains[i];
  probe_.change_streams.add(1);
}

ChangeStream::~ChangeStream() {
  probe_.change_streams.add(-1);
}

kj::Promise<void> ChangeStream::run() {
  // The first id lets a client that is cut off before its first event resume where it began.
  return write("retry: 2000\n" + id_line(positions_) + "\n").then([this] { return go_on(); });
}

std::string ChangeStream::id_line(const Positions& positions) const {
  return "id: " + format_positions(plant_.model(), wanted_.domains, positions) + "\n";
}

kj::Promise<void> ChangeStream::go_on() {
  auto rung = bell_.wait();
  auto read = kj::newPromiseAndFulfiller<void>();
  read_end_ = kj::mv(read.fulfiller);
  KJ_IF_MAYBE (failure, failure_) {
    return kj::mv(*failure);
  }
  bool any = false;
  std::string gaps;
  for (Lane& lane : lanes_) any = refill(lane, gaps) || any;
  if (!gaps.empty()) {
    return write(std::move(gaps)).then([this] { return go_on(); });
  }
  if (!any) return wait(rung.exclusiveJoin(kj::mv(read.promise)));
  return write_pages().then([this] { return go_on(); });
}

/// Whether there is something to write.
bool ChangeStream::refill(Lane& lane, std::string& gaps) {
  if (lane.is_reading || lane.has_more()) return lane.has_more();
  lane.page = plant_.domain(lane.domain).changes().after(positions_[lane.domain], kEpochsPerPage);
  lane.epoch = 0;
  lane.change = 0;
  if (std::string gap = note_gap(lane); !gap.empty()) {
    gaps += gap;
    lane.page.epochs.clear();
    return false;
  }
  if (lane.page.oldest <= positions_[lane.domain]) return lane.has_more();
  lane.page.epochs.clear();
  read_history(lane);
  return false;
}

void ChangeStream::read_history(Lane& lane) {
  lane.is_reading = true;
  const actors::History* history = plant_.domain(lane.domain).history();
  lane.reading = background_
                     .run<Epochs>(
                         [history, after = positions_[lane.domain]] {
                           return std::make_shared<Epochs::element_type>(
                               history->epochs(after, kEpochsPerPage, kChangesPerPage));
                         },
                         nullptr)
                     .then([this, &lane](Epochs&& read) { return take_epochs(lane, read); })
                     .then(
                         [this, &lane] {
                           lane.is_reading = false;
                           read_end_->fulfill();
                         },
                         [this](kj::Exception&& failed) {
                           failure_ = kj::mv(failed);
                           read_end_->fulfill();
                         })
                     .eagerlyEvaluate(nullptr);
}

kj::Promise<void> ChangeStream::take_epochs(Lane& lane, const Epochs& read) {
  if (read != nullptr && !read->ok()) {
    // What was dropped meanwhile is a gap, noted in a moment; anything else ends the stream.
    if (read->error().code == ErrorCode::not_found) return kj::READY_NOW;
    spdlog::error("a change stream ended: {}", read->error().text());
    return KJ_EXCEPTION(FAILED, "the history cannot be read");
  }
  if (read != nullptr) lane.page.epochs = std::move(**read);
  if (lane.has_more()) return kj::READY_NOW;
  // The disk is busy, or they have not been taken in yet.
  return timer_.afterDelay(kRetryDelay);
}

std::string ChangeStream::note_gap(Lane& lane) {
  schema::Position& position = positions_[lane.domain];
  // A reader ahead of the twin knows another history: a data directory was replaced under its feet.
  const actors::Twin& twin = plant_.domain(lane.domain);
  const schema::Position settled = twin.settled_position();
  const bool ahead = position > settled && lane.page.epochs.empty();
  const schema::Position oldest = oldest_resumable(twin);
  if (oldest <= position && !ahead) return {};
  const schema::Position resumed = ahead ? settled : oldest;
  const schema::Model& model = plant_.model();
  const std::string domain =
      is_divided(model) ? "\"domain\":\"" + model.domain_name(lane.domain) + "\"," : "";
  const std::string missed = "{" + domain + "\"after\":" + std::to_string(position) +
                             ",\"resumed_after\":" + std::to_string(resumed) + "}";
  position = resumed;
  probe_.change_stream_gaps.add();
  return id_line(positions_) + "event: gap\ndata: " + missed + "\n\n";
}

kj::Promise<void> ChangeStream::wait(kj::Promise<void> ring) {
  const kj::TimePoint due = written_at_ + options_.heartbeat * kj::NANOSECONDS;
  return ring.then([] { return false; })
      .exclusiveJoin(timer_.atTime(due).then([] { return true; }))
      .then([this](bool silent) -> kj::Promise<void> {
        if (!silent) return go_on();
        // The id moves a filtered reader on past epochs that had nothing for it.
        return write(id_line(positions_) + ": heartbeat\n\n").then([this] { return go_on(); });
      });
}

kj::Promise<void> ChangeStream::write(std::string text) {
  auto held = kj::heapString(text.data(), text.size());
  auto writing = out_->write(held.begin(), held.size());
  return timer_.timeoutAfter(options_.write_timeout * kj::NANOSECONDS, kj::mv(writing))
      .then([this] { written_at_ = timer_.now(); })
      .attach(kj::mv(held));
}

kj::Promise<void> ChangeStream::write_pages() {
  std::string text = render_part();
  if (text.empty()) return kj::READY_NOW;
  return write(std::move(text)).then([this] { return write_pages(); });
}

/// The one in the middle of an epoch, else the next in turn that has one.
ChangeStream::Lane* ChangeStream::next_lane() {
  if (lanes_[current_].change > 0) return &lanes_[current_];
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    current_ = (current_ + 1) % lanes_.size();
    if (lanes_[current_].has_more()) return &lanes_[current_];
  }
  return nullptr;
}

std::string ChangeStream::render_part() {
  std::string text;
  while (text.size() < kPartBytes) {
    Lane* lane = next_lane();
    if (lane == nullptr) break;
    render_epoch(*lane, text);
  }
  return text;
}

void ChangeStream::open_event(const Lane& lane, const actors::EpochChanges& epoch, std::string& text) {
  Positions then = positions_;
  then[lane.domain] = epoch.position;
  const schema::Model& model = plant_.model();
  text += id_line(then) + "event: changes\ndata: {";
  if (is_divided(model)) text += "\"domain\":\"" + model.domain_name(lane.domain) + "\",";
  text += "\"position\":" + std::to_string(epoch.position) + ",\"clock\":\"" +
          schema::format_rfc3339(epoch.clock) + "\",\"changes\":[\n";
}

void ChangeStream::render_epoch(Lane& lane, std::string& text) {
  const schema::Model& model = plant_.model();
  const actors::EpochChanges& epoch = *lane.page.epochs[lane.epoch];
  JsonBuffer buffer;
  for (; lane.change < epoch.size() && text.size() < kPartBytes; ++lane.change) {
    actors::Change change = epoch.changes()[lane.change];
    if (!plant_.is_whole(lane.domain, change.entity, change.attribute)) continue;
    change.entity = plant_.whole(lane.domain, change.entity);
    if (!wanted_.selection.includes(model, change.entity)) continue;
    buffer.Clear();
    JsonWriter json(buffer);
    write_change(json, model, change);
    if (!std::exchange(lane.begun, true)) {
      open_event(lane, epoch, text);
      text += "data: ";
    } else {
      text += "data: ,";
    }
    text.append(buffer.GetString(), buffer.GetSize());
    text += '\n';
  }
  if (lane.change < epoch.size()) return;
  if (std::exchange(lane.begun, false)) text += "data: ]}\n\n";
  positions_[lane.domain] = epoch.position;
  lane.change = 0;
  ++lane.epoch;
}

}  // namespace pollux::server
