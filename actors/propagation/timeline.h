// The recent versions of one attribute, by event time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "schema/history.h"
#include "schema/prefetch.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::actors {

using schema::Version;

/// The versions of an attribute as they are read. Refers to them.
class TimelineView {
 public:
  explicit TimelineView(std::span<const Version> versions) : versions_(versions) {}

  std::span<const Version> versions() const { return versions_; }
  const Version& last() const { return versions_.back(); }
  std::size_t index_at(schema::EventTime time) const { return schema::index_at(versions_, time); }
  const schema::Value& at(schema::EventTime time) const { return versions_[index_at(time)].value; }

 private:
  std::span<const Version> versions_;
};

/// A step function of event time: versions in ascending order, neighbours always different, so that equal
/// functions have equal versions. Never empty. One version is stored in place; more go to the heap. Not
/// thread-safe.
class Timeline {
 public:
  /// Holds `initial` from the beginning.
  explicit Timeline(const schema::Value& initial = {});
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  std::span<const Version> versions() const { return {data() + begin_, size_}; }
  const Version& last() const { return data()[begin_ + size_ - 1]; }

  /// Index into `versions()` of the version in effect at `time`; 0 when all are later (the earlier past is
  /// forgotten).
  std::size_t index_at(schema::EventTime time) const {
    const std::size_t later = time == schema::kNever ? size_ : first_from(time + 1);
    return later == 0 ? 0 : later - 1;
  }
  const schema::Value& at(schema::EventTime time) const { return versions()[index_at(time)].value; }

  /// Index of the first version with `from >= time`; `versions().size()` when there is none.
  std::size_t first_from(schema::EventTime time) const {
    return newest() < time ? size_
                           : schema::first_at_least_near(versions(), near(time), time, &Version::from);
  }
  /// The same where `near` is an index close to it. REQUIRES: `near < versions().size()`.
  std::size_t first_from(schema::EventTime time, std::size_t near) const {
    return schema::first_at_least_near(versions(), near, time, &Version::from);
  }

  /// Asks for the memory around `time`, to be read soon: of three versions, which lie in two lines.
  void fetch(schema::EventTime time) const {
    if (size_ == 1) return;
    const Version* guess = data() + begin_ + near(time);
    schema::prefetch(guess == data() ? guess : guess - 1);
    schema::prefetch(guess + 1);
  }
  /// Asks for the memory of the next version, to be written soon.
  void fetch_end() const { schema::prefetch_to_write(data() + begin_ + size_); }

  /// Lets `value` hold from `from` on. False, and nothing changes, where it holds already. What lies before
  /// the version in effect just before `horizon` may be dropped to make room. REQUIRES: `from > last().from`,
  /// or `from == last().from == kBeginning`, which replaces the initial version.
  bool append(schema::EventTime from, const schema::Value& value,
              schema::EventTime horizon = schema::kBeginning);

  /// The same for a value known to be another than the newest, later than every version: only writes.
  /// REQUIRES: not `full()`.
  void append_other(schema::EventTime from, const schema::Value& value) {
    Version& version = data()[begin_ + size_++];
    version.from = from;
    version.value = value;
    on_heap_.newest = from;
  }
  bool full() const { return begin_ + size_ == capacity_; }
  /// Makes room for so many versions more; drops what lies before `horizon` where that helps.
  void make_room(std::uint32_t versions, schema::EventTime horizon);

  /// Makes the function `fresh` from version `first` on to `to`, which may be `kNever`, and leaves it as it
  /// is elsewhere. Appends the versions that stood there to `removed`. REQUIRES: `first` is `first_from` the
  /// beginning of what is rewritten, and not 0; `fresh` lies between that and `to`, ascends, and its
  /// neighbours and the version before differ.
  void splice(std::size_t first, schema::EventTime to, std::span<const Version> fresh,
              std::vector<Version>& removed, schema::EventTime horizon = schema::kBeginning);

  /// Becomes these versions, whatever it was. REQUIRES: there is one at least; they ascend, and neighbours
  /// differ.
  void restore(std::span<const Version> versions);

  /// Drops what lies before the version in effect just before `horizon`.
  void forget_before(schema::EventTime horizon);
  /// The same, and gives back memory that is then of no use.
  void shrink_to(schema::EventTime horizon);

  /// Takes back versions that were dropped. REQUIRES: they lie before all that are held, ascend, and
  /// neighbours differ, the last one and the first one held among them.
  void bring_back(std::span<const Version> older);

  void check_invariants() const;

 private:
  struct OnHeap {
    Version* data;
    schema::EventTime newest;  // when the last version begins, known without a look at it
    double pace;               // versions a nanosecond when last counted, to guess where a time lies
  };

  const Version* data() const { return capacity_ == 1 ? &in_place_ : on_heap_.data; }
  Version* data() { return capacity_ == 1 ? &in_place_ : on_heap_.data; }
  schema::EventTime newest() const { return capacity_ == 1 ? in_place_.from : on_heap_.newest; }
  /// An index close to that of the version in effect at `time`.
  std::size_t near(schema::EventTime time) const {
    if (capacity_ == 1) return 0;
    const double back = static_cast<double>(on_heap_.newest - time) * on_heap_.pace;
    return back < size_ - 1 ? size_ - 1 - static_cast<std::size_t>(std::max(back, 0.0)) : 0;
  }
  void note_newest() {
    if (capacity_ > 1) on_heap_.newest = last().from;
  }
  void count_pace();
  void splice_at(std::size_t first, std::size_t tail, std::span<const Version> fresh, bool needed,
                 const Version& after);

  union {
    Version in_place_;
    OnHeap on_heap_;
  };
  std::uint32_t begin_ = 0;
  std::uint32_t size_ = 1;
  std::uint32_t capacity_ = 1;
};

}  // namespace pollux::actors
