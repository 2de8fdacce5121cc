#include "actors/plant/link_carrier.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "actors/plant/told.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::CrossingLink;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Position;
using schema::Result;

namespace {

std::uint64_t key_of(schema::EntityIndex entity, schema::AttributeSlot attribute) {
  return std::uint64_t{entity} << 16 | attribute;
}

}  // namespace

/// What others have to say, each thing at most once at a time.
struct LinkCarrier::Answers {
  struct Course {
    Position position = 0;
    std::vector<std::vector<Version>> versions;  // by link
  };

  template <class T>
  void give(std::optional<T> Answers::*place, T answer) {
    Ring ring_now;
    {
      const std::lock_guard lock(mutex);
      this->*place = std::move(answer);
      ring_now = ring;
    }
    if (ring_now) ring_now();
  }
  /// What was taken too early.
  template <class T>
  void give_back(std::optional<T> Answers::*place, T answer) {
    const std::lock_guard lock(mutex);
    this->*place = std::move(answer);
  }
  template <class T>
  std::optional<T> take(std::optional<T> Answers::*place) {
    const std::lock_guard lock(mutex);
    return std::exchange(this->*place, std::nullopt);
  }

  std::mutex mutex;
  Ring ring;
  std::optional<Result<Receipt>> receipt;
  std::optional<Told> told;
  std::optional<Course> course;
};

LinkCarrier::LinkCarrier(Twin& producer, Twin& consumer, std::vector<CrossingLink> links, Ring ring,
                         std::function<void(const std::string&)> warn)
    : producer_(producer),
      consumer_(consumer),
      links_(std::move(links)),
      warn_(std::move(warn)),
      answers_(std::make_shared<Answers>()),
      producer_began_at_(producer.settled_position()) {
  POLLUX_ASSERT(!links_.empty());
  for (std::size_t i = 0; i < links_.size(); ++i) {
    by_attribute_[key_of(links_[i].producer, links_[i].attribute)].push_back(i);
    const auto& carried = consumer_.model().type_of(links_[i].link).attributes[CrossingLink::kCarried];
    courses_.emplace_back(carried.initial);
  }
  if (ring) subscription_ = producer_.changes().subscribe(ring);
  answers_->ring = std::move(ring);
}

LinkCarrier::~LinkCarrier() {
  if (subscription_ != 0) producer_.changes().unsubscribe(subscription_);
  const std::lock_guard lock(answers_->mutex);
  answers_->ring = {};
}

bool LinkCarrier::step() {
  waits_ = false;
  switch (phase_) {
    case Phase::new_:
      if (!in_flight_) return wait_for_earlier_ones();
      if (!take_answer()) return false;
      ask_what_was_told();
      return true;
    case Phase::asking:
      return take_what_was_told();
    case Phase::asking_producer:
      return resume_from_memory();
    case Phase::following:
      break;
  }
  if (in_flight_) return take_answer();
  if (!outbox_.empty()) {
    submit();
    return true;
  }
  return gather();
}

bool LinkCarrier::idle() const {
  return phase_ == Phase::following && !in_flight_ && outbox_.empty() &&
         carried_position() >= producer_.settled_position();
}

/// What an earlier carrier handed over settles before what is handed over now.
bool LinkCarrier::wait_for_earlier_ones() {
  outbox_.push_back({});
  submit();
  return true;
}

void LinkCarrier::ask_what_was_told() {
  phase_ = Phase::asking;
  consumer_.query([answers = answers_, links = links_](const SettledState& state) {
    answers->give(&Answers::told, told_in_memory(state, links));
  });
}

/// What one position had to say may have been told in part, so that position is gone through again.
bool LinkCarrier::take_what_was_told() {
  auto told = answers_->take(&Answers::told);
  if (!told) return false;
  if (const auto recalled = recall_told(consumer_, links_, *told); !recalled.ok()) {
    if (recalled.error().code == schema::ErrorCode::unavailable) {
      waits_ = true;
      answers_->give_back(&Answers::told, std::move(*told));
      return false;
    }
    warn(
        "what the other domain was told before its memory begins cannot be read, so neither can it be "
        "revised: " +
        recalled.error().text());
    for (std::size_t i = 0; i < links_.size(); ++i) {
      if (!told->by_link[i].empty()) courses_[i].leave_before(told->by_link[i].front().time);
    }
  }
  Position newest = 0;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    for (const Observation& each : told->by_link[i]) {
      newest = std::max<Position>(newest, each.sequence);
      courses_[i].restore(each.time, each.value);
    }
  }
  newest_told_ = newest;
  if (newest > producer_began_at_) {
    probe_.told_ahead.set(static_cast<std::int64_t>(newest));
    warn("the other domain has been told of position " + std::to_string(newest) +
         ", but this one has come no further than " + std::to_string(producer_began_at_) +
         "; what it settles up to there will be missing at the far end");
  }
  read_ = newest == 0 ? 0 : newest - 1;
  probe_.carried_position.set(static_cast<std::int64_t>(read_));
  phase_ = Phase::following;
  return true;
}

bool LinkCarrier::gather() {
  const ChangeFeed::Page page = producer_.changes().after(read_, kEpochsMax);
  if (page.oldest > read_) return gather_from_history(page.oldest);
  if (page.epochs.empty()) return false;
  for (const EpochChangesPtr& epoch : page.epochs) {
    take_in(*epoch);
    if (outbox_.size() > 1) break;
  }
  finish_position(read_);
  return true;
}

/// Only epochs that changed what is carried are read from the history.
bool LinkCarrier::gather_from_history(Position oldest) {
  const History* history = producer_.history();
  if (history == nullptr || history->bounds().complete < oldest) {
    const auto caught_up = history == nullptr ? Result<void>() : producer_.wait_for_history({});
    const bool will_come = !caught_up.ok() && caught_up.error().code == schema::ErrorCode::unavailable;
    if (will_come) {
      waits_ = true;
    } else {
      ask_producer();
    }
    return !will_come;
  }
  const HistoryBounds bounds = history->bounds();
  const Position complete = bounds.complete;
  // Gone through again only in case it was told in part, and told long ago.
  if (read_ + 1 == newest_told_ && newest_told_ <= bounds.dropped) read_ = newest_told_;
  std::set<Position> positions;
  Position cut = complete;  // beyond it not every link has been looked at
  for (const auto& [key, links] : by_attribute_) {
    const CrossingLink& link = links_[links.front()];
    std::size_t found = 0;
    const auto visited =
        history->visit({link.producer, link.attribute}, read_ + 1, complete, [&](const HistoryEntry& entry) {
          if (found == kEpochsMax && !positions.contains(entry.position)) {
            cut = std::min(cut, entry.position - 1);
            return false;
          }
          found += positions.insert(entry.position).second ? 1 : 0;
          return true;
        });
    if (!visited.ok()) {
      warn("its history cannot be read: " + visited.error().text());
      ask_producer();
      return true;
    }
  }
  for (const Position position : positions) {
    if (position > cut || outbox_.size() > 1) break;
    const auto epochs = history->epochs(position - 1, 1, 1);
    if (!epochs.ok() || epochs->empty()) {
      ask_producer();
      return true;
    }
    take_in(*epochs->front());
    cut = outbox_.size() > 1 ? position : cut;
  }
  read_ = std::max(read_, cut);
  finish_position(read_);
  return true;
}

/// What the far ends lack is no longer kept, but for what the producer's memory holds.
void LinkCarrier::ask_producer() {
  phase_ = Phase::asking_producer;
  producer_.query([answers = answers_, links = links_](const SettledState& state) {
    Answers::Course course{state.position(), {}};
    for (const CrossingLink& link : links) {
      course.versions.push_back(state.timeline(link.producer, link.attribute).versions());
    }
    answers->give(&Answers::course, std::move(course));
  });
}

bool LinkCarrier::resume_from_memory() {
  const auto course = answers_->take(&Answers::course);
  if (!course) return false;
  phase_ = Phase::following;
  probe_.resumed_from_memory.add();
  warn("the changes after its position " + std::to_string(read_) +
       " are no longer kept; what is held in memory is carried, up to position " +
       std::to_string(course->position) +
       ", and is right from where it begins; what changed before and has not been carried is missing there: "
       "keep more history (--history-age) if a domain may be behind for so long");
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const std::vector<Version>& versions = course->versions[i];
    for (std::size_t v = 0; v < versions.size(); ++v) {
      const EventTime to = v + 1 == versions.size() ? kNever : versions[v + 1].from;
      courses_[i].assign(versions[v].from, to, versions[v].value);
    }
    tell(i, course->position);
  }
  read_ = course->position;
  finish_position(read_);
  return true;
}

void LinkCarrier::take_in(const EpochChanges& epoch) {
  std::vector<std::size_t> touched;
  for (const Change& change : epoch.recorded()) {
    const auto found = by_attribute_.find(key_of(change.entity, change.attribute));
    if (found == by_attribute_.end()) continue;
    for (const std::size_t link : found->second) {
      courses_[link].assign(change.from, change.to, change.is);
      touched.push_back(link);
    }
  }
  read_ = epoch.position;
  std::ranges::sort(touched);
  const auto repeated = std::ranges::unique(touched);
  touched.erase(repeated.begin(), repeated.end());
  const schema::Source& source = consumer_.model().sources()[links_.front().source];
  for (const std::size_t link : touched) {
    tell(link, epoch.position);
    courses_[link].forget_before(schema::before(epoch.clock, source.allowed_lateness));
  }
}

void LinkCarrier::tell(std::size_t link, Position position) {
  const CrossingLink& to = links_[link];
  const std::string prefix = consumer_.model().id(to.link) + ":" + std::to_string(position) + ":";
  for (const Version& version : courses_[link].take_untold()) {
    schema::Event& event =
        filling_.add(prefix + std::to_string(version.from), version.from, to.source, to.link);
    event.sequence = position;
    event.values_count = 1;
    filling_.values.push_back({CrossingLink::kCarried, version.value});
    if (filling_.events.size() >= batch_events_max()) outbox_.push_back({std::exchange(filling_, {}), 0});
  }
}

/// All up to `position` is in the outbox.
void LinkCarrier::finish_position(Position position) {
  if (!filling_.events.empty()) outbox_.push_back({std::exchange(filling_, {}), 0});
  if (outbox_.empty()) {
    probe_.carried_position.set(static_cast<std::int64_t>(position));
  } else {
    outbox_.back().through = position;
  }
}

std::size_t LinkCarrier::batch_events_max() const {
  const std::int64_t queue = consumer_.probe().queue_events_max.value();
  return std::min<std::size_t>(kBatchEventsMax, static_cast<std::size_t>(std::max<std::int64_t>(queue, 1)));
}

void LinkCarrier::submit() {
  in_flight_ = true;
  consumer_.submit(outbox_.front().batch, [answers = answers_](Result<Receipt> receipt) {
    answers->give(&Answers::receipt, std::move(receipt));
  });
}

bool LinkCarrier::take_answer() {
  auto answer = answers_->take(&Answers::receipt);
  if (!answer) return false;
  in_flight_ = false;
  if (!answer->ok()) {
    probe_.refused.add();
    waits_ = true;
    if (phase_ == Phase::new_) outbox_.clear();
    const bool for_good = answer->error().code == schema::ErrorCode::io;
    if (for_good && !std::exchange(told_of_failure_, true)) {
      warn("the other domain takes no more, and this waits for its restart: " + answer->error().text());
    }
    return false;
  }
  take_outcomes((*answer)->outcomes);
  return true;
}

void LinkCarrier::take_outcomes(const std::vector<EventOutcome>& outcomes) {
  const Submitted done = std::move(outbox_.front());
  outbox_.pop_front();
  probe_.observations.add(outcomes.size());
  std::set<schema::EntityIndex> late;
  schema::EventBatch early;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const schema::Event& event = done.batch.events[i];
    if (outcomes[i] == EventOutcome::from_the_future) early.append(done.batch, event);
    const bool lost = outcomes[i] == EventOutcome::too_late || outcomes[i] == EventOutcome::refused;
    if (!lost) continue;
    late.insert(event.entity);
    probe_.too_late.add();
  }
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (!late.contains(links_[i].link)) continue;
    // The past there is final; the present must be right all the same.
    courses_[i].repeat(consumer_.clock());
    tell(i, std::max<Position>(read_, 1));
  }
  if (!late.empty()) {
    warn(
        "what it carries arrived later than the other domain can revise; its past misses changes, its "
        "present "
        "is right. The domains are more than " +
        schema::format_duration(schema::kCarriageSlack) + " apart: is one of them overloaded?");
    if (!filling_.events.empty()) outbox_.push_front({std::exchange(filling_, {}), done.through});
  }
  if (!early.events.empty()) {
    outbox_.push_front({std::move(early), late.empty() ? done.through : Position{0}});
    waits_ = true;
  }
  if (late.empty() && early.events.empty() && done.through != 0) {
    probe_.carried_position.set(static_cast<std::int64_t>(done.through));
  }
}

void LinkCarrier::warn(const std::string& what) const {
  if (warn_) warn_(name() + ": " + what);
}

std::string LinkCarrier::name() const {
  return "links from domain '" + producer_.model().domain_name(0) + "' to '" +
         consumer_.model().domain_name(0) + "'";
}

void LinkCarrier::check_invariants() const {
  for (const CarriedCourse& course : courses_) course.check_invariants();
  POLLUX_ASSERT(carried_position() <= read_, "nothing is carried before it is read");
}

std::vector<std::vector<CrossingLink>> routes_of(const schema::DividedModel& divided) {
  std::map<std::pair<schema::DomainIndex, schema::DomainIndex>, std::vector<CrossingLink>> routes;
  for (const CrossingLink& link : divided.links) routes[{link.from, link.to}].push_back(link);
  std::vector<std::vector<CrossingLink>> result;
  for (auto& [between, links] : routes) result.push_back(std::move(links));
  return result;
}

}  // namespace pollux::actors
