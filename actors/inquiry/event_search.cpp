#include "actors/inquiry/event_search.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

namespace pollux::actors {

using schema::EpochRecord;
using schema::Event;
using schema::EventKey;
using schema::EventTime;
using schema::Model;
using schema::Position;
using schema::Result;

namespace {

/// An attribute at a time, and who in the explanation asks for it.
struct Sought {
  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
  EventTime time = 0;
  schema::Value value;
  bool stale = false;  ///< The event said it when it was fresh.
  std::vector<Cause*> causes;

  /// The first event that fits, and those that fit and did not stand.
  std::optional<EventReference> found;
  EventKey key;
  std::vector<EventKey> withdrawn;
  std::optional<EventReference> first_withdrawn;

  bool fits(const schema::ReportedValue& reported) const {
    if (reported.attribute != attribute) return false;
    return stale ? reported.value.bits == value.bits : reported.value == value;
  }
};

class Search {
 public:
  Search(const Journal& journal, const Model& model, const SearchBounds& bounds)
      : journal_(journal), model_(model), bounds_(bounds) {}

  Result<void> run(Explanation& explanation, const Standing& standing) {
    collect(explanation.cause);
    std::ranges::sort(sought_, {}, &Sought::time);
    const std::size_t wanted = sought_.size();
    sought_.resize(std::min(wanted, bounds_.events));
    // Rarely more than one round: only where what was found has been withdrawn.
    do {
      if (auto found = find_all(); !found.ok()) return found.error();
    } while (!set_aside_withdrawn(standing));
    bool all_named = sought_.size() == wanted;
    for (Sought& sought : sought_) {
      // The state says that something stood there. What is being withdrawn while this looks is what did.
      const auto& event = sought.found ? sought.found : sought.first_withdrawn;
      all_named &= event.has_value();
      for (Cause* cause : sought.causes) cause->event = event;
    }
    explanation.events_truncated = !all_named;
    return {};
  }

 private:
  void collect(Cause& cause) {
    if (cause.event_time != schema::kNever) {
      const auto same = std::ranges::find_if(sought_, [&](const Sought& each) {
        return each.entity == cause.entity && each.attribute == cause.state.attribute;
      });
      if (same == sought_.end()) {
        sought_.push_back({cause.entity,
                           cause.state.attribute,
                           cause.event_time,
                           cause.state.value,
                           cause.origin == Origin::timer,
                           {&cause},
                           {},
                           {},
                           {},
                           {}});
      } else {
        same->causes.push_back(&cause);
      }
    }
    for (Cause& input : cause.inputs) collect(input);
  }

  Result<void> find_all() {
    for (const Sought& sought : sought_) {
      if (sought.found || exhausted()) continue;
      auto first = first_with_clock(sought.time);
      if (!first.ok()) return first.error();
      if (auto read = read_from(*first, sought); !read.ok()) return read.error();
    }
    return {};
  }

  bool exhausted() const {
    return records_read_ >= bounds_.records_read || events_read_ >= bounds_.events_read;
  }

  /// Reads on until it is found, and takes along whatever else is met.
  Result<void> read_from(Position first, const Sought& until) {
    return journal_.read(first, [&](EpochRecord& record) {
      if (exhausted() || record.position > bounds_.known) return false;
      look_through(record);
      return !until.found.has_value();
    });
  }

  void look_through(const EpochRecord& record) {
    ++records_read_;
    events_read_ += record.events.events.size();
    for (const Event& event : record.events.events) {
      const auto begin = std::ranges::lower_bound(sought_, event.time, {}, &Sought::time);
      for (auto each = begin; each != sought_.end() && each->time == event.time; ++each) {
        if (!each->found && each->entity == event.entity) take(record, event, *each);
      }
    }
  }

  void take(const EpochRecord& record, const Event& event, Sought& sought) const {
    const auto values = record.events.values_of(event);
    if (std::ranges::none_of(values, [&](const auto& reported) { return sought.fits(reported); })) return;
    const EventKey key = schema::event_key(record.events, event, model_);
    if (std::ranges::find(sought.withdrawn, key) != sought.withdrawn.end()) return;
    sought.key = key;
    sought.found =
        EventReference{std::string(record.events.source_name(event, model_)),
                       std::string(record.events.id(event)), event.time, record.position, event.kind};
  }

  /// True where all that was found stands.
  bool set_aside_withdrawn(const Standing& standing) {
    std::vector<Sought*> fresh;
    std::vector<EventKey> keys;
    Position first = bounds_.known;
    for (Sought& sought : sought_) {
      if (!sought.found || sought.key == EventKey{}) continue;
      first = std::min(first, sought.found->position);
      fresh.push_back(&sought);
      keys.push_back(sought.key);
    }
    const std::vector<bool> stands = keys.empty() ? std::vector<bool>() : standing(keys, first);
    bool all = true;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      Sought& sought = *fresh[i];
      if (!stands[i]) {
        all = false;
        sought.withdrawn.push_back(sought.key);
        if (!sought.first_withdrawn) sought.first_withdrawn = sought.found;
        sought.found.reset();
      }
      sought.key = {};  // asked about
    }
    return all || exhausted();
  }

  /// Position of the first record whose clock is not before `time`; the one after the last where there is
  /// none.
  Result<Position> first_with_clock(EventTime time) {
    const Position first = journal_.first_position();
    const Position last = std::min(journal_.last_position(), bounds_.known);
    // Mostly it is a recent one: back in doubling steps, then bisection.
    Position reaches = last + 1;  // has such a clock, or is beyond the end
    Position below = last + 1;
    for (Position step = 1; below > first; step *= 2) {
      below = below > first + step ? below - step : first;
      auto clock = clock_at(below);
      if (!clock.ok()) return clock.error();
      if (*clock < time) break;
      reaches = below;
    }
    while (reaches > below + 1) {
      const Position middle = below + (reaches - below) / 2;
      auto clock = clock_at(middle);
      if (!clock.ok()) return clock.error();
      (*clock < time ? below : reaches) = middle;
    }
    return reaches;
  }

  Result<EventTime> clock_at(Position position) {
    if (const auto known = clocks_.find(position); known != clocks_.end()) return known->second;
    EventTime clock = schema::kNever;
    auto read = journal_.read(position, [&](EpochRecord& record) {
      ++records_read_;
      events_read_ += record.events.events.size();
      clock = record.clock;
      return false;
    });
    if (!read.ok()) return read.error();
    clocks_.emplace(position, clock);
    return clock;
  }

  const Journal& journal_;
  const Model& model_;
  const SearchBounds bounds_;
  std::vector<Sought> sought_;  // by time
  tsl::robin_map<Position, EventTime> clocks_;
  std::size_t records_read_ = 0;
  std::size_t events_read_ = 0;
};

/// What corrections and retractions in a part of the journal say of others.
class Withdrawals {
 public:
  void take_in(const EpochRecord& record, const Model& model) {
    const schema::EventBatch& batch = record.events;
    for (const Event& event : batch.events) {
      if (event.kind == schema::EventKind::observe) continue;
      namers_[schema::named_key(batch, event, model)].push_back(
          {schema::event_key(batch, event, model), event.kind == schema::EventKind::retract});
    }
  }

  /// A correction keeps what it names from standing unless it is retracted itself.
  bool stands(const EventKey& key) const {
    const auto found = namers_.find(key);
    if (found == namers_.end()) return true;
    return std::ranges::none_of(
        found->second, [&](const Namer& namer) { return namer.retracts || !is_retracted(namer.key); });
  }

 private:
  struct Namer {
    EventKey key;
    bool retracts = false;
  };
  bool is_retracted(const EventKey& key) const {
    const auto found = namers_.find(key);
    return found != namers_.end() && std::ranges::any_of(found->second, &Namer::retracts);
  }

  tsl::robin_map<EventKey, std::vector<Namer>, schema::EventKeyHash> namers_;
};

}  // namespace

Standing standing_as_known(const Journal& journal, const Model& model, const SearchBounds& bounds) {
  return [&journal, &model, bounds](const std::vector<EventKey>& keys, Position first) {
    Withdrawals withdrawals;
    std::size_t records = 0;
    // What cannot be read has been reported by the search itself, which read it first.
    journal
        .read(first,
              [&](EpochRecord& record) {
                if (record.position > bounds.known || records++ >= bounds.records_read) return false;
                withdrawals.take_in(record, model);
                return true;
              })
        .ok();
    std::vector<bool> stands;
    for (const EventKey& key : keys) stands.push_back(withdrawals.stands(key));
    return stands;
  };
}

Result<void> name_events(const Journal& journal, const Model& model, const Standing& standing,
                         Explanation& explanation, const SearchBounds& bounds) {
  return Search(journal, model, bounds).run(explanation, standing);
}

}  // namespace pollux::actors
