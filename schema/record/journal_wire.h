// The stored numbers of the enumerations in journal.capnp, tied to ours at compile time: reordering or
// extending one of ours without the stored form does not compile.
#pragma once

#include <cstdint>

#include "schema/event/event.h"
#include "schema/record/journal.capnp.h"
#include "schema/value.h"

namespace pollux::schema {

constexpr wire::ValueType wire_of(ValueType type) {
  switch (type) {
    case ValueType::number:
      return wire::ValueType::NUMBER;
    case ValueType::boolean:
      return wire::ValueType::BOOLEAN;
    case ValueType::symbol:
      return wire::ValueType::SYMBOL;
  }
  __builtin_unreachable();
}

constexpr wire::Quality wire_of(Quality quality) {
  switch (quality) {
    case Quality::good:
      return wire::Quality::GOOD;
    case Quality::uncertain:
      return wire::Quality::UNCERTAIN;
    case Quality::stale:
      return wire::Quality::STALE;
    case Quality::bad:
      return wire::Quality::BAD;
    case Quality::unknown:
      return wire::Quality::UNKNOWN;
  }
  __builtin_unreachable();
}

constexpr wire::Reason wire_of(Reason reason) {
  switch (reason) {
    case Reason::none:
      return wire::Reason::NONE;
    case Reason::not_yet_observed:
      return wire::Reason::NOT_YET_OBSERVED;
    case Reason::reported_by_source:
      return wire::Reason::REPORTED_BY_SOURCE;
    case Reason::no_recent_event:
      return wire::Reason::NO_RECENT_EVENT;
    case Reason::division_by_zero:
      return wire::Reason::DIVISION_BY_ZERO;
    case Reason::not_a_number:
      return wire::Reason::NOT_A_NUMBER;
    case Reason::overflow:
      return wire::Reason::OVERFLOW;
    case Reason::empty_input:
      return wire::Reason::EMPTY_INPUT;
    case Reason::input_not_good:
      return wire::Reason::INPUT_NOT_GOOD;
    case Reason::plugin_failed:
      return wire::Reason::PLUGIN_FAILED;
  }
  __builtin_unreachable();
}

constexpr wire::EventKind wire_of(EventKind kind) {
  switch (kind) {
    case EventKind::observe:
      return wire::EventKind::OBSERVE;
    case EventKind::correct:
      return wire::EventKind::CORRECT;
    case EventKind::retract:
      return wire::EventKind::RETRACT;
  }
  __builtin_unreachable();
}

constexpr wire::QuarantineReason wire_of(QuarantineReason reason) {
  switch (reason) {
    case QuarantineReason::too_late:
      return wire::QuarantineReason::TOO_LATE;
    case QuarantineReason::from_the_future:
      return wire::QuarantineReason::FROM_THE_FUTURE;
    case QuarantineReason::poison:
      return wire::QuarantineReason::POISON;
  }
  __builtin_unreachable();
}

/// What stands for the entity of an event that has none.
inline constexpr std::uint32_t kNoEntityRow = 0xffff'ffff;

/// How many members a stored enumeration has; what is stored must be below it.
template <class Enumeration>
inline constexpr std::uint16_t kStoredCount = 0;
template <>
inline constexpr std::uint16_t kStoredCount<ValueType> = 3;
template <>
inline constexpr std::uint16_t kStoredCount<Quality> = 5;
template <>
inline constexpr std::uint16_t kStoredCount<Reason> = 10;
template <>
inline constexpr std::uint16_t kStoredCount<EventKind> = 3;
template <>
inline constexpr std::uint16_t kStoredCount<QuarantineReason> = 3;

/// Whether stored and own numbers are the same, so that a checked cast is the whole translation.
template <class Enumeration>
consteval bool stored_as_is() {
  for (std::uint16_t i = 0; i < kStoredCount<Enumeration>; ++i) {
    if (static_cast<std::uint16_t>(wire_of(static_cast<Enumeration>(i))) != i) return false;
  }
  return true;
}
static_assert(stored_as_is<ValueType>() && stored_as_is<Quality>() && stored_as_is<Reason>() &&
              stored_as_is<EventKind>() && stored_as_is<QuarantineReason>());

}  // namespace pollux::schema
