// The names a stored record speaks with, and what they mean in a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/model/model.h"
#include "schema/record/journal.capnp.h"
#include "schema/result.h"
#include "schema/unit.h"
#include "schema/value.h"

namespace pollux::schema {

Error corrupt_record(std::string message);

/// The tables of one record, resolved against a model, which must outlive this. The views point into the
/// record's message.
///
/// Errors: corrupt where the table itself is wrong; not_found and conflict where the model does not have a
/// name, or has it for something else.
class RecordNames {
 public:
  /// What a row of the record's attribute table means in the model, for the type it was last asked about.
  struct ResolvedAttribute {
    TypeIndex type = kNone;
    AttributeSlot slot = kNoSlot;
    const Attribute* attribute = nullptr;
    Conversion conversion;
  };
  struct StoredAttribute {
    std::string_view name;
    std::string_view unit;
    ValueType type = ValueType::number;
    ResolvedAttribute resolved;
  };
  /// The model of today may have the name as its own, or let its default source stand for it, or neither.
  struct StoredSource {
    std::string_view name;
    std::optional<SourceIndex> index;
  };
  struct StoredEntity {
    std::string_view name;
    EntityIndex index = kNone;
  };

  explicit RecordNames(const Model& model) : model_(model) {}

  /// Takes the tables of another record.
  Result<void> read(wire::EventBatch::Reader in);

  const std::vector<StoredEntity>& entities() const { return entities_; }
  const std::vector<StoredSource>& sources() const { return sources_; }
  std::vector<StoredAttribute>& attributes() { return attributes_; }

  /// Whether the model has the entity.
  Result<void> check(const StoredEntity& stored) const;
  /// Makes `stored.resolved` tell of `type`.
  Result<void> resolve(StoredAttribute& stored, TypeIndex type) const;
  /// The value that row `bits` of the symbol table is of this attribute.
  Result<Value> symbol(std::uint64_t bits, Quality quality, Reason reason, const Attribute& attribute) const;

  /// What to do where a name does not fit.
  static const char* advice();

 private:
  Result<void> read_attributes(wire::EventBatch::Reader in);

  const Model& model_;
  std::vector<StoredEntity> entities_;
  std::vector<StoredSource> sources_;
  std::vector<StoredAttribute> attributes_;
  std::vector<std::string_view> symbols_;
};

}  // namespace pollux::schema
