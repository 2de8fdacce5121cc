// The recent versions of one attribute, by event time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "actors/propagation/block_directory.h"
#include "schema/history.h"
#include "schema/prefetch.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::actors {

using schema::Version;

/// The versions of an attribute as they are read. Refers to them.
class TimelineView {
 public:
  explicit TimelineView(const schema::History& versions) : versions_(versions) {}

  /// A copy of them all.
  std::vector<Version> versions() const { return {versions_.begin(), versions_.end()}; }
  const Version& first() const { return versions_.front(); }
  const Version& last() const { return versions_.back(); }
  /// The version in effect at a time.
  const Version& version_at(schema::EventTime time) const { return versions_.at(time); }
  const schema::Value& at(schema::EventTime time) const { return version_at(time).value; }

 private:
  schema::History versions_;
};

/// A step function of event time: versions in ascending order, neighbours always different, so that equal
/// functions have equal versions. Never empty. Not thread-safe.
///
/// One version is stored in place, some lie together on the heap, of many only the newest: what is older lies
/// in blocks, so that a change far back moves the versions of one block, not all that came since.
class Timeline {
 public:
  using Place = schema::History::Place;

  /// Versions that lie together at most. Of less, looking up the block would cost more than moving its
  /// versions; tests want blocks in short pasts, too.
#ifdef POLLUX_BLOCK_VERSIONS
  static constexpr std::uint32_t kBlock = POLLUX_BLOCK_VERSIONS;
#else
  static constexpr std::uint32_t kBlock = 2048;
#endif
  /// The same before there are blocks.
  static constexpr std::uint32_t kAlone = kBlock - 1;

  /// Holds `initial` from the beginning.
  explicit Timeline(const schema::Value& initial = {});
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  schema::History versions() const {
    return {older_blocks(), newest_block()};
  }
  const Version& last() const {
    return data()[begin_ + size_ - 1];
  }
  const Version& operator[](Place place) const {
    return in_blocks() ? versions()[place] : data()[begin_ + place.index];
  }

  /// The version in effect at `time`; the first one where all are later (the earlier past is forgotten).
  Place place_at(schema::EventTime time) const {
    const Place later = time == schema::kNever ? behind() : first_from(time + 1);
    return later == Place{} ? later : before(later);
  }
  const schema::Value& at(schema::EventTime time) const {
    return (*this)[place_at(time)].value;
  }

  /// A version, and those after it that lie together with it, up to `end`.
  struct Stretch {
    const Version* at;
    const Version* end;
    std::uint32_t block;
  };
  /// The same version as `place_at`, and what comes after it.
  Stretch from_place_at(schema::EventTime time) const {
    if (in_blocks() && time < on_heap_.older->newest_from()) return stretch(place_at(time));
    const auto all = newest_block();
    const std::size_t later =
        newest() <= time ? size_ : schema::first_at_least_near(all, near(time), time + 1, &Version::from);
    return {all.data() + (later == 0 ? 0 : later - 1), all.data() + size_, older_count()};
  }
  /// REQUIRES: not `versions().behind()`.
  Stretch stretch(Place place) const {
    const auto together = versions().block(place.block);
    return {together.data() + place.index, together.data() + together.size(), place.block};
  }
  /// Whether any version comes after those of a block.
  bool has_more_after(std::uint32_t block) const {
    return in_blocks() && block < older_count();
  }

  /// The first version with `from >= time`; `versions().behind()` when there is none.
  Place first_from(schema::EventTime time) const {
    if (newest() < time) return behind();
    if (in_blocks() && time < on_heap_.older->newest_from()) return first_from_older(time);
    const std::size_t i = schema::first_at_least_near(newest_block(), near(time), time, &Version::from);
    return {older_count(), static_cast<std::uint32_t>(i)};
  }
  /// REQUIRES: not the first one.
  Place before(Place place) const {
    return place.index > 0 ? Place{place.block, place.index - 1} : versions().before(place);
  }

  /// Asks for the memory around `time`, to be read soon: of three versions, which lie in two lines.
  void fetch(schema::EventTime time) const {
    if (capacity_ == 1) return;
    if (in_blocks() && time < on_heap_.older->newest_from()) return fetch_older(time);
    const Version* guess = data() + begin_ + near(time);
    schema::prefetch(guess == data() ? guess : guess - 1);
    schema::prefetch(guess + 1);
  }
  /// Before that, for what it will read.
  void fetch_directory() const {
    if (in_blocks()) BlockDirectory::fetch(on_heap_.older);
  }
  /// Asks for the memory of the next version, to be written soon.
  void fetch_end() const {
    schema::prefetch_to_write(data() + begin_ + size_);
  }

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
  bool full() const {
    return begin_ + size_ == capacity_;
  }
  /// Makes room for one version more; drops what lies before `horizon` where that helps.
  void make_room(schema::EventTime horizon);

  /// Makes the function `fresh` from version `first` on to `to`, which may be `kNever`, and leaves it as it
  /// is elsewhere. Appends the versions that stood there to `removed`. REQUIRES: `first` is `first_from` the
  /// beginning of what is rewritten, and not the first one; `fresh` lies between that and `to`, ascends, and
  /// its neighbours and the version before differ.
  void splice(Place first, schema::EventTime to, std::span<const Version> fresh,
              std::vector<Version>& removed, schema::EventTime horizon = schema::kBeginning);

  /// Becomes these versions, whatever it was. REQUIRES: there is one at least; they ascend, and neighbours
  /// differ.
  void restore(const schema::History& versions);

  /// Drops what lies before the version in effect just before `horizon`.
  void forget_before(schema::EventTime horizon);
  /// The same, and gives back memory that is then of no use.
  void shrink_to(schema::EventTime horizon);

  /// Takes back versions that were dropped. REQUIRES: they lie before all that are held, ascend, and
  /// neighbours differ, the last one and the first one held among them.
  void bring_back(std::span<const Version> older);

  void check_invariants() const;

 private:
  using Block = schema::VersionBlock;
  struct OnHeap {
    Version* data;
    schema::EventTime newest;  // when the last version begins, known without a look at it
    BlockDirectory* older;     // of use only where `in_blocks`
  };
  /// Of versions that lie together, those that go, [first, tail), and what comes in their place.
  struct Cut {
    std::size_t first;
    std::size_t tail;
    std::span<const Version> fresh;
    bool needed;    // after what is fresh, one that says as it was before
    Version after;  // which is this

    std::size_t put() const { return fresh.size() + needed; }
    void write(Version* to) const;
  };

  const Version* data() const {
    return capacity_ == 1 ? &in_place_ : on_heap_.data;
  }
  Version* data() {
    return capacity_ == 1 ? &in_place_ : on_heap_.data;
  }
  std::span<const Version> newest_block() const {
    return {data() + begin_, size_};
  }
  /// Whether it has a block for its newest versions, and may have older ones.
  bool in_blocks() const {
    return capacity_ == kBlock;
  }
  std::span<const Block> older_blocks() const {
    return in_blocks() ? std::as_const(*on_heap_.older).blocks() : std::span<const Block>();
  }
  std::uint32_t older_count() const {
    return in_blocks() ? on_heap_.older->count() : 0;
  }
  Place behind() const {
    return {older_count(), size_};
  }

  schema::EventTime newest() const {
    return capacity_ == 1 ? in_place_.from : on_heap_.newest;
  }
  void note_newest() {
    if (capacity_ > 1) on_heap_.newest = last().from;
  }
  /// An index into the newest block close to that of the version in effect at `time`.
  std::size_t near(schema::EventTime time) const {
    if (capacity_ == 1) return 0;
    const double back =
        (static_cast<double>(on_heap_.newest) - static_cast<double>(time)) * static_cast<double>(pace_);
    return back < size_ - 1 ? size_ - 1 - static_cast<std::size_t>(std::max(back, 0.0) + 0.5) : 0;
  }
  void count_pace();
  Place first_from_older(schema::EventTime time) const;
  void fetch_older(schema::EventTime time) const;
  std::size_t older_block_before(schema::EventTime time) const;
  std::size_t near_in(std::size_t block, schema::EventTime time) const;

  void reserve(std::uint32_t versions);
  void seal();
  Place drop_before(schema::EventTime horizon);
  void splice_across(Place first, schema::EventTime to, std::span<const Version> fresh,
                     std::vector<Version>& removed);
  static Cut cut_out(std::span<const Version> together, std::size_t first, schema::EventTime to,
                     std::span<const Version> fresh, std::vector<Version>& removed);
  static std::vector<Version> replaced(std::span<const Version> together, const Cut& cut);
  bool replace_in_newest(const Cut& cut);
  bool replace_in_older(Block& block, const Cut& cut);
  void rebuild(std::uint32_t first, std::uint32_t last, std::vector<Version> contents);
  void set_newest(std::span<const Version> contents, std::uint32_t capacity);
  void note_oldest_of_newest();
  void drop_older();
  void clear();

  union {
    Version in_place_;
    OnHeap on_heap_;
  };
  std::uint32_t begin_ = 0;  // of the newest block, as are the next two
  std::uint32_t size_ = 1;
  std::uint32_t capacity_ = 1;
  float pace_ = 0;  // its versions a nanosecond when last counted, to guess where a time lies
};

}  // namespace pollux::actors
