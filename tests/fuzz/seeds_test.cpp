// Every fuzz target on its seeds and on random changes of them, without clang; `./dev fuzz` searches further.
// POLLUX_FUZZ_RUNS sets how many changed inputs each target gets, POLLUX_FUZZ_SEED where they start.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/fuzz/targets.h"

namespace pollux::fuzz {
namespace {

namespace fs = std::filesystem;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::vector<std::string> seeds_of(const Target& target) {
  std::vector<fs::path> paths;
  for (const auto& entry :
       fs::directory_iterator(fs::path(POLLUX_SOURCE_DIR) / "tests/fuzz/seeds" / target.name))
    paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::string> seeds;
  for (const fs::path& path : paths) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    seeds.push_back(text.str());
  }
  return seeds;
}

using Random = std::mt19937_64;

/// A few changes as a fuzzer makes them: bytes flipped, put in, taken out, parts repeated or from another
/// seed.
std::string changed(std::string bytes, const std::vector<std::string>& seeds, Random& random) {
  constexpr std::string_view kTelling = "\"'{}[]:,-#&*|\n\t \\%0.9e+~\0\xff\x80";
  const auto part_of = [&](const std::string& text) {
    const std::size_t from = text.empty() ? 0 : random() % text.size();
    return text.substr(from, random() % 40);
  };
  for (std::uint64_t i = 0, n = 1 + random() % 4; i < n; ++i) {
    const std::size_t at = random() % (bytes.size() + 1);
    switch (random() % 6) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 1:
        bytes.insert(at, 1, kTelling[random() % kTelling.size()]);
        break;
      case 2:
        bytes.erase(at, 1 + random() % 8);
        break;
      case 3:
        bytes.insert(at, part_of(bytes));
        break;
      case 4:
        bytes.insert(at, part_of(seeds[random() % seeds.size()]));
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

class Fuzz : public testing::TestWithParam<Target> {};

TEST_P(Fuzz, KeepsItsPromisesOnSeedsAndOnChangesOfThem) {
  const auto seeds = seeds_of(GetParam());
  ASSERT_FALSE(seeds.empty());
  for (const std::string& seed : seeds) GetParam().run(seed);
  Random random(from_environment("POLLUX_FUZZ_SEED", 1));
  for (std::uint64_t runs = from_environment("POLLUX_FUZZ_RUNS", 20'000); runs > 0; --runs) {
    GetParam().run(changed(seeds[random() % seeds.size()], seeds, random));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Fuzz, testing::ValuesIn(targets()),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace pollux::fuzz
