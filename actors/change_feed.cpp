#include "actors/change_feed.h"

#include <algorithm>
#include <utility>

namespace pollux::actors {

using schema::Position;

ChangeFeed::ChangeFeed(std::size_t epochs_max, std::size_t changes_max)
    : epochs_max_(epochs_max), changes_max_(changes_max) {}

void ChangeFeed::start(Position start) {
  const std::lock_guard lock(mutex_);
  oldest_ = start;
}

ChangeFeed::Fill ChangeFeed::publish(EpochChangesPtr changes) {
  Fill fill;
  {
    const std::lock_guard lock(mutex_);
    changes_ += changes->size();
    epochs_.push_back(std::move(changes));
    while (epochs_.size() > 1 && (epochs_.size() > epochs_max_ || changes_ > changes_max_)) {
      changes_ -= epochs_.front()->size();
      oldest_ = epochs_.front()->position;
      epochs_.pop_front();
    }
    fill = {epochs_.size(), changes_};
  }
  const std::lock_guard lock(subscribers_mutex_);
  for (const auto& [id, notify] : subscribers_) notify();
  return fill;
}

ChangeFeed::Page ChangeFeed::after(Position after, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  Page page;
  page.oldest = oldest_;
  const auto first =
      std::ranges::upper_bound(epochs_, after, {}, [](const auto& epoch) { return epoch->position; });
  const auto available = static_cast<std::size_t>(epochs_.end() - first);
  page.epochs.assign(first, first + static_cast<std::ptrdiff_t>(std::min(limit, available)));
  return page;
}

std::uint64_t ChangeFeed::subscribe(std::function<void()> notify) {
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_.emplace(++last_subscription_, std::move(notify));
  return last_subscription_;
}

void ChangeFeed::unsubscribe(std::uint64_t subscription) {
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_.erase(subscription);
}

}  // namespace pollux::actors
