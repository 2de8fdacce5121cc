#include "schema/event/json_fault.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace pollux::schema {

namespace {

constexpr std::size_t kNumberShownBytesMax = 40;

// Integers must fit 64 bits and the rest a finite float: what is beyond, simdjson refuses as a whole.
bool fits(const std::string& number) {
  if (number.find_first_of(".eE") != std::string::npos)
    return std::isfinite(std::strtod(number.c_str(), nullptr));
  const char* first = number.data();
  const char* last = first + number.size();
  std::int64_t with_sign;
  std::uint64_t without_sign;
  const auto whole = [last](std::from_chars_result result) {
    return result.ec == std::errc() && result.ptr == last;
  };
  return whole(std::from_chars(first, last, with_sign)) || whole(std::from_chars(first, last, without_sign));
}

// Follows the parser through the document and stops it at the first number that does not fit.
class NumberFinder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, NumberFinder> {
 public:
  bool Default() {
    step();
    return true;
  }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    step();
    number_.assign(text, size);
    return fits(number_);
  }
  bool StartObject() { return enter(false); }
  bool StartArray() { return enter(true); }
  bool EndObject(rapidjson::SizeType) { return leave(); }
  bool EndArray(rapidjson::SizeType) { return leave(); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    levels_.back().key.assign(text, size);
    return true;
  }

  // The parser itself refused a number that begins `rest`, before telling of it.
  void refused_number(std::string_view rest) {
    step();
    number_ = rest.substr(0, rest.find_first_not_of("+-.0123456789eE"));
  }

  const std::string& number() const { return number_; }
  std::string pointer() const {
    std::string path;
    for (const Level& level : levels_) {
      path += pointer_part(level.is_array ? std::to_string(level.values - 1) : level.key);
    }
    return path;
  }

 private:
  struct Level {
    bool is_array = false;
    std::size_t values = 0;
    std::string key;
  };

  void step() {
    if (!levels_.empty()) ++levels_.back().values;
  }
  bool enter(bool is_array) {
    step();
    levels_.push_back({is_array, 0, {}});
    return true;
  }
  bool leave() {
    levels_.pop_back();
    return true;
  }

  std::vector<Level> levels_;
  std::string number_;
};

std::string at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? offset + 1 : offset - newline;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace

JsonFault find_json_fault(std::string_view text, std::string_view refusal) {
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  NumberFinder finder;
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(text.data(), text.size());
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, finder);

  JsonFault fault;
  if (!result.IsError()) {
    fault.message = "not acceptable JSON: " + std::string(refusal);
    return fault;
  }
  fault.offset = std::min(result.Offset(), text.size());
  const bool too_big = result.Code() == rapidjson::kParseErrorNumberTooBig;
  if (too_big) finder.refused_number(text.substr(fault.offset));
  if (too_big || result.Code() == rapidjson::kParseErrorTermination) {
    fault.is_number = true;
    fault.pointer = finder.pointer();
    fault.message = "the number " + finder.number().substr(0, kNumberShownBytesMax) + " at " +
                    at(text, fault.offset) + " does not fit a 64-bit float or integer";
    return fault;
  }
  fault.message = "not valid JSON at " + at(text, fault.offset) + " (byte " + std::to_string(fault.offset) +
                  "): " + rapidjson::GetParseError_En(result.Code());
  return fault;
}

std::string pointer_part(std::string_view name) {
  std::string part = "/";
  for (const char c : name) {
    if (c == '~') {
      part += "~0";
    } else if (c == '/') {
      part += "~1";
    } else {
      part += c;
    }
  }
  return part;
}

}  // namespace pollux::schema
