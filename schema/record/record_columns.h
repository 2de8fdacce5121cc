// The columns of a stored batch. Layout: schema/record/journal.capnp.
#pragma once

#include <cstdint>

#include "schema/record/journal.capnp.h"

namespace pollux::schema {

/// Each fetched once: fetching counts against the traversal limit. Points into the message.
struct RecordColumns {
  explicit RecordColumns(wire::EventBatch::Reader batch)
      : times(batch.getTimes()),
        sequences(batch.getSequences()),
        entity_rows(batch.getEntityRows()),
        source_rows(batch.getSourceRows()),
        kinds(batch.getKinds()),
        id_sizes(batch.getIdSizes()),
        undeclared_source_sizes(batch.getUndeclaredSourceSizes()),
        value_counts(batch.getValueCounts()),
        text(batch.getText()),
        attribute_rows(batch.getAttributeRows()),
        bits(batch.getBits()),
        qualities(batch.getQualities()),
        reasons(batch.getReasons()),
        named_sizes(batch.getNamedSizes()) {}

  bool equally_long() const {
    const auto n = times.size();
    const auto m = bits.size();
    if (named_sizes.size() != 0 && named_sizes.size() != n) return false;
    return sequences.size() == n && entity_rows.size() == n && source_rows.size() == n && kinds.size() == n &&
           id_sizes.size() == n && undeclared_source_sizes.size() == n && value_counts.size() == n &&
           attribute_rows.size() == m && qualities.size() == m && reasons.size() == m;
  }

  capnp::List<std::int64_t>::Reader times;
  capnp::List<std::uint64_t>::Reader sequences;
  capnp::List<std::uint32_t>::Reader entity_rows;
  capnp::List<std::uint16_t>::Reader source_rows;
  capnp::List<std::uint8_t>::Reader kinds;
  capnp::List<std::uint16_t>::Reader id_sizes;
  capnp::List<std::uint16_t>::Reader undeclared_source_sizes;
  capnp::List<std::uint16_t>::Reader value_counts;
  capnp::Data::Reader text;
  capnp::List<std::uint32_t>::Reader attribute_rows;
  capnp::List<std::uint64_t>::Reader bits;
  capnp::List<std::uint8_t>::Reader qualities;
  capnp::List<std::uint8_t>::Reader reasons;
  capnp::List<std::uint16_t>::Reader named_sizes;
};

}  // namespace pollux::schema
