#include "actors/snapshot/snapshot_recovery.h"

#include <optional>
#include <utility>

#include "actors/snapshot/image_codec.h"

namespace pollux::actors {

using schema::Error;
using schema::ErrorCode;
using schema::Position;
using schema::Result;

namespace {

/// Why a snapshot is not the one to go on from, by what it says of itself.
std::optional<Error> misfit(const SnapshotInfo& info, const StoredSnapshot& file, const Journal& journal,
                            const History* history, const schema::Model& model) {
  const auto not_used = [&](ErrorCode code, std::string why) {
    return Error{code, "the snapshot is not used: " + std::move(why), file.path, ""};
  };
  const std::string at = std::to_string(info.position);
  if (info.position != file.position) return not_used(ErrorCode::corrupt, "its name is that of another one");
  if (info.twin != model.name()) return not_used(ErrorCode::conflict, "it is of twin `" + info.twin + "`");
  if (info.model_version != model.version()) {
    return not_used(ErrorCode::conflict, "it was taken under model version " +
                                             info.model_version.substr(0, 12) + ", and this is version " +
                                             model.version().substr(0, 12));
  }
  if (info.shape != shape_of(model)) {
    return not_used(ErrorCode::conflict,
                    "this pollux keeps other things of this model than the one that took it");
  }
  if (info.position > journal.last_position()) {
    return not_used(ErrorCode::conflict, "it is of position " + at + ", and the journal ends at " +
                                             std::to_string(journal.last_position()));
  }
  if (info.position + 1 < journal.first_position()) {
    return not_used(ErrorCode::conflict, "it is of position " + at + ", and the journal begins at " +
                                             std::to_string(journal.first_position()));
  }
  const auto record = journal.hash_at(info.position);
  if (!record.ok()) return record.error();
  if (*record != info.record)
    return not_used(ErrorCode::conflict, "the journal has another record at position " + at);
  if (history == nullptr || history->awaits_beginning()) return std::nullopt;
  if (info.position < history->bounds().begun) {
    return not_used(ErrorCode::conflict, "it is of position " + at +
                                             ", and the history was made anew at position " +
                                             std::to_string(history->bounds().begun));
  }
  if (history->bounds().complete < info.position) {
    return not_used(ErrorCode::conflict, "the history ends at position " +
                                             std::to_string(history->bounds().complete) +
                                             " and is to be completed from before it, " + at);
  }
  return std::nullopt;
}

Error no_way_to_start(const Journal& journal, const std::vector<Error>& refused) {
  std::string why = "the records before position " + std::to_string(journal.first_position()) +
                    " of the journal were dropped, and there is no snapshot to go on from";
  for (const Error& each : refused) why += "; " + each.where + ": " + each.message;
  return {
      ErrorCode::corrupt, std::move(why), "",
      "start with the model and the pollux that the data was last written under; if a snapshot is damaged, "
      "restore a backup; if the history lacks something, start with --rebuild-history: it then begins anew "
      "at "
      "the newest snapshot, and what was known before is given up"};
}

}  // namespace

Result<Recovered> recover_without_snapshots(const Journal& journal) {
  if (journal.first_position() > 1) return no_way_to_start(journal, {});
  return Recovered{};
}

Result<Recovered> recover(
    const SnapshotStore& store, const Journal& journal, const History* history, const schema::Model& model,
    const std::function<Result<void>(const SnapshotView&, const std::string&)>& restore) {
  const auto all = store.list();
  if (!all.ok()) return all.error();
  Recovered recovered;
  const auto pass_over = [&](const StoredSnapshot& file, Error why) {
    recovered.unusable.insert(file.position);
    recovered.refused.push_back(std::move(why));
  };
  for (const StoredSnapshot& file : *all) {
    const auto bytes = store.read(file);
    auto view = bytes.ok() ? read_snapshot(*bytes, file.path) : Result<SnapshotView>(bytes.error());
    if (!view.ok()) {
      pass_over(file, view.error());
    } else if (auto why = misfit(view->info, file, journal, history, model)) {
      pass_over(file, *std::move(why));
    } else if (auto restored = restore(*view, file.path); !restored.ok()) {
      pass_over(file, restored.error());
    } else {
      recovered.position = file.position;
      recovered.info = std::move(view->info);
      recovered.bytes = file.bytes;
      return recovered;
    }
  }
  if (journal.first_position() > 1) return no_way_to_start(journal, recovered.refused);
  return recovered;
}

}  // namespace pollux::actors
