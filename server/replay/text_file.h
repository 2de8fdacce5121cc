// Small files read and replaced as a whole, and BLAKE2b-256 as evidence of what something was made from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace pollux::server {

/// Of the parts, each preceded by its length, lower-case hex.
std::string hash_of(const std::vector<std::string_view>& parts);

/// Of a file's bytes, lower-case hex. Errors: io.
schema::Result<std::string> hash_of_file(const std::string& path);

/// A whole small file. Errors: not_found, io; invalid beyond `bytes_max`.
schema::Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max);

/// Replaces a file as a whole: what stood there before is kept until the new text is on disk. Errors: io.
schema::Result<void> replace_text_file(const std::string& path, std::string_view text);

}  // namespace pollux::server
