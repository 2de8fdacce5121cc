// Numbers and values to and from bytes, as few as they need: what the records of the history and of snapshots
// are made of.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "schema/value.h"

namespace pollux::actors {

/// Appends to a string.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& bytes) : bytes_(bytes) {}

  void byte(std::uint8_t x) { bytes_.push_back(static_cast<char>(x)); }
  /// Seven bits a byte, the lowest first; the last byte has its highest bit clear.
  void number(std::uint64_t x) {
    for (; x >= 0x80; x >>= 7) byte(static_cast<std::uint8_t>(x | 0x80));
    byte(static_cast<std::uint8_t>(x));
  }
  /// Small magnitudes of either sign stay small: 0, -1, 1, -2, 2, ...
  void difference(std::int64_t to, std::int64_t from) {
    const std::uint64_t d = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
    number((d << 1) ^ (0 - (d >> 63)));
  }
  /// A head byte (bits 0-3: how many bytes follow; 4-5: type; 6: quality and reason follow as two bytes),
  /// then the payload without its zeros at the end (numbers) or at the beginning (the others).
  void value(const schema::Value& value);
  /// Eight bytes, little-endian: for what is as likely large as small.
  void fixed(std::uint64_t x);
  /// Its length, then its bytes.
  void text(std::string_view text);

 private:
  std::string& bytes_;
};

/// Takes apart what ByteWriter wrote. Never reads beyond the end: then everything read is zero and `ok`
/// false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }
  std::size_t left() const { return bytes_.size(); }

  std::uint8_t byte() {
    if (bytes_.empty()) {
      ok_ = false;
      return 0;
    }
    const auto x = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return x;
  }
  std::uint64_t number() {
    std::uint64_t x = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t part = byte();
      x |= std::uint64_t{part & 0x7fu} << shift;
      if (part < 0x80) return x;
    }
    ok_ = false;
    return 0;
  }
  std::int64_t difference(std::int64_t from) {
    const std::uint64_t z = number();
    const std::uint64_t d = (z >> 1) ^ (0 - (z & 1));
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(from) + d);
  }
  schema::Value value();
  std::uint64_t fixed();
  /// Points into what is read.
  std::string_view text();
  /// How many of something follow, each of `bytes_each` bytes at least: no more than there is room for.
  std::size_t count(std::size_t bytes_each = 1);

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace pollux::actors
