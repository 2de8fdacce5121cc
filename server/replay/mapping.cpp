#include "server/replay/mapping.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>

namespace pollux::server {

using schema::Diagnostic;
using schema::Diagnostics;
using schema::SourceLocation;

namespace {

SourceLocation location(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

std::string describe(const YAML::Node& node) {
  if (node.IsScalar()) return "`" + node.Scalar() + "`";
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return "nothing";
}

// Walks the YAML of one mapping, collecting what is wrong with it.
class MappingReader {
 public:
  explicit MappingReader(const std::string& file) { mapping_.file = file; }

  std::variant<Mapping, MappingErrors> read(std::string_view text);

 private:
  using Reader = std::function<void(const YAML::Node&)>;
  struct Key {
    const char* name;
    Reader read;
    bool required = false;
  };

  void add(SourceLocation where, std::string message, std::string found = {}, std::string expected = {},
           std::string nearest = {}) {
    diagnostics_.push_back(
        {where, std::move(message), std::move(found), std::move(expected), std::move(nearest)});
  }
  // Reads a map with a fixed set of keys, each at most once.
  void read_map(const YAML::Node& node, const std::string& what, const std::vector<Key>& keys);
  bool read_text(const YAML::Node& node, const char* what, std::string& target);
  void read_delimiter(const YAML::Node& node);
  void read_time(const YAML::Node& node);
  void read_missing(const YAML::Node& node);
  void read_columns(const YAML::Node& node);
  void read_column(const YAML::Node& name, const YAML::Node& node);
  void read_target(const YAML::Node& node, MappedColumn& column);
  void read_type(const YAML::Node& node, MappedColumn& column);

  Mapping mapping_;
  Diagnostics diagnostics_;
  std::string zone_;
};

void MappingReader::read_map(const YAML::Node& node, const std::string& what, const std::vector<Key>& keys) {
  if (!node.IsMap()) {
    std::string expected = "a map with";
    for (const Key& key : keys) expected += std::string(" ") + key.name;
    add(location(node.Mark()), what + " must be a map", describe(node), expected);
    return;
  }
  std::vector<std::string> names;
  for (const Key& key : keys) names.emplace_back(key.name);
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
    const auto key = std::find(names.begin(), names.end(), name);
    if (key == names.end()) {
      add(location(entry.first.Mark()), what + " has no such key", describe(entry.first), {},
          schema::nearest_name(name, names));
    } else if (!seen.insert(name).second) {
      add(location(entry.first.Mark()), "`" + name + "` is given twice");
    } else {
      keys[static_cast<std::size_t>(key - names.begin())].read(entry.second);
    }
  }
  for (const Key& key : keys) {
    if (key.required && !seen.contains(key.name)) {
      add(location(node.Mark()), what + " lacks `" + key.name + "`");
    }
  }
}

bool MappingReader::read_text(const YAML::Node& node, const char* what, std::string& target) {
  if (!node.IsScalar() || node.Scalar().empty()) {
    add(location(node.Mark()), std::string(what) + " must be a text", describe(node));
    return false;
  }
  target = node.Scalar();
  return true;
}

void MappingReader::read_delimiter(const YAML::Node& node) {
  std::string text;
  if (!read_text(node, "`delimiter`", text)) return;
  if (text == "tab") text = "\t";
  if (text.size() != 1 || text == "\"" || text == "\n" || text == "\r") {
    add(location(node.Mark()), "`delimiter` must be one character that separates columns", describe(node),
        "a character such as \";\", or tab");
    return;
  }
  mapping_.delimiter = text[0];
}

void MappingReader::read_time(const YAML::Node& node) {
  SourceLocation format_where = location(node.Mark());
  mapping_.time_where = format_where;
  read_map(node, "`time`",
           {{"column",
             [&](const YAML::Node& n) {
               mapping_.time_where = location(n.Mark());
               read_text(n, "`column`", mapping_.time_column);
             },
             true},
            {"format",
             [&](const YAML::Node& n) {
               format_where = location(n.Mark());
               read_text(n, "`format`", mapping_.time_format);
             },
             true},
            {"zone", [&](const YAML::Node& n) { read_text(n, "`zone`", zone_); }}});
  if (mapping_.time_format.empty()) return;
  auto time = TimeColumn::create(mapping_.time_format, zone_);
  if (time.ok()) {
    mapping_.time = *time;
  } else {
    add(format_where, time.error().message, {}, time.error().advice);
  }
}

void MappingReader::read_missing(const YAML::Node& node) {
  if (!node.IsSequence()) {
    add(location(node.Mark()), "`missing` must be a list of the texts that mean no value", describe(node),
        "a list such as [\"\", NA]");
    return;
  }
  mapping_.missing.clear();
  for (const auto& item : node) mapping_.missing.push_back(item.IsScalar() ? item.Scalar() : std::string());
}

void MappingReader::read_target(const YAML::Node& node, MappedColumn& column) {
  column.to_where = location(node.Mark());
  std::string text;
  if (!read_text(node, "`to`", text)) return;
  const std::size_t dot = text.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) {
    add(column.to_where, "`to` must name an attribute of an entity", describe(node), "ENTITY.ATTRIBUTE");
    return;
  }
  column.entity = text.substr(0, dot);
  column.attribute = text.substr(dot + 1);
}

void MappingReader::read_type(const YAML::Node& node, MappedColumn& column) {
  const std::string text = node.IsScalar() ? node.Scalar() : std::string();
  if (text == "number") {
    column.type = CellType::number;
  } else if (text == "boolean") {
    column.type = CellType::boolean;
  } else if (text == "text") {
    column.type = CellType::text;
  } else {
    add(location(node.Mark()), "no such type of cell", describe(node), "number, boolean or text",
        schema::nearest_name(text, {"number", "boolean", "text"}));
  }
}

void MappingReader::read_column(const YAML::Node& name, const YAML::Node& node) {
  MappedColumn column;
  column.column = name.IsScalar() ? name.Scalar() : std::string();
  column.column_where = location(name.Mark());
  read_map(node, "column `" + column.column + "`",
           {{"to", [&](const YAML::Node& n) { read_target(n, column); }, true},
            {"unit",
             [&](const YAML::Node& n) {
               column.unit_where = location(n.Mark());
               if (!read_text(n, "`unit`", column.unit)) return;
               const auto unit = schema::parse_unit(column.unit);
               if (!unit.ok()) add(column.unit_where, unit.error().message, describe(n), unit.error().advice);
             }},
            {"type", [&](const YAML::Node& n) { read_type(n, column); }}});
  for (const MappedColumn& other : mapping_.columns) {
    if (other.column == column.column) {
      add(column.column_where, "column `" + column.column + "` is mapped twice");
    } else if (other.entity == column.entity && other.attribute == column.attribute &&
               !other.entity.empty()) {
      add(column.to_where, "two columns feed the same attribute",
          "`" + column.entity + "." + column.attribute + "` also comes from `" + other.column + "`");
    }
  }
  mapping_.columns.push_back(std::move(column));
}

void MappingReader::read_columns(const YAML::Node& node) {
  if (!node.IsMap() || node.size() == 0) {
    add(location(node.Mark()), "`columns` must map at least one column", describe(node),
        "COLUMN: {to: ENTITY.ATTRIBUTE, unit: UNIT}");
    return;
  }
  for (const auto& entry : node) read_column(entry.first, entry.second);
}

std::variant<Mapping, MappingErrors> MappingReader::read(std::string_view text) {
  const auto failed = [&] { return MappingErrors{mapping_.file, std::move(diagnostics_)}; };
  if (text.size() > kMappingBytesMax) {
    add({}, "a mapping may have at most " + std::to_string(kMappingBytesMax) + " bytes");
    return failed();
  }
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    read_map(root, "the mapping",
             {{"source",
               [&](const YAML::Node& n) {
                 mapping_.source_where = location(n.Mark());
                 read_text(n, "`source`", mapping_.source);
               },
               true},
              {"time", [&](const YAML::Node& n) { read_time(n); }, true},
              {"delimiter", [&](const YAML::Node& n) { read_delimiter(n); }},
              {"missing", [&](const YAML::Node& n) { read_missing(n); }},
              {"columns", [&](const YAML::Node& n) { read_columns(n); }, true}});
  } catch (const YAML::Exception& error) {
    add(location(error.mark), "not YAML: " + error.msg);
  }
  if (!diagnostics_.empty()) {
    std::stable_sort(diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
      return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
    });
    return failed();
  }
  return std::move(mapping_);
}

// What is wrong with one column against the type of its entity.
void check_attribute(const MappedColumn& column, const schema::EntityType& type, Diagnostics& diagnostics) {
  std::vector<std::string> observed;
  const schema::Attribute* found = nullptr;
  for (const schema::Attribute& attribute : type.attributes) {
    if (attribute.role == schema::Role::observed) observed.push_back(attribute.name);
    if (attribute.name == column.attribute) found = &attribute;
  }
  if (found == nullptr || found->role != schema::Role::observed) {
    const std::string what = found == nullptr ? "no such attribute" : "not fed by events";
    diagnostics.push_back({column.to_where, "`" + column.attribute + "` of type " + type.name + ": " + what,
                           column.entity + "." + column.attribute, "an observed attribute",
                           schema::nearest_name(column.attribute, observed)});
    return;
  }
  const bool is_number = found->spec.type == schema::ValueType::number;
  if (is_number != (column.type == CellType::number)) {
    diagnostics.push_back({column.to_where,
                           "the type of the cells does not fit the attribute",
                           {},
                           std::string("`type` for a ") + schema::name_of(found->spec.type),
                           {}});
  } else if (is_number && !column.unit.empty()) {
    const auto unit = schema::parse_unit(column.unit);
    if (unit.ok() && !schema::convertible(*unit, found->spec.unit)) {
      diagnostics.push_back({column.unit_where,
                             "the unit does not fit the attribute",
                             column.unit,
                             "a unit convertible to " + found->spec.unit.text,
                             {}});
    }
  }
}

}  // namespace

std::string MappingErrors::text() const {
  std::string result;
  for (const Diagnostic& diagnostic : diagnostics) result += diagnostic.text(file) + "\n";
  return result;
}

std::variant<Mapping, MappingErrors> parse_mapping(std::string_view text, const std::string& file) {
  return MappingReader(file).read(text);
}

Diagnostics check_columns(const Mapping& mapping, const std::vector<std::string_view>& header) {
  Diagnostics diagnostics;
  const std::vector<std::string> names(header.begin(), header.end());
  const auto check = [&](const std::string& column, SourceLocation where) {
    const auto count = std::count(names.begin(), names.end(), column);
    if (count == 1) return;
    diagnostics.push_back({where,
                           count == 0 ? "the CSV file has no column `" + column + "`"
                                      : "the CSV file has more than one column `" + column + "`",
                           {},
                           {},
                           schema::nearest_name(column, names)});
  };
  check(mapping.time_column, mapping.time_where);
  for (const MappedColumn& column : mapping.columns) check(column.column, column.column_where);
  return diagnostics;
}

Diagnostics check_model(const Mapping& mapping, const schema::Model& model) {
  Diagnostics diagnostics;
  if (!model.find_source(mapping.source)) {
    std::vector<std::string> names;
    for (const schema::Source& source : model.sources()) names.push_back(source.name);
    diagnostics.push_back({mapping.source_where,
                           "the model declares no source `" + mapping.source + "`",
                           {},
                           {},
                           schema::nearest_name(mapping.source, names)});
  }
  for (const MappedColumn& column : mapping.columns) {
    const schema::EntityIndex entity = model.find_entity(column.entity);
    if (entity == schema::kNone) {
      diagnostics.push_back({column.to_where,
                             "the model has no entity `" + column.entity + "`",
                             {},
                             {},
                             model.nearest_entity(column.entity)});
    } else {
      check_attribute(column, model.type_of(entity), diagnostics);
    }
  }
  return diagnostics;
}

}  // namespace pollux::server
