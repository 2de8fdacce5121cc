// What is fuzzed of snapshots: the file as a whole, and what stands in its blocks, behind their checksums.
#pragma once

#include <string_view>

namespace pollux::fuzz {

/// Bytes that begin as a snapshot does are taken for a file; others for the number of a section and a payload
/// of it. What is read can be written and read again, and what is refused leaves nothing unsafe.
void snapshot(std::string_view bytes);

}  // namespace pollux::fuzz
