#include "monitoring/logging.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <spdlog/fmt/chrono.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>

namespace pollux::monitoring {
namespace {

std::string_view view_of(spdlog::string_view_t text) {
  return {text.data(), text.size()};
}

/// RFC 3339 in UTC with milliseconds.
std::string timestamp(spdlog::log_clock::time_point time) {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), since_epoch.count() % 1000);
}

using JsonText = rapidjson::StringBuffer;
using JsonWriter = rapidjson::Writer<JsonText, rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::CrtAllocator,
                                     rapidjson::kWriteValidateEncodingFlag>;

bool write_record(JsonText& text, const std::string& time, std::string_view level, std::string_view message) {
  JsonWriter json(text);
  json.StartObject();
  json.Key("time");
  json.String(time.c_str());
  json.Key("level");
  json.String(level.data(), static_cast<rapidjson::SizeType>(level.size()));
  json.Key("message");
  return json.String(message.data(), static_cast<rapidjson::SizeType>(message.size())) && json.EndObject();
}

/// One JSON object a line: time, level, message. Bytes that are not UTF-8 are shown as `?`.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& record, spdlog::memory_buf_t& out) override {
    const std::string time = timestamp(record.time);
    const std::string_view level = view_of(spdlog::level::to_string_view(record.level));
    JsonText text;
    if (!write_record(text, time, level, view_of(record.payload))) {
      std::string ascii(view_of(record.payload));
      std::replace_if(
          ascii.begin(), ascii.end(), [](char c) { return (c & 0x80) != 0; }, '?');
      text.Clear();
      write_record(text, time, level, ascii);
    }
    out.append(text.GetString(), text.GetString() + text.GetSize());
    out.push_back('\n');
  }
  std::unique_ptr<formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

/// `TIME LEVEL MESSAGE`; control characters are escaped, so a record is one line whatever a client sent.
class TextFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& record, spdlog::memory_buf_t& out) override {
    auto to = std::back_inserter(out);
    fmt::format_to(to, "{} {:<8} ", timestamp(record.time),
                   view_of(spdlog::level::to_string_view(record.level)));
    for (const char c : view_of(record.payload)) {
      if (c == '\n') {
        fmt::format_to(to, "\\n");
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        fmt::format_to(to, "\\x{:02x}", static_cast<unsigned char>(c));
      } else {
        out.push_back(c);
      }
    }
    out.push_back('\n');
  }
  std::unique_ptr<formatter> clone() const override { return std::make_unique<TextFormatter>(); }
};

}  // namespace

void install_logger(LogFormat format, const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("pollux", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (format == LogFormat::json) {
    logger->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    logger->set_formatter(std::make_unique<TextFormatter>());
  }
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace pollux::monitoring
