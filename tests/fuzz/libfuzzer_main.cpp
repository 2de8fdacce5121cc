// Hands libFuzzer's inputs to the target that POLLUX_FUZZ_TARGET names when this is compiled.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const pollux::fuzz::Target* target = [] {
    for (const auto& each : pollux::fuzz::targets()) {
      if (std::string_view(each.name) == POLLUX_FUZZ_TARGET) return &each;
    }
    return static_cast<const pollux::fuzz::Target*>(nullptr);
  }();
  target->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
