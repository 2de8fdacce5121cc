#include "actors/journal/journal.h"

namespace pollux::actors {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

// What a journal without a data directory has nothing to do about.

Result<void> Journal::note_covered(schema::Position) {
  return {};
}

Result<void> Journal::drop_before(schema::Position) {
  return Error{ErrorCode::conflict, "this journal keeps all of its records", "", ""};
}

Result<std::array<unsigned char, 32>> Journal::hash_at(schema::Position) const {
  return std::array<unsigned char, 32>{};
}

Result<BackupInfo> Journal::back_up(const std::string&, const std::string&) const {
  return Error{ErrorCode::conflict, "this twin is not stored: there is nothing to back up", "", ""};
}

}  // namespace pollux::actors
