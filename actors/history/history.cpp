#include "actors/history/history.h"

namespace pollux::actors {

schema::Duration lag_of(const EpochChanges& epoch, schema::EventTime before) {
  schema::Duration lag = 0;
  for (const Change& change : epoch.recorded()) lag = std::max(lag, lag_of(change.from, before));
  for (const Change& change : epoch.background().memory) lag = std::max(lag, lag_of(change.from, before));
  for (const Word& word : epoch.background().words)
    lag = std::max(lag, lag_of(word.observation.time, before));
  return lag;
}

}  // namespace pollux::actors
