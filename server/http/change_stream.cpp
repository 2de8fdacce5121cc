#include "server/http/change_stream.h"

#include <kj/debug.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <utility>

#include "server/http/json.h"

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

/// Until the history is asked again for what it does not have yet.
constexpr kj::Duration kRetryDelay = 50 * kj::MILLISECONDS;

Result<schema::Position> parse_position(std::string_view text, const char* where) {
  schema::Position position = 0;
  const char* end = text.data() + text.size();
  const auto [last, fault] = std::from_chars(text.data(), end, position);
  if (fault == std::errc{} && last == end) return position;
  return Error{ErrorCode::invalid, "`" + std::string(text) + "` is not a position of the change feed", where,
               "give the id of an event of this feed"};
}

std::string id_line(schema::Position position) {
  return "id: " + std::to_string(position) + "\n";
}

std::string event_head(const actors::EpochChanges& epoch) {
  return id_line(epoch.position) + "event: changes\ndata: {\"position\":" + std::to_string(epoch.position) +
         ",\"clock\":\"" + schema::format_rfc3339(epoch.clock) + "\",\"changes\":[\n";
}

}  // namespace

Result<ChangeRequest> parse_change_request(const Request& request, const schema::Model& model,
                                           schema::Position now) {
  const Target& target = request.target;
  if (auto known = target.expect_only({"after", "entity", "type", "kind", "tag"}); !known.ok()) {
    return known.error();
  }
  auto selection = parse_selection(target, model);
  if (!selection.ok()) return selection.error();
  ChangeRequest wanted{std::move(*selection), now};
  // A browser that reconnects sends Last-Event-ID along with the address it was first given.
  const bool resumes = !request.last_event_id.empty();
  const auto after = target.parameter("after");
  if (!resumes && !after) return wanted;
  auto position =
      resumes ? parse_position(request.last_event_id, "Last-Event-ID") : parse_position(*after, "after");
  if (!position.ok()) return position.error();
  wanted.after = *position;
  return wanted;
}

schema::Position oldest_resumable(actors::Twin& twin) {
  if (const actors::History* history = twin.history()) return history->bounds().dropped;
  return twin.changes().after(0, 0).oldest;
}

ChangeStream::ChangeStream(actors::Twin& twin, ChangeBell& bell, Background& background, kj::Timer& timer,
                           const HttpServerOptions& options, ServerProbe& probe, ChangeRequest wanted,
                           kj::Own<kj::AsyncOutputStream> out)
    : twin_(twin),
      bell_(bell),
      background_(background),
      timer_(timer),
      options_(options),
      probe_(probe),
      selection_(std::move(wanted.selection)),
      position_(wanted.after),
      out_(kj::mv(out)),
      written_at_(timer.now()) {
  probe_.change_streams.add(1);
}

ChangeStream::~ChangeStream() {
  probe_.change_streams.add(-1);
}

kj::Promise<void> ChangeStream::run() {
  // The first id lets a client that is cut off before its first event resume where it began.
  return write("retry: 2000\n" + id_line(position_) + "\n").then([this] { return go_on(); });
}

kj::Promise<void> ChangeStream::go_on() {
  auto ring = bell_.wait();
  page_ = twin_.changes().after(position_, kEpochsPerPage);
  epoch_ = 0;
  change_ = 0;
  std::string gap = note_gap();
  if (!gap.empty()) {
    return write(std::move(gap)).then([this] { return go_on(); });
  }
  if (page_.oldest > position_) return read_history();
  if (page_.epochs.empty()) return wait(kj::mv(ring));
  return write_page().then([this] { return go_on(); });
}

kj::Promise<void> ChangeStream::read_history() {
  const actors::History* history = twin_.history();
  return background_
      .run<Epochs>(
          [history, after = position_] {
            return std::make_shared<Epochs::element_type>(
                history->epochs(after, kEpochsPerPage, kChangesPerPage));
          },
          nullptr)
      .then([this](Epochs&& read) { return take_epochs(read); });
}

kj::Promise<void> ChangeStream::take_epochs(const Epochs& read) {
  if (read == nullptr) return go_on_later();  // the disk is busy
  if (!read->ok()) {
    // What was dropped meanwhile is a gap, noted in a moment; anything else ends the stream.
    if (read->error().code == ErrorCode::not_found) return go_on();
    spdlog::error("a change stream ended: {}", read->error().text());
    return KJ_EXCEPTION(FAILED, "the history cannot be read");
  }
  page_.epochs = std::move(**read);
  if (page_.epochs.empty()) return go_on_later();  // not taken in yet
  return write_page().then([this] { return go_on(); });
}

kj::Promise<void> ChangeStream::go_on_later() {
  return timer_.afterDelay(kRetryDelay).then([this] { return go_on(); });
}

std::string ChangeStream::note_gap() {
  // A reader ahead of the twin knows another history: a data directory was replaced under its feet.
  const schema::Position settled = twin_.settled_position();
  const bool ahead = position_ > settled && page_.epochs.empty();
  const schema::Position oldest = oldest_resumable(twin_);
  if (oldest <= position_ && !ahead) return {};
  const schema::Position resumed = ahead ? settled : oldest;
  const std::string missed =
      "{\"after\":" + std::to_string(position_) + ",\"resumed_after\":" + std::to_string(resumed) + "}";
  position_ = resumed;
  probe_.change_stream_gaps.add();
  return id_line(position_) + "event: gap\ndata: " + missed + "\n\n";
}

kj::Promise<void> ChangeStream::wait(kj::Promise<void> ring) {
  const kj::TimePoint due = written_at_ + options_.heartbeat * kj::NANOSECONDS;
  return ring.then([] { return false; })
      .exclusiveJoin(timer_.atTime(due).then([] { return true; }))
      .then([this](bool silent) -> kj::Promise<void> {
        if (!silent) return go_on();
        // The id moves a filtered reader on past epochs that had nothing for it.
        return write(id_line(position_) + ": heartbeat\n\n").then([this] { return go_on(); });
      });
}

kj::Promise<void> ChangeStream::write(std::string text) {
  auto held = kj::heapString(text.data(), text.size());
  auto writing = out_->write(held.begin(), held.size());
  return timer_.timeoutAfter(options_.write_timeout * kj::NANOSECONDS, kj::mv(writing))
      .then([this] { written_at_ = timer_.now(); })
      .attach(kj::mv(held));
}

kj::Promise<void> ChangeStream::write_page() {
  std::string text = render_part();
  if (text.empty()) return kj::READY_NOW;
  return write(std::move(text)).then([this] { return write_page(); });
}

std::string ChangeStream::render_part() {
  std::string text;
  while (epoch_ < page_.epochs.size() && text.size() < kPartBytes) {
    render_epoch(*page_.epochs[epoch_], text);
  }
  return text;
}

void ChangeStream::render_epoch(const actors::EpochChanges& epoch, std::string& text) {
  const schema::Model& model = twin_.model();
  JsonBuffer buffer;
  for (; change_ < epoch.size() && text.size() < kPartBytes; ++change_) {
    const actors::Change& change = epoch.changes()[change_];
    if (!selection_.includes(model, change.entity)) continue;
    buffer.Clear();
    JsonWriter json(buffer);
    write_change(json, model, change);
    text += std::exchange(begun_, true) ? "data: ," : event_head(epoch) + "data: ";
    text.append(buffer.GetString(), buffer.GetSize());
    text += '\n';
  }
  if (change_ < epoch.size()) return;
  if (std::exchange(begun_, false)) text += "data: ]}\n\n";
  position_ = epoch.position;
  change_ = 0;
  ++epoch_;
}

}  // namespace pollux::server
