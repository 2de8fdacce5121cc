// Which sequence numbers of one source are missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "actors/storage/byte_codec.h"
#include "schema/time.h"

namespace pollux::actors {

/// Follows the numbers a source gives its events. Between the lowest and the highest number of a run, those
/// not seen are missing; one that arrives after all no longer is. What is missing does not depend on the
/// order of arrival.
///
/// A number that is no longer missing, or below all of the run, and whose event lies later than that of the
/// highest number, tells that the source began to count anew: what was missing is lost, and a new run begins
/// with it. Events before that moment belong to the former run and are not looked at. Numbers that repeat
/// otherwise mean nothing. Not thread-safe.
class SequenceLog {
 public:
  /// Ranges of missing numbers kept; beyond it the lowest one is given up as lost.
  static constexpr std::size_t kRangesMax = 1'024;

  /// Numbers from `first` to `last`.
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    std::uint64_t size() const { return last - first + 1; }
    friend bool operator==(const Range&, const Range&) = default;
  };

  /// True where the number was the next one. REQUIRES: not 0, which stands for none.
  bool add(std::uint64_t sequence, schema::EventTime time) {
    if (sequence == highest_ + 1 && lowest_ != 0 && time >= run_began_) {
      highest_ = sequence;
      highest_time_ = time;
      return true;
    }
    add_out_of_turn(sequence, time);
    return false;
  }

  std::uint64_t highest() const { return highest_; }    ///< 0: none yet.
  std::uint64_t missing() const { return missing_; }    ///< Numbers that may still arrive.
  std::uint64_t lost() const { return lost_; }          ///< Numbers given up.
  std::uint64_t gaps() const { return gaps_; }          ///< Times that numbers were skipped.
  std::uint64_t restarts() const { return restarts_; }  ///< Times that the source began anew.
  const std::vector<Range>& ranges() const { return ranges_; }

  void save(ByteWriter& out) const;
  /// Becomes what was saved. False where it makes no sense.
  bool load(ByteReader& in);

  void check_invariants() const;

 private:
  bool sound() const;
  void add_out_of_turn(std::uint64_t sequence, schema::EventTime time);
  void begin_run(std::uint64_t sequence, schema::EventTime time);
  void skip(Range range, std::vector<Range>::iterator before);
  bool fill(std::uint64_t sequence);
  void give_up_beyond_bound();

  std::uint64_t lowest_ = 0;
  std::uint64_t highest_ = 0;
  schema::EventTime highest_time_ = schema::kBeginning;
  schema::EventTime run_began_ = schema::kBeginning;
  std::uint64_t missing_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t gaps_ = 0;
  std::uint64_t restarts_ = 0;
  std::vector<Range> ranges_;  // ascending, apart from each other
};

}  // namespace pollux::actors
