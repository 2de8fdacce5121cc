// Epoch records to and from bytes, by name rather than index, so that they outlive the model version they
// were written under. Layout: schema/journal.capnp.
#pragma once

#include <string>
#include <string_view>

#include "schema/event.h"
#include "schema/model.h"
#include "schema/result.h"

namespace pollux::schema {

/// Appends the packed record to `bytes`.
void encode(const EpochRecord& record, const Model& model, std::string& bytes);

/// Errors: corrupt where the bytes are not a record; not_found where a name in it is not in the model.
Result<EpochRecord> decode_epoch(std::string_view bytes, const Model& model);

}  // namespace pollux::schema
