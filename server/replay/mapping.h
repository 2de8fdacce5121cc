// The mapping file of a replay: which column of a CSV file says what about which attribute. Format:
// server/replay/MAPPING.md.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/diagnostic.h"
#include "schema/model/model.h"
#include "server/replay/time_column.h"

namespace pollux::server {

inline constexpr std::size_t kMappingBytesMax = 1u << 20;

/// How the text of a cell becomes a value.
enum class CellType : std::uint8_t { number, boolean, text };

/// One mapped column.
struct MappedColumn {
  std::string column;
  std::string entity;
  std::string attribute;
  std::string unit;  ///< Empty: the attribute's own.
  CellType type = CellType::number;
  schema::SourceLocation column_where;
  schema::SourceLocation to_where;
  schema::SourceLocation unit_where;
};

/// A mapping as read; names in it are not resolved yet.
struct Mapping {
  std::string file;  ///< For messages.
  std::string source;
  char delimiter = ',';
  std::string time_column;
  std::string time_format;
  TimeColumn time;
  std::vector<std::string> missing = {""};  ///< Cells that mean "nothing was measured".
  std::vector<MappedColumn> columns;        ///< In file order.
  schema::SourceLocation source_where;
  schema::SourceLocation time_where;
};

/// What is wrong with a mapping: all of it, in file order.
struct MappingErrors {
  std::string file;
  schema::Diagnostics diagnostics;
  std::string text() const;
};

std::variant<Mapping, MappingErrors> parse_mapping(std::string_view text, const std::string& file);

/// What in `mapping` does not fit the columns of a CSV file; empty when all is well.
schema::Diagnostics check_columns(const Mapping& mapping, const std::vector<std::string_view>& header);

/// What in `mapping` does not fit `model`: source, entities, attributes, units, types.
schema::Diagnostics check_model(const Mapping& mapping, const schema::Model& model);

}  // namespace pollux::server
