// Links in the model file, and what the compiled model says of them.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "schema/model/model_file.h"

namespace pollux::schema {
namespace {

constexpr const char* kTypes = R"(
twin: t
types:
  Tower: { kind: asset, inputs: { water: { unit: degC } }, derived: { leaving: { unit: degC, is: water - 5 K } } }
  Chiller: { kind: asset, inputs: { entering: { unit: degC } }, derived: { leaving: { unit: degC, is: entering + 4 K } } }
)";

Model loaded(const std::string& text) {
  auto result = load_model(kTypes + text, "model.yaml");
  if (const auto* errors = std::get_if<ModelErrors>(&result)) throw std::runtime_error(errors->text());
  return std::get<Model>(std::move(result));
}

std::string refused(const std::string& text) {
  const auto result = load_model(kTypes + text, "model.yaml");
  const auto* errors = std::get_if<ModelErrors>(&result);
  return errors ? errors->text() : "accepted";
}

TEST(Links, ACircleThroughALinkIsLegal) {
  const Model model = loaded(R"(
entities:
  tower: { type: Tower, inputs: { water: chiller.leaving } }
  chiller: { type: Chiller, inputs: { entering: back.value } }
links: { back: { from: tower.leaving, delay: 30 s, initial: 20, capacity: 10 } }
)");
  const EntityIndex back = model.find_entity("back");
  EXPECT_TRUE(model.is_link(back));
  EXPECT_EQ(model.type_of(back).link_delay, 30 * kSecond);
  EXPECT_EQ(model.topological_order().size(), 3u);
  EXPECT_EQ(model.dependents(model.find_entity("tower")).front(), back);
}

TEST(Links, ACircleWithoutOneIsAnErrorThatPrintsItAndSaysWhatToDo) {
  const std::string text = refused(R"(
entities:
  tower: { type: Tower, inputs: { water: chiller.leaving } }
  chiller: { type: Chiller, inputs: { entering: tower.leaving } }
)");
  EXPECT_NE(text.find("tower.leaving -> chiller.leaving -> tower.leaving"), std::string::npos) << text;
  EXPECT_NE(text.find("feedback goes through a link with a delay"), std::string::npos) << text;
}

TEST(Links, MistakesInThemAreToldAtTheirPlace) {
  const std::string text = refused(R"(
entities:
  tower: { type: Tower, inputs: { water: chiller.leaving } }
  chiller: { type: Chiller, inputs: { entering: tower.leaving } }
links:
  tower: { from: tower.leaving, delay: 1 s }
  a: { from: tower.leavin, delay: 1 s }
  b: { from: tower.leaving, delay: 0 s }
  c: { from: tower.leaving, delay: 1 s, capacity: 0.5 }
  d: { from: tower.leaving }
)");
  EXPECT_NE(text.find("11:3: error: 'tower' is the id of an entity already"), std::string::npos) << text;
  EXPECT_NE(text.find("12:20: error: type 'Tower' of 'tower' has no attribute 'leavin'"), std::string::npos)
      << text;
  EXPECT_NE(text.find("13:36: error: a link takes some time"), std::string::npos) << text;
  EXPECT_NE(text.find("14:51: error: 'capacity' is how many changes are on their way"), std::string::npos)
      << text;
  EXPECT_NE(text.find("link 'd'"), std::string::npos) << text;
}

}  // namespace
}  // namespace pollux::schema
