// Hands libFuzzer's inputs to the target that POLLUX_FUZZ_TARGET names when this is compiled.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schema/assert.h"
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const pollux::fuzz::Target* target = [] {
    for (const auto& each : pollux::fuzz::targets()) {
      if (std::string_view(each.name) == POLLUX_FUZZ_TARGET) return &each;
    }
    POLLUX_ASSERT(false, "the folder of seeds has a target in targets.cpp");
  }();
  target->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
