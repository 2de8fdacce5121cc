// How a supervisor takes in events that reach back further than memory.
#include <tsl/robin_map.h>
#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/supervision/supervisor.h"

namespace pollux::actors {

using schema::EntityIndex;
using schema::Error;
using schema::ErrorCode;
using schema::Event;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Position;
using schema::Result;

namespace {

/// How long an epoch waits for the history to take in what has settled before it.
constexpr std::chrono::seconds kHistoryPatience{60};

/// Of each entity, the oldest time before `held_from` that an epoch speaks of.
class Oldest {
 public:
  explicit Oldest(EventTime held_from) : held_from_(held_from) {}

  void note(EntityIndex entity, EventTime time) {
    if (time >= held_from_ || entity == schema::kNone) return;
    const auto [at, is_first] = times_.try_emplace(entity, time);
    if (!is_first) at.value() = std::min(at->second, time);
    of_all_ = std::min(of_all_, time);
  }
  bool empty() const { return times_.empty(); }
  EventTime of_all() const { return of_all_; }
  const auto& times() const { return times_; }

 private:
  const EventTime held_from_;
  EventTime of_all_ = kNever;
  tsl::robin_map<EntityIndex, EventTime> times_;
};

Error not_recalled(const Error& why) {
  return {
      why.code,
      "a late event reaches back further than memory, and the history that holds the rest cannot be read: " +
          why.message,
      why.where,
      "the event is in the journal and will be taken in at the next start; give it the history back, or "
      "start with --rebuild-history. " +
          why.advice};
}

/// What names it is neither taken nor set aside as too late.
Error not_looked_up(const Error& why) {
  return {ErrorCode::unavailable,
          "an event that is corrected or retracted lies further back than memory and cannot be read from the "
          "journal: " +
              why.message,
          why.where, "send the submission again later, nothing of it was taken. " + why.advice};
}

}  // namespace

Admission::Archive Supervisor::archive() {
  return {[this](const schema::EventKey& key) { return context_.journal.holds(key); },
          [this](const schema::EventKey& key) { return find_in_journal(key); }};
}

/// Of records up to the newest one taken in: while the journal is replayed, it knows more than the twin.
Result<std::optional<Revisions::Observed>> Supervisor::find_in_journal(const schema::EventKey& key) {
  std::optional<Revisions::Observed> found;
  const auto position = context_.journal.position_of(key);
  if (!position || *position == 0 || *position > last_position_) return found;
  const auto read = context_.journal.read(*position, [&](schema::EpochRecord& record) {
    record.events.identify(context_.model);
    const auto at = std::ranges::find(record.events.keys, key);
    if (at == record.events.keys.end()) return false;
    const Event& event = record.events.events[static_cast<std::size_t>(at - record.events.keys.begin())];
    found = Revisions::Observed{event.time, event.entity};
    return false;
  });
  const bool is_told = std::exchange(journal_unreadable_, !read.ok());
  if (read.ok()) return found;
  const Error error = not_looked_up(read.error());
  if (!is_told && context_.alarm) context_.alarm(error.text());
  return error;
}

EventTime Supervisor::recalled_from() const {
  return recallable_from(context_.recalled->bounds(), look_back_);
}

/// Where memory begins once the clock stands at `clock`. It drops nothing that a history does not take in, or
/// cannot tell: what a history that was made anew lacks stays in memory until it need not be told any more.
/// Not before all is replayed, so that what is left out of the journal does not depend on what memory drops.
EventTime Supervisor::held_from_at(EventTime clock) const {
  const EventTime final_before = std::max(held_from_, admission_.horizon_at(clock));
  if (context_.recalled == nullptr || context_.history->stopped()) return final_before;
  const EventTime short_memory = std::max(final_before, schema::before(clock, context_.memory));
  const EventTime told = recalled_from();
  return short_memory >= told && (serving_ || held_from_ >= told) ? short_memory : final_before;
}

/// What the next epoch could not be told of.
Admission::Unreadable Supervisor::unreadable() const {
  if (context_.recalled == nullptr) return {};
  if (context_.history->stopped())
    return {held_from_, "has stopped (the log says why); it can be admitted once that goes on"};
  return {std::min(held_from_at(last_clock_), recalled_from()),
          "was made anew since and does not tell of it"};
}

/// Ends an epoch that is replayed. The journal may hold what was accepted while an older history could tell
/// what it bears on, and nothing can any more: such an event keeps its identity and says nothing, and what it
/// corrected is left as it was. That depends on nothing but the journal and where the history begins.
void Supervisor::end_replayed_epoch(Epoch& epoch) {
  if (context_.recalled == nullptr) return end_epoch(epoch);
  const EventTime readable = std::min(held_from_at(last_clock_), recalled_from());
  std::size_t left_out = 0;
  for (Event& event : epoch.record.events.events) {
    if (event.time >= readable || event.entity == schema::kNone) continue;
    event.entity = schema::kNone;
    event.values_count = 0;
    ++left_out;
  }
  end_epoch(epoch);
  if (epoch.revised)
    left_out += std::erase_if(epoch.revised->changes,
                              [&](const StandingChange& change) { return change.place.time < readable; });
  left_out_ += left_out;
  context_.probe.misfit_events.add(left_out);
}

void Supervisor::tell_left_out() const {
  if (!context_.warn) return;
  context_.warn("left out of what was replayed: " + std::to_string(left_out_) +
                " events, or corrections of events, from before " + schema::format_rfc3339(recalled_from()) +
                ": the history was made anew since they were taken in, and neither it nor memory holds what "
                "they bear on. They stay in the journal");
}

/// Brings back what the epoch's own events need. False where that cannot be read: the epoch has changed
/// nothing then, and is lost to this process.
bool Supervisor::recollect(Epoch& epoch) {
  if (epoch.times.horizon <= epoch.times.final_before) return true;
  Oldest oldest(epoch.times.horizon);
  for (const Event& event : epoch.record.events.events) oldest.note(event.entity, event.time);
  if (epoch.revised) {
    for (const StandingChange& change : epoch.revised->changes) oldest.note(change.entity, change.place.time);
  }
  if (oldest.empty()) return true;
  const bool there =
      context_.recalled != nullptr && context_.history->wait_for(settled_position_, kHistoryPatience, true);
  if (!there) {
    lose(std::move(running_), Error{ErrorCode::unavailable, "it has stopped or is far behind", "", ""});
    return false;
  }
  epoch.recollection =
      std::make_unique<Recollection>(context_.model, entities_, *context_.recalled, settled_position_,
                                     epoch.times.horizon, epoch.times.pinned);
  for (const auto& [entity, time] : oldest.times()) {
    if (epoch.recollection->prepare(entity, time)) continue;
    const Error why = *epoch.recollection->failure();
    lose(std::move(running_), why);
    return false;
  }
  epoch.times.horizon = oldest.of_all();
  context_.probe.epochs_recalled.add();
  return true;
}

/// Gives up on an epoch that is in the journal, and on all that follows.
void Supervisor::lose(std::unique_ptr<Epoch> epoch, const Error& why) {
  const Error error = not_recalled(why);
  failed_ = error;
  lost_an_epoch_ = true;
  context_.on_failure(error);
  if (epoch->replayed) (*epoch->replayed)();
  for (const Epoch::Part& part : epoch->parts) refuse(*part.submission, error);
  refuse_all(error);
  if (waiting_ != nullptr) {
    if (waiting_->replayed) (*waiting_->replayed)();
    for (const Epoch::Part& part : waiting_->parts) refuse(*part.submission, error);
    waiting_.reset();
  }
  answer_queries();
}

/// Memory is as small again as it was before.
void Supervisor::forget(const Epoch& epoch) {
  if (context_.forget_at_once) {
    std::vector<KeptImage> kept;
    for (Entity* entity : entities_) {
      entity->keep_for(pins_.newest(), kept);
      entity->forget_before(held_from_, epoch.times.final_before);
    }
    for (KeptImage& each : kept) pins_.keep(std::move(each));
  } else if (epoch.recollection != nullptr) {
    for (const EntityIndex entity : epoch.recollection->entities())
      entities_[entity]->forget_before(held_from_, epoch.times.final_before);
  }
  if (epoch.recollection == nullptr) return;
  for (KeptImage& each : epoch.recollection->kept()) pins_.keep(std::move(each));
  context_.probe.attributes_recalled.add(epoch.recollection->entities().size());
}

}  // namespace pollux::actors
