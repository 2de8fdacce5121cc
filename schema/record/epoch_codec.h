// Epoch records and quarantined events to and from bytes, by name rather than index, so that they outlive the
// model version they were written under. Layout: schema/record/journal.capnp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/result.h"

namespace pollux::schema {

/// Most bytes of one record once unpacked; what claims to be larger is refused before it is allocated.
inline constexpr std::size_t kRecordBytesMax = 256u << 20;

/// Writes records. Keeps its buffers and an index the size of the model between calls, so one event costs no
/// hash lookup and no allocation. One thread at a time. The model must outlive it.
class RecordEncoder {
 public:
  explicit RecordEncoder(const Model& model);
  ~RecordEncoder();
  RecordEncoder(RecordEncoder&&) noexcept;

  /// Appends the packed record to `bytes`. REQUIRES: every index of the batch is one of the model, and every
  /// value has the type its attribute declares.
  void encode(const EpochRecord& record, std::string& bytes);
  void encode(const QuarantinedEvent& event, std::string& bytes);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// What a decoder does with names that the model no longer has, or has for something else.
enum class MisfitPolicy : std::uint8_t {
  refuse,  ///< The record is refused.
  /// What does not fit is left out and told: values, all that an event says of an entity that is gone (its
  /// identity and what it corrects stay), events without source.
  leave_out,
};

/// Reads records of any earlier version of the model. Safe on any bytes: never reads out of bounds, never
/// allocates more than `kRecordBytesMax` and what the record then holds. One thread at a time. The model must
/// outlive it.
///
/// Errors: corrupt where the bytes are not a record; unless misfits are left out, not_found where the model
/// no longer has a name in it; conflict where the model declares a name with another type, role or dimension.
/// A number written in another, convertible unit is converted.
class RecordDecoder {
 public:
  explicit RecordDecoder(const Model& model, MisfitPolicy policy = MisfitPolicy::refuse);
  ~RecordDecoder();
  RecordDecoder(RecordDecoder&&) noexcept;

  /// Replaces the contents of `record`, whose storage is reused; unspecified after an error.
  Result<void> decode(std::string_view bytes, EpochRecord& record);
  /// Where misfits are left out, an event of which anything does not fit is left out as a whole: it is there
  /// to be admitted as it is.
  Result<void> decode(std::string_view bytes, QuarantinedEvent& event);
  /// Why an event was set aside, without looking at what the model has to know.
  Result<QuarantineReason> decode_reason(std::string_view bytes);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pollux::schema
