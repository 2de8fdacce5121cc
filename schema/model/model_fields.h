// Reads the pieces a model file is made of: mappings with known keys, names, words, numbers, values.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/expression/expression.h"
#include "schema/model/error_list.h"
#include "schema/model/model.h"
#include "schema/model/yaml_tree.h"

namespace pollux::schema {

/// Bounds on names and texts of a model file.
inline constexpr std::size_t kNameBytesMax = 128;
inline constexpr std::size_t kModelTextBytesMax = 4096;

/// What a message is about: `type 'Pump'`.
struct Subject {
  std::string_view noun;
  std::string_view name;
  std::string text() const;
};

/// A mapping with known keys. Reports on construction what is no mapping and each key it does not know;
/// nothing at all stands for an empty mapping.
class Fields {
 public:
  Fields(YamlNode node, Subject subject, std::span<const std::string_view> known, ErrorList& errors);

  /// Whether everything written here was understood; otherwise what is missing may be there, misspelt.
  bool complete() const { return complete_; }
  std::optional<YamlNode> find(std::string_view key) const;
  /// Reports a missing key, unless it may be there misspelt. `meaning` completes "it needs KEY: MEANING".
  std::optional<YamlNode> require(std::string_view key, std::string_view meaning) const;

 private:
  void report_unknown_key(YamlNode key, std::span<const std::string_view> known);

  YamlNode node_;
  Subject subject_;
  ErrorList& errors_;
  bool complete_ = true;
};

/// The mapping itself; reports what is none. Nothing at all is an empty one.
std::optional<YamlNode> read_mapping(YamlNode node, Subject subject, ErrorList& errors);

enum class NameForm { type, attribute, entity };
/// Reports a name that breaks the rules of its form or is longer than `kNameBytesMax`.
bool check_name(YamlNode node, NameForm form, ErrorList& errors);

/// Each of these reports what it cannot read. `what` begins the message: "the unit", "'for'".
std::optional<std::string_view> read_text(YamlNode node, std::string_view what, ErrorList& errors);
std::optional<bool> read_boolean(YamlNode node, std::string_view what, ErrorList& errors);
std::optional<Duration> read_duration(YamlNode node, std::string_view what, ErrorList& errors);
std::optional<std::size_t> read_word(YamlNode node, std::string_view what,
                                     std::span<const std::string_view> words, ErrorList& errors);
/// A number, in `unit` where it is written without one, converted to `unit` otherwise.
std::optional<double> read_number(YamlNode node, std::string_view what, const Unit& unit, ErrorList& errors);
/// A value of the kind that `spec` says.
std::optional<Value> read_value(YamlNode node, std::string_view what, const ValueSpec& spec,
                                const ModelBuilder& symbols, ErrorList& errors);
/// The keys `type`, `unit` and `values` of an attribute or input.
std::optional<ValueSpec> read_spec(const Fields& fields, ModelBuilder& symbols, ErrorList& errors);

/// `kW (kg*m^2/s^3)`, `plain number`, `boolean`, `symbol (on, off)`: for messages.
std::string describe(const ValueSpec& spec, const ModelBuilder& symbols);

/// `a, b, c`: for messages.
std::string joined(std::span<const std::string_view> words);

/// The names of attributes or inputs, as candidates for a nearest name.
template <class Items>
std::vector<std::string> names_of(const Items& items) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name);
  return names;
}

}  // namespace pollux::schema
