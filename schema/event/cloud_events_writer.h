// Events to CloudEvents 1.0 in JSON, as CloudEventParser reads them: for replay, simulators and tests.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::schema {

/// One value to be reported by name. Nothing is checked against a model.
struct NamedValue {
  std::string_view attribute;
  std::variant<double, bool, std::string_view> value;  ///< Numbers must be finite.
  std::string_view unit;                               ///< Empty: that of the attribute's declaration.
  Quality quality = Quality::good;                     ///< `bad` leaves the value out.
};

/// One event by name.
struct NamedEvent {
  std::string_view source;
  std::string_view id;
  EventTime time = 0;
  std::string_view entity;     ///< Empty: none, as for a retraction.
  std::uint64_t sequence = 0;  ///< 0: none.
  std::span<const NamedValue> values;
  EventKind kind = EventKind::observe;
  std::string_view named = {};  ///< The id that a correction or retraction names.
};

/// Appends `event` to `json` as one object. Numbers are written so that they read back bit for bit.
/// REQUIRES: texts are UTF-8; quality is good, uncertain or bad.
void append_cloud_event(std::string& json, const NamedEvent& event);

/// The same for an event of a batch; numbers are in the units the model declares.
void append_cloud_event(std::string& json, const EventBatch& batch, const Event& event, const Model& model);

}  // namespace pollux::schema
