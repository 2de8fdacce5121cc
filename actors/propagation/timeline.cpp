#include "actors/propagation/timeline.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::EventTime;
using schema::Value;

namespace {

void copy(std::span<const Version> from, Version* to) {
  std::ranges::copy(from, to);
}

void move(Version* to, const Version* from, std::size_t count) {
  if (to != from && count > 0) std::memmove(static_cast<void*>(to), from, count * sizeof(Version));
}

/// Of the newest half: what is older is asked for less, and the first version may be the beginning of time.
float pace_of(std::span<const Version> versions) {
  const std::size_t half = versions.size() / 2;
  const auto span = static_cast<double>(versions.back().from - versions[half].from);
  return span > 0 ? static_cast<float>(static_cast<double>(versions.size() - 1 - half) / span) : 0;
}

}  // namespace

Timeline::Timeline(const Value& initial) : in_place_{schema::kBeginning, initial} {}

Timeline::~Timeline() {
  clear();
}

void Timeline::clear() {
  drop_older();
  if (capacity_ > 1) delete[] on_heap_.data;
}

void Timeline::drop_older() {
  if (!in_blocks()) return;
  for (const Block& block : older_blocks()) delete[] block.memory;
  BlockDirectory::destroy(on_heap_.older);
}

bool Timeline::append(EventTime from, const Value& value, EventTime horizon) {
  Version& newest = data()[begin_ + size_ - 1];
  if (newest.value == value) return false;
  if (from == newest.from) {
    POLLUX_ASSERT(from == schema::kBeginning, "only the initial version may be replaced");
    newest.value = value;
    return true;
  }
  POLLUX_ASSERT(from > newest.from, "versions are appended in order");
  if (full()) make_room(horizon);
  append_other(from, value);
  return true;
}

void Timeline::make_room(EventTime horizon) {
  drop_before(horizon);
  if (capacity_ >= kAlone && begin_ < kBlock / 4) {
    seal();
  } else {
    reserve(size_ + 1);
  }
}

/// Makes room for so many in the newest block. Sliding down is enough where a quarter has been forgotten,
/// which keeps appending amortised O(1); to wait for more would have each round of the clock walk over more
/// memory. REQUIRES: no more than may lie there.
void Timeline::reserve(std::uint32_t versions) {
  if (begin_ + versions <= capacity_) return;
  if (begin_ > 0 && versions <= capacity_ && (begin_ >= capacity_ / 4 || capacity_ >= kAlone)) {
    move(on_heap_.data, on_heap_.data + begin_, size_);
    begin_ = 0;
    count_pace();
    return;
  }
  const std::uint32_t wanted = std::max(capacity_ == 1 ? 4 : capacity_ + capacity_ / 2, versions);
  set_newest(newest_block(), std::min(wanted, kAlone));
}

/// Makes the newest block an older one, but for a last quarter: late versions, most of which are not very
/// late, then find room in either.
void Timeline::seal() {
  constexpr std::uint32_t kLeft = kBlock / 4;
  count_pace();
  const Version* const left = data() + begin_ + size_ - kLeft;
  auto* const fresh = new Version[kBlock];
  std::copy_n(left, kLeft, fresh);
  const Block block{data()[begin_].from, on_heap_.data, begin_, size_ - kLeft, pace_};
  const std::uint32_t count = older_count();
  on_heap_.older = BlockDirectory::replace(in_blocks() ? on_heap_.older : nullptr, count, count, {&block, 1});
  on_heap_.older->set_newest_from(fresh->from);
  on_heap_.data = fresh;
  capacity_ = kBlock;
  begin_ = 0;
  size_ = kLeft;
}

/// The newest block becomes these versions, which may be part of it. REQUIRES: the capacity is kBlock where
/// there is a directory, which stays, and less where there is none.
void Timeline::set_newest(std::span<const Version> contents, std::uint32_t capacity) {
  auto* fresh = new Version[capacity];
  copy(contents, fresh);
  if (capacity_ > 1) delete[] on_heap_.data;
  on_heap_.data = fresh;
  begin_ = 0;
  size_ = static_cast<std::uint32_t>(contents.size());
  capacity_ = capacity;
  count_pace();
}

void Timeline::count_pace() {
  note_newest();
  pace_ = pace_of(newest_block());
}

void Timeline::note_oldest_of_newest() {
  if (in_blocks())
    on_heap_.older->set_newest_from(older_count() > 0 ? data()[begin_].from : schema::kBeginning);
}

/// The number of older blocks that begin before a time.
std::size_t Timeline::older_block_before(EventTime time) const {
  const auto blocks = older_blocks();
  return schema::first_at_least_near(blocks, blocks.size() - 1, time, &Block::from);
}

/// Where in an older block a time lies if its versions are evenly spaced.
std::size_t Timeline::near_in(std::size_t block, EventTime time) const {
  const Block& it = older_blocks()[block];
  const double back = (static_cast<double>(on_heap_.older->end_of(block)) - static_cast<double>(time)) *
                      static_cast<double>(it.pace);
  return back + 1 < it.size ? it.size - std::max<std::size_t>(static_cast<std::size_t>(back + 0.5), 1) : 0;
}

Timeline::Place Timeline::first_from_older(EventTime time) const {
  const auto later = static_cast<std::uint32_t>(older_block_before(time));
  if (later == 0) return {};
  const auto versions = older_blocks()[later - 1].versions();
  const std::size_t i = schema::first_at_least_near(versions, near_in(later - 1, time), time, &Version::from);
  return i < versions.size() ? Place{later - 1, static_cast<std::uint32_t>(i)} : Place{later, 0};
}

void Timeline::fetch_older(EventTime time) const {
  const std::size_t later = older_block_before(time);
  const std::size_t i = later == 0 ? 0 : later - 1;
  const Block& block = older_blocks()[i];
  const Version* guess = block.versions().data() + near_in(i, time);
  schema::prefetch(guess == block.memory ? guess : guess - 1);
  schema::prefetch(guess + 1);
}

void Timeline::splice(Place first, EventTime to, std::span<const Version> fresh,
                      std::vector<Version>& removed, EventTime horizon) {
  if (begin_ + size_ + fresh.size() >= capacity_) {
    const Place dropped = drop_before(horizon);
    POLLUX_ASSERT(dropped < first, "what is rewritten lies behind the horizon");
    first.block -= dropped.block;
    if (first.block == 0) first.index -= dropped.index;
  }
  POLLUX_ASSERT(first != Place{}, "a timeline is never cut down to nothing");
  Block* const older = first.block == older_count() ? nullptr : &on_heap_.older->blocks()[first.block];
  if (first.index == 0 || (older != nullptr && to >= on_heap_.older->end_of(first.block)))
    return splice_across(first, to, fresh, removed);
  const auto together = older == nullptr ? newest_block() : older->versions();
  const Cut cut = cut_out(together, first.index, to, fresh, removed);
  if (cut.put() == 0 && cut.tail == cut.first) return;
  if (older == nullptr ? replace_in_newest(cut) : replace_in_older(*older, cut)) return;
  rebuild(first.block, first.block, replaced(together, cut));
}

/// The same over blocks' ends.
void Timeline::splice_across(Place first, EventTime to, std::span<const Version> fresh,
                             std::vector<Version>& removed) {
  const std::uint32_t begin = first.index == 0 ? first.block - 1 : first.block;
  const std::uint32_t end = to == schema::kNever ? older_count() : first_from(to).block;
  std::vector<Version> together;
  for (std::uint32_t block = begin; block <= end; ++block) {
    if (block == first.block && first.index == 0) first.index = static_cast<std::uint32_t>(together.size());
    const auto part = versions().block(block);
    together.insert(together.end(), part.begin(), part.end());
  }
  rebuild(begin, end, replaced(together, cut_out(together, first.index, to, fresh, removed)));
}

/// What `splice` comes to where it concerns only versions that lie together.
inline Timeline::Cut Timeline::cut_out(std::span<const Version> together, std::size_t first, EventTime to,
                                       std::span<const Version> fresh, std::vector<Version>& removed) {
  const std::size_t size = together.size();
  const bool to_the_end = to == schema::kNever || first == size;
  const std::size_t end =
      to_the_end ? size : schema::first_at_least_near(together, first, to, &Version::from);
  removed.insert(removed.end(), together.begin() + static_cast<std::ptrdiff_t>(first),
                 together.begin() + static_cast<std::ptrdiff_t>(end));
  // From `to` on everything is as before: a version there may have become needless, or needed.
  const Value& was_in_effect = together[end - 1].value;
  const Value& now_in_effect = fresh.empty() ? together[first - 1].value : fresh.back().value;
  const bool stands_at_to = end < size && together[end].from == to;
  const bool needless = stands_at_to && together[end].value == now_in_effect;
  const bool needed = to != schema::kNever && !stands_at_to && was_in_effect != now_in_effect &&
                      !POLLUX_PLANTED(splice_drops_what_follows);
  const bool one_more = needless || (POLLUX_PLANTED(splice_takes_one_more) && stands_at_to);
  return {first, end + one_more, fresh, needed, {to, was_in_effect}};
}

/// Part by part, as they have just been written: see entity_revise.cpp.
inline void Timeline::Cut::write(Version* to) const {
  for (const Version& version : fresh) {
    to->from = version.from;
    to->value = version.value;
    ++to;
  }
  if (needed) *to = after;
}

std::vector<Version> Timeline::replaced(std::span<const Version> together, const Cut& cut) {
  const auto tail = together.subspan(cut.tail);
  std::vector<Version> all(cut.first + cut.put() + tail.size());
  copy(together.first(cut.first), all.data());
  cut.write(all.data() + cut.first);
  copy(tail, all.data() + cut.first + cut.put());
  return all;
}

/// False, and nothing has happened, where it does not fit.
inline bool Timeline::replace_in_newest(const Cut& cut) {
  const std::size_t size = size_ - (cut.tail - cut.first) + cut.put();
  if (begin_ + size > capacity_) {
    if (size > std::max(capacity_, kAlone)) return false;
    reserve(static_cast<std::uint32_t>(size));
  }
  Version* const at = data() + begin_ + cut.first;
  move(at + cut.put(), data() + begin_ + cut.tail, size_ - cut.tail);
  cut.write(at);
  size_ = static_cast<std::uint32_t>(size);
  note_newest();
  return true;
}

/// The same, and where too few would be left.
bool Timeline::replace_in_older(Block& block, const Cut& cut) {
  const std::size_t size = block.size - (cut.tail - cut.first) + cut.put();
  constexpr std::uint32_t kFew = kBlock / 8;
  if (block.begin + size > kAlone || (size < kFew && size < block.size)) return false;
  Version* const at = block.memory + block.begin + cut.first;
  move(at + cut.put(), block.memory + block.begin + cut.tail, block.size - cut.tail);
  cut.write(at);
  if (block.size != size) {
    block.size = static_cast<std::uint32_t>(size);
    block.pace = pace_of(block.versions());
  }
  return true;
}

/// Puts these versions in the place of the blocks [first, last], cut into blocks with room for more. What
/// comes to few takes in the block after it. REQUIRES: there are some.
void Timeline::rebuild(std::uint32_t first, std::uint32_t last, std::vector<Version> contents) {
  constexpr std::size_t kFill = kBlock * 3 / 4;
  if (contents.size() < kFill / 2 && last < older_count()) {
    const auto next = versions().block(++last);
    contents.insert(contents.end(), next.begin(), next.end());
  }
  const bool newest_too = last == older_count();
  const std::size_t pieces = contents.size() <= kAlone ? 1 : (contents.size() + kFill - 1) / kFill;
  const std::span<const Version> all(contents);
  std::vector<Block> cut;
  std::size_t done = 0;
  for (std::size_t i = 0; i + newest_too < pieces; ++i) {
    const auto piece = all.subspan(done, contents.size() * (i + 1) / pieces - done);
    cut.push_back({piece.front().from, new Version[kBlock], 0, static_cast<std::uint32_t>(piece.size()),
                   pace_of(piece)});
    copy(piece, cut.back().memory);
    done += piece.size();
  }
  const std::uint32_t end = newest_too ? last : last + 1;
  for (std::uint32_t i = first; i < end; ++i) delete[] older_blocks()[i].memory;
  BlockDirectory* older = in_blocks() ? on_heap_.older : nullptr;
  if (older != nullptr || !cut.empty()) older = BlockDirectory::replace(older, first, end, cut);
  if (newest_too) {
    const auto piece = all.subspan(done);
    const auto alone = std::min(std::max<std::uint32_t>(4, piece.size()), kAlone);
    set_newest(piece, older != nullptr ? kBlock : alone);
  }
  if (older != nullptr) on_heap_.older = older;
  note_oldest_of_newest();
}

void Timeline::restore(const schema::History& versions) {
  clear();
  capacity_ = size_ = 1;
  begin_ = 0;
  in_place_ = versions.front();
  const auto oldest = versions.block(0);
  if (versions.blocks() == 1 && oldest.size() == 1) return;
  if (versions.blocks() == 1 && oldest.size() <= kAlone) {
    set_newest(oldest, static_cast<std::uint32_t>(oldest.size()));
  } else {
    rebuild(0, 0, {versions.begin(), versions.end()});
  }
}

void Timeline::forget_before(EventTime horizon) {
  drop_before(horizon);
}

/// Returns how many blocks were dropped, and of the first one left, how many versions.
Timeline::Place Timeline::drop_before(EventTime horizon) {
  Place dropped;
  if (older_count() > 0) {
    BlockDirectory& older = *on_heap_.older;
    while (dropped.block < older.count() && older.end_of(dropped.block) < horizon)
      delete[] older.blocks()[dropped.block++].memory;
    on_heap_.older = BlockDirectory::replace(&older, 0, dropped.block, {});
    note_oldest_of_newest();
    if (older.count() > 0) {
      Block& block = older.blocks().front();
      const std::size_t later = schema::first_at_least(block.versions(), horizon, &Version::from);
      dropped.index = static_cast<std::uint32_t>(later > 0 ? later - 1 : 0);
      block.begin += dropped.index;
      block.size -= dropped.index;
      block.from = block.memory[block.begin].from;
      return dropped;
    }
  }
  if (size_ == 1 || data()[begin_ + 1].from >= horizon) return dropped;
  const std::size_t later = newest() < horizon ? size_
                                               : schema::first_at_least_near(newest_block(), near(horizon),
                                                                             horizon, &Version::from);
  dropped.index = static_cast<std::uint32_t>(later - 1);
  begin_ += dropped.index;
  size_ -= dropped.index;
  return dropped;
}

void Timeline::shrink_to(EventTime horizon) {
  drop_before(horizon);
  if (older_count() > 0 || capacity_ <= 2 * size_ + 4) return;
  drop_older();
  Version* const held = on_heap_.data;
  if (size_ == 1) {
    const Version only = held[begin_];
    in_place_ = only;
    capacity_ = 1;
    begin_ = 0;
    delete[] held;
  } else {
    set_newest(newest_block(), size_);
  }
}

void Timeline::bring_back(std::span<const Version> older) {
  if (older.empty()) return;
  const auto held = versions().block(0);
  POLLUX_ASSERT(older.back().from < held.front().from && older.back().value != held.front().value,
                "what is brought back goes before what is held");
  std::vector<Version> all(older.begin(), older.end());
  all.insert(all.end(), held.begin(), held.end());
  rebuild(0, 0, std::move(all));
}

void Timeline::check_invariants() const {
  POLLUX_ASSERT(size_ >= 1 && begin_ + size_ <= capacity_,
                "a timeline holds between one version and its capacity");
  POLLUX_ASSERT(newest() == last().from, "the beginning of the last version is known");
  if (in_blocks()) {
    POLLUX_ASSERT(older_count() == 0 || on_heap_.older->newest_from() == data()[begin_].from,
                  "where blocks end is known");
    for (const Block& block : older_blocks()) {
      POLLUX_ASSERT(block.size >= 1 && block.begin + block.size <= kAlone, "blocks are not empty");
      POLLUX_ASSERT(block.from == block.versions().front().from, "where a block begins is known");
    }
  }
  const schema::History all = versions();
  for (auto at = all.begin(), before = at++; at != all.end(); before = at++) {
    POLLUX_ASSERT(before->from < at->from, "versions ascend");
    POLLUX_ASSERT(before->value != at->value, "neighbouring versions differ");
  }
}

}  // namespace pollux::actors
