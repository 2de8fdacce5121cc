// Events as CloudEvents JSON on their way to a twin, each remembering the row it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pollux::server {

/// A JSON array of events under construction.
class EventText {
 public:
  /// One event in the text.
  struct Item {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint64_t row = 0;   ///< From 1, the header not counted.
    std::uint64_t line = 0;  ///< Where the row starts in its file, from 1.
  };

  /// Appends one event, a complete JSON object.
  void add(std::string_view event, std::uint64_t row, std::uint64_t line);
  void append(const EventText& other);
  void clear();

  /// A copy without the events at `indices` (ascending).
  EventText without(std::span<const std::size_t> indices) const;

  bool empty() const { return items_.empty(); }
  std::size_t bytes() const { return text_.size(); }
  const std::vector<Item>& items() const { return items_; }
  std::string_view event(std::size_t index) const;
  /// The JSON array, closed.
  std::string body() const { return items_.empty() ? "[]" : "[" + text_ + "]"; }

 private:
  std::string text_;  // events, separated by commas
  std::vector<Item> items_;
};

}  // namespace pollux::server
