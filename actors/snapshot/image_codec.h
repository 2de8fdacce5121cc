// What entities are, to bytes and back. Layout: SNAPSHOT.md.
#pragma once

#include <cstdint>

#include "actors/propagation/entity_image.h"
#include "actors/storage/byte_codec.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// Times are written as differences, the first one from `clock`.
void write_image(const EntityImage& image, schema::EventTime clock, ByteWriter& out);

/// Reads one of an entity of this type into `image`, whatever was in it. False where the bytes make no sense
/// for such an entity; then `image` is not to be used.
bool read_image(ByteReader& in, const schema::Model& model, const schema::EntityType& type,
                schema::EventTime clock, EntityImage& image);

/// Raised when the engine comes to other values, or keeps other things, for the same model and events: then
/// snapshots from before must not be gone on from.
inline constexpr std::uint32_t kEngineVersion = 1;

/// A hash of what images of this model's entities look like and mean: `kEngineVersion`, the attributes of all
/// types, hidden ones included, symbols, sources and entities. Where it differs, a snapshot does not fit.
std::uint64_t shape_of(const schema::Model& model);

}  // namespace pollux::actors
