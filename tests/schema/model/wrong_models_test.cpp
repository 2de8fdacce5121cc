// Each tests/data/wrong-models/NAME.yaml must be refused with exactly the text in NAME.expected.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "schema/model/model_file.h"

namespace pollux::schema {
namespace {

const std::filesystem::path kFolder = POLLUX_SOURCE_DIR "/tests/data/wrong-models";

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") found.push_back(entry.path().stem());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class WrongModel : public testing::TestWithParam<std::string> {};

TEST_P(WrongModel, IsRefusedWithEveryMistakeAndItsPlace) {
  const auto result = load_model(content(kFolder / (GetParam() + ".yaml")), GetParam() + ".yaml");
  const auto* errors = std::get_if<ModelErrors>(&result);
  ASSERT_NE(errors, nullptr) << "a wrong model was accepted";
  EXPECT_EQ(errors->text(), content(kFolder / (GetParam() + ".expected")));
}

INSTANTIATE_TEST_SUITE_P(All, WrongModel, testing::ValuesIn(names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(WrongModels, AreManyAndEachExpectationHasItsModel) {
  EXPECT_GE(names().size(), 45u);
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::string extension = entry.path().extension();
    const std::string other = extension == ".yaml" ? ".expected" : ".yaml";
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(entry.path()).replace_extension(other)))
        << entry.path();
  }
}

}  // namespace
}  // namespace pollux::schema
