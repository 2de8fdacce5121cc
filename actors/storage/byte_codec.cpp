#include "actors/storage/byte_codec.h"

namespace pollux::actors {

using schema::Quality;
using schema::Reason;
using schema::Value;
using schema::ValueType;

namespace {

constexpr std::uint8_t kQualityFollows = 0x40;
constexpr std::uint8_t kQualities = static_cast<std::uint8_t>(Quality::unknown) + 1;
constexpr std::uint8_t kReasons = static_cast<std::uint8_t>(Reason::plugin_failed) + 1;

}  // namespace

void ByteWriter::value(const Value& value) {
  // Round numbers have their zeros at the low end, indices at the high one.
  const bool number = value.type == ValueType::number;
  std::uint64_t bits = number ? __builtin_bswap64(value.bits) : value.bits;
  const auto size = static_cast<std::uint8_t>((71 - std::countl_zero(bits)) / 8);
  const bool plain = value.quality == Quality::good && value.reason == Reason::none;
  byte(static_cast<std::uint8_t>(size | static_cast<unsigned>(value.type) << 4 |
                                 (plain ? 0u : unsigned{kQualityFollows})));
  if (!plain) {
    byte(static_cast<std::uint8_t>(value.quality));
    byte(static_cast<std::uint8_t>(value.reason));
  }
  for (std::uint8_t i = 0; i < size; ++i, bits >>= 8) byte(static_cast<std::uint8_t>(bits));
}

Value ByteReader::value() {
  const std::uint8_t head = byte();
  const std::uint8_t size = head & 0x0f;
  const std::uint8_t type = (head >> 4) & 3;
  Value value{0, static_cast<ValueType>(type), Quality::good, Reason::none, {}};
  ok_ = ok_ && size <= 8 && type <= static_cast<std::uint8_t>(ValueType::symbol) && head < 0x80;
  if ((head & kQualityFollows) != 0) {
    const std::uint8_t quality = byte();
    const std::uint8_t reason = byte();
    ok_ = ok_ && quality < kQualities && reason < kReasons;
    value.quality = static_cast<Quality>(quality);
    value.reason = static_cast<Reason>(reason);
  }
  if (!ok_) return {};
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < size; ++i) bits |= std::uint64_t{byte()} << (8 * i);
  value.bits = value.type == ValueType::number ? __builtin_bswap64(bits) : bits;
  return value;
}

void ByteWriter::fixed(std::uint64_t x) {
  for (unsigned i = 0; i < 8; ++i, x >>= 8) byte(static_cast<std::uint8_t>(x));
}

std::uint64_t ByteReader::fixed() {
  std::uint64_t x = 0;
  for (unsigned i = 0; i < 8; ++i) x |= std::uint64_t{byte()} << (8 * i);
  return x;
}

void ByteWriter::text(std::string_view text) {
  number(text.size());
  bytes_.append(text);
}

std::string_view ByteReader::text() {
  const std::size_t size = count();
  const std::string_view text = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return text;
}

std::size_t ByteReader::count(std::size_t bytes_each) {
  const std::uint64_t count = number();
  if (count <= bytes_.size() / bytes_each) return static_cast<std::size_t>(count);
  ok_ = false;
  bytes_ = {};
  return 0;
}

}  // namespace pollux::actors
