// A settled state that someone holds on to.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "actors/propagation/entity_image.h"
#include "schema/event/event.h"

namespace pollux::actors {

/// Keeps the state settled at a journal position readable, through `Twin::query`, for as long as it lives.
/// Thread-safe; may outlive the twin, of which it then keeps nothing.
class Pin {
 public:
  /// `release`: called once, from whichever thread lets go.
  Pin(PinNumber number, schema::Position position, schema::EventTime clock, std::function<void()> release)
      : number_(number), position_(position), clock_(clock), release_(std::move(release)) {}
  ~Pin() { release_(); }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

  PinNumber number() const { return number_; }
  schema::Position position() const { return position_; }
  schema::EventTime clock() const { return clock_; }

 private:
  const PinNumber number_;
  const schema::Position position_;
  const schema::EventTime clock_;
  const std::function<void()> release_;
};

using PinPtr = std::shared_ptr<const Pin>;

}  // namespace pollux::actors
