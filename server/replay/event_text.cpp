#include "server/replay/event_text.h"

namespace pollux::server {

void EventText::add(std::string_view event, std::uint64_t row, std::uint64_t line) {
  if (!items_.empty()) text_ += ',';
  const std::size_t begin = text_.size();
  text_ += event;
  items_.push_back({begin, text_.size(), row, line});
}

void EventText::append(const EventText& other) {
  if (other.empty()) return;
  if (!items_.empty()) text_ += ',';
  const std::size_t shift = text_.size();
  text_ += other.text_;
  for (const Item& item : other.items_) {
    items_.push_back({item.begin + shift, item.end + shift, item.row, item.line});
  }
}

void EventText::clear() {
  text_.clear();
  items_.clear();
}

std::string_view EventText::event(std::size_t index) const {
  const Item& item = items_[index];
  return std::string_view(text_).substr(item.begin, item.end - item.begin);
}

EventText EventText::without(std::span<const std::size_t> indices) const {
  EventText kept;
  auto next = indices.begin();
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (next != indices.end() && *next == i) {
      ++next;
    } else {
      kept.add(event(i), items_[i].row, items_[i].line);
    }
  }
  return kept;
}

}  // namespace pollux::server
