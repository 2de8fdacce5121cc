#include "schema/model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace pollux::schema {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A type with a parameter (default 7) and a derived attribute, two single inputs and a many-input.
EntityType node_type() {
  EntityType type;
  type.name = "Node";
  Attribute gain;
  gain.name = "gain";
  gain.role = Role::parameter;
  gain.initial = Value::number(7);
  Attribute out;
  out.name = "out";
  type.attributes = {gain, out};
  Input all;
  all.name = "all";
  all.many = true;
  type.inputs = {all};
  type.operand_count = 2;
  return type;
}

EntityType two_input_type() {
  EntityType type = node_type();
  type.name = "Pair";
  Input left;
  left.name = "left";
  left.operand = 2;
  Input right;
  right.name = "right";
  right.operand = 3;
  type.inputs = {left, right};
  type.operand_count = 4;
  return type;
}

std::vector<EntityIndex> producers(const Model& model, EntityIndex entity, InputSlot input) {
  std::vector<EntityIndex> found;
  for (const Binding& binding : model.bindings(entity, input)) found.push_back(binding.producer);
  return found;
}

std::vector<EntityIndex> copy(std::span<const EntityIndex> entities) {
  return {entities.begin(), entities.end()};
}

TEST(Model, BindingsOfAnInputKeepTheOrderTheyWereMadeInWhateverTheOrderOfEntities) {
  ModelBuilder builder("m");
  const TypeIndex node = builder.add_type(node_type());
  for (const char* id : {"a", "b", "c", "d"}) builder.add_entity(id, node);
  builder.bind(3, 0, {2, 1, {}});
  builder.bind(1, 0, {0, 1, {}});
  builder.bind(3, 0, {0, 1, {}});
  builder.bind(3, 0, {1, 1, {}});
  const Model model = std::move(builder).build();

  EXPECT_THAT(producers(model, 3, 0), ElementsAre(2, 0, 1));
  EXPECT_THAT(producers(model, 1, 0), ElementsAre(0));
  EXPECT_THAT(producers(model, 0, 0), IsEmpty());
}

TEST(Model, DependentsAreDistinctAndAscending) {
  ModelBuilder builder("m");
  const TypeIndex node = builder.add_type(node_type());
  for (const char* id : {"a", "b", "c"}) builder.add_entity(id, node);
  builder.bind(2, 0, {0, 1, {}});
  builder.bind(2, 0, {0, 0, {}});
  builder.bind(1, 0, {0, 1, {}});
  const Model model = std::move(builder).build();

  EXPECT_THAT(copy(model.dependents(0)), ElementsAre(1, 2));
  EXPECT_THAT(copy(model.dependents(1)), IsEmpty());
}

TEST(Model, ProducersComeBeforeConsumersAndOtherwiseInDeclarationOrder) {
  ModelBuilder builder("m");
  const TypeIndex node = builder.add_type(node_type());
  for (const char* id : {"a", "b", "c", "d", "e"}) builder.add_entity(id, node);
  builder.bind(0, 0, {3, 1, {}});  // a waits for d
  builder.bind(1, 0, {0, 1, {}});  // b waits for a
  const Model model = std::move(builder).build();

  EXPECT_THAT(copy(model.topological_order()), ElementsAre(2, 3, 0, 1, 4));
}

TEST(Model, AnEntityIsFoundByItsIdAndOnlyByThat) {
  ModelBuilder builder("m");
  const TypeIndex node = builder.add_type(node_type());
  for (int i = 0; i < 1000; ++i) builder.add_entity("pump-" + std::to_string(i), node);
  const Model model = std::move(builder).build();

  for (EntityIndex i = 0; i < 1000; ++i) EXPECT_EQ(model.find_entity("pump-" + std::to_string(i)), i);
  EXPECT_EQ(model.find_entity("pump-1000"), kNone);
  EXPECT_EQ(model.find_entity(""), kNone);
}

TEST(Model, AParameterIsTheEntitysOwnElseTheTypesDefaultAndTheLatestSettingWins) {
  ModelBuilder builder("m");
  const TypeIndex node = builder.add_type(node_type());
  builder.add_entity("a", node);
  builder.add_entity("b", node);
  builder.set_parameter(1, 0, Value::number(8));
  builder.set_parameter(1, 0, Value::number(9));
  const Model model = std::move(builder).build();

  EXPECT_EQ(model.parameter(0, 0), Value::number(7));
  EXPECT_EQ(model.parameter(1, 0), Value::number(9));
}

TEST(Model, TagsBelongToTheirEntity) {
  ModelBuilder builder("m");
  const TypeIndex node = builder.add_type(node_type());
  builder.add_entity("a", node);
  builder.add_entity("b", node);
  builder.add_tag(1, "critical");
  builder.add_tag(1, "roof");
  const Model model = std::move(builder).build();

  EXPECT_THAT(model.tags(0), IsEmpty());
  EXPECT_THAT(model.tags(1), ElementsAre("critical", "roof"));
}

TEST(Model, TheVersionIsTheBlake2bOfItsTextAndOfTheParameterFilesOverIt) {
  const auto version = [](std::string text, std::vector<std::string> parameters) {
    ModelBuilder builder("m");
    builder.set_source_text(std::move(text));
    for (std::string& parameter : parameters) builder.add_parameter_text(std::move(parameter));
    return std::move(builder).build().version();
  };
  // As `printf abc | b2sum -l 256` says.
  EXPECT_EQ(version("abc", {}), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  EXPECT_NE(version("abc", {}), version("abd", {}));
  EXPECT_NE(version("abc", {}), version("abc", {""}));
  EXPECT_NE(version("abc", {"d"}), version("abcd", {""}));
  EXPECT_NE(version("abc", {"d", "e"}), version("abc", {"de"}));
}

TEST(Model, SymbolsOfConstraintsStandAtFixedIndicesAndOthersFollow) {
  ModelBuilder builder("m");
  const Symbol running = builder.intern("running");
  EXPECT_EQ(builder.intern("running"), running);
  const Model model = std::move(builder).build();

  EXPECT_EQ(model.symbol_text(Model::kSatisfied), "satisfied");
  EXPECT_EQ(model.symbol_text(Model::kViolated), "violated");
  EXPECT_EQ(model.symbol_text(Model::kUnknown), "unknown");
  EXPECT_EQ(model.find_symbol("running"), running);
  EXPECT_EQ(model.find_symbol("stopped"), std::nullopt);
}

TEST(Model, AnUndeclaredSourceIsTheDefaultOneWhereThereIsOne) {
  ModelBuilder strict("m");
  strict.add_source({"bms", kMinute, kSecond});
  EXPECT_EQ(std::move(strict).build().find_source("plc"), std::nullopt);

  ModelBuilder open("m");
  open.add_source({"bms", kMinute, kSecond});
  const SourceIndex any = open.add_source({"*", 0, kSecond});
  const Model model = std::move(open).build();
  EXPECT_EQ(model.find_source("bms"), 0);
  EXPECT_EQ(model.find_source("plc"), any);
}

TEST(Model, AHundredThousandEntitiesWithTwoInputsEachAreLinkedInBothDirections) {
  constexpr EntityIndex kEntities = 100'000;
  constexpr EntityIndex kWidth = 100;
  ModelBuilder builder("lattice");
  const TypeIndex leaf = builder.add_type(node_type());
  const TypeIndex pair = builder.add_type(two_input_type());
  for (EntityIndex i = 0; i < kEntities; ++i) {
    builder.add_entity("node-" + std::to_string(i), i < kWidth ? leaf : pair);
    if (i < kWidth) continue;
    builder.bind(i, 0, {i - kWidth, 1, {}});
    builder.bind(i, 1, {i / kWidth * kWidth - kWidth + (i + 1) % kWidth, 1, {}});
  }
  const Model model = std::move(builder).build();

  ASSERT_EQ(model.entity_count(), kEntities);
  EXPECT_EQ(model.find_entity("node-99999"), 99'999u);
  EXPECT_THAT(copy(model.dependents(150)), ElementsAre(249, 250));
  EXPECT_THAT(producers(model, 249, 1), ElementsAre(150));
  EXPECT_THAT(producers(model, 299, 1), ElementsAre(100));
  EXPECT_EQ(model.topological_order().size(), kEntities);
}

TEST(ModelDeathTest, ACycleIsABugOfWhoeverBuiltTheModel) {
  const auto build_cycle = [] {
    ModelBuilder builder("m");
    const TypeIndex node = builder.add_type(node_type());
    builder.add_entity("a", node);
    builder.add_entity("b", node);
    builder.bind(0, 0, {1, 1, {}});
    builder.bind(1, 0, {0, 1, {}});
    return std::move(builder).build();
  };
  EXPECT_DEATH(build_cycle(), "cycle");
}

}  // namespace
}  // namespace pollux::schema
