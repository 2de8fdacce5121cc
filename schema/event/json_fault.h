// Where and why a text is not the JSON it should be; only asked once a fast parser has refused it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pollux::schema {

/// The first thing wrong with a JSON text.
struct JsonFault {
  bool is_number = false;  ///< Well-formed, but a number in it does not fit a 64-bit float or integer.
  std::size_t offset = 0;  ///< In bytes.
  std::string pointer;     ///< JSON pointer to the number, for `is_number`.
  std::string message;     ///< With line and column, both from 1, column in bytes.
};

/// REQUIRES: simdjson refused `text` with the reason `refusal`, which is used where nothing better is found.
/// Takes time and memory linear in the text; not recursive.
JsonFault find_json_fault(std::string_view text, std::string_view refusal);

/// One member name or index as a part of a JSON pointer (RFC 6901), with the slash before it.
std::string pointer_part(std::string_view name);

}  // namespace pollux::schema
