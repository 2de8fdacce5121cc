#include "server/replay/score.h"

#include <algorithm>
#include <charconv>

#include "server/replay/csv_reader.h"

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

std::optional<double> ratio(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

Result<bool> parse_label(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && (number == 0 || number == 1)) {
    return number == 1;
  }
  return Error{
      ErrorCode::invalid, "`" + std::string(text) + "` is not a label: expected 0, 1, true or false", {}, {}};
}

// The labels of a file by row, from 1; the only reader of the label column.
Result<std::vector<bool>> read_labels(const std::string& file, char delimiter, const std::string& column) {
  Result<CsvReader> reader = CsvReader::open(file, delimiter);
  if (!reader.ok()) return std::move(reader).error();
  CsvRecord record;
  std::vector<bool> labels = {false};
  std::size_t field = 0;
  for (bool header = true;; header = false) {
    Result<CsvReader::Outcome> outcome = reader->next(record);
    if (!outcome.ok()) return std::move(outcome).error();
    if (*outcome == CsvReader::Outcome::end) return labels;
    if (header) {
      const auto found = std::find(record.fields.begin(), record.fields.end(), column);
      if (found == record.fields.end()) {
        const std::vector<std::string> names(record.fields.begin(), record.fields.end());
        return Error{ErrorCode::invalid, "there is no column `" + column + "` with labels", file + ":1",
                     "nearest: `" + schema::nearest_name(column, names) + "`"};
      }
      field = static_cast<std::size_t>(found - record.fields.begin());
    } else if (*outcome == CsvReader::Outcome::malformed || record.fields.size() <= field) {
      labels.push_back(false);  // the row gave no events either, and is not scored
    } else {
      Result<bool> label = parse_label(record.fields[field]);
      if (!label.ok()) {
        Error error = std::move(label).error();
        error.where = file + ":" + std::to_string(record.line);
        return error;
      }
      labels.push_back(*label);
    }
  }
}

struct Constraint {
  std::string id;
  WatchedAttribute status;
};

std::vector<Constraint> constraints_of(const schema::Model& model) {
  std::vector<Constraint> constraints;
  for (schema::EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    const auto& rule = model.type_of(entity).constraint;
    if (rule) constraints.push_back({model.id(entity), {entity, rule->status}});
  }
  return constraints;
}

enum class Status : std::uint8_t { satisfied, violated, unknown };

Status status_of(const schema::Value& value) {
  if (!value.usable() || value.as_symbol() == schema::Model::kUnknown) return Status::unknown;
  return value.as_symbol() == schema::Model::kViolated ? Status::violated : Status::satisfied;
}

// Follows the labelled intervals while the rows go by.
class IntervalTracker {
 public:
  explicit IntervalTracker(std::vector<LabelledInterval>& intervals) : intervals_(intervals) {}

  void add(schema::EventTime time, bool labelled, bool found) {
    if (labelled && !inside_) intervals_.push_back({time, time, std::nullopt});
    inside_ = labelled;
    if (!labelled) return;
    LabelledInterval& present = intervals_.back();
    present.to = time;
    if (found && !present.delay) present.delay = time - present.from;
  }

 private:
  std::vector<LabelledInterval>& intervals_;
  bool inside_ = false;
};

void add_episodes(const Constraint& constraint, const Timeline& timeline,
                  std::vector<FoundEpisode>& episodes) {
  bool open = false;
  for (const auto& [time, value] : timeline.values()) {
    const bool violated = status_of(value) == Status::violated;
    if (violated && !open) episodes.push_back({constraint.id, time, schema::kNever});
    if (!violated && open) episodes.back().to = time;
    open = violated;
  }
}

RunScore compare(const std::vector<Constraint>& constraints, const RecordedRun& run,
                 const std::vector<bool>& labels, std::uint64_t rows_not_scored) {
  RunScore score;
  score.run = run.name;
  score.rows_rejected = run.totals.rows_rejected;
  score.digest = run.digest;
  for (const Constraint& constraint : constraints) score.constraints.push_back({constraint.id, {}, 0});
  IntervalTracker tracker(score.intervals);
  for (const RecordedRow& row : run.rows) {
    if (row.row <= rows_not_scored) continue;
    const bool labelled = labels[row.row];
    bool any_violated = false;
    bool any_known = false;
    for (std::size_t i = 0; i < constraints.size(); ++i) {
      const Status status = status_of(run.timelines[i].at(row.time));
      any_violated |= status == Status::violated;
      any_known |= status != Status::unknown;
      score.constraints[i].agreement.add(labelled, status == Status::violated);
      if (status == Status::unknown) ++score.constraints[i].unknown_rows;
    }
    ++score.rows;
    if (!any_known) ++score.undecided_rows;
    score.agreement.add(labelled, any_violated);
    tracker.add(row.time, labelled, any_violated);
  }
  for (std::size_t i = 0; i < constraints.size(); ++i) {
    add_episodes(constraints[i], run.timelines[i], score.episodes);
  }
  std::stable_sort(score.episodes.begin(), score.episodes.end(),
                   [](const FoundEpisode& a, const FoundEpisode& b) { return a.from < b.from; });
  return score;
}

// The model for one file: as given, or with parameters learned from the file's start.
Result<std::shared_ptr<const schema::Model>> commissioned(const ModelText& model, const Mapping& mapping,
                                                          const std::string& file,
                                                          const ScoreOptions& options) {
  if (options.commission_rows == 0) return load(model);
  const BaselineOptions learning{file, {1, options.commission_rows}, options.commission_only};
  Result<Baseline> baseline = learn_baseline(model, mapping, learning);
  if (!baseline.ok()) return std::move(baseline).error();
  ModelText text = model;
  text.parameters.push_back({"commissioned", parameter_file_text(*baseline, model.file)});
  return load(text);
}

Result<RunScore> score_run(const ModelText& text, const Mapping& mapping, const std::string& file,
                           const ScoreOptions& options) {
  Result<std::shared_ptr<const schema::Model>> model = commissioned(text, mapping, file, options);
  if (!model.ok()) return std::move(model).error();
  const std::vector<Constraint> constraints = constraints_of(**model);
  if (constraints.empty()) {
    return Error{
        ErrorCode::invalid, "the model has no constraint, so there is nothing to score", text.file, {}};
  }
  std::vector<WatchedAttribute> watched;
  for (const Constraint& constraint : constraints) watched.push_back(constraint.status);
  Result<RecordedRun> run = run_recorded(*model, mapping, file, {}, watched);
  if (!run.ok()) return std::move(run).error();
  Result<std::vector<bool>> labels = read_labels(file, mapping.delimiter, options.label_column);
  if (!labels.ok()) return std::move(labels).error();
  return compare(constraints, *run, *labels, options.commission_rows);
}

}  // namespace

void Agreement::add(bool labelled, bool found) {
  if (labelled) {
    ++(found ? true_positive : false_negative);
  } else {
    ++(found ? false_positive : true_negative);
  }
}

void Agreement::add(const Agreement& other) {
  true_positive += other.true_positive;
  false_positive += other.false_positive;
  false_negative += other.false_negative;
  true_negative += other.true_negative;
}

std::optional<double> Agreement::precision() const {
  return ratio(true_positive, true_positive + false_positive);
}

std::optional<double> Agreement::recall() const {
  return ratio(true_positive, true_positive + false_negative);
}

std::optional<double> Agreement::f1() const {
  return ratio(2 * true_positive, 2 * true_positive + false_positive + false_negative);
}

std::optional<double> Agreement::false_alarm_rate() const {
  return ratio(false_positive, false_positive + true_negative);
}

namespace {

Result<void> check_labels_unseen(const Mapping& mapping, const std::string& label_column) {
  const auto refuse = [&](schema::SourceLocation where) {
    return Error{
        ErrorCode::invalid, "the mapping feeds the label column `" + label_column + "` to the twin",
        mapping.file + ":" + std::to_string(where.line),
        "a score against labels the twin has seen means nothing: take the column out of the mapping"};
  };
  if (mapping.time_column == label_column) return refuse(mapping.time_where);
  for (const MappedColumn& column : mapping.columns) {
    if (column.column == label_column) return refuse(column.column_where);
  }
  return {};
}

}  // namespace

Result<std::vector<RunScore>> score_runs(const ModelText& model, const Mapping& mapping,
                                         const ScoreOptions& options) {
  if (auto unseen = check_labels_unseen(mapping, options.label_column); !unseen.ok()) return unseen.error();
  std::vector<RunScore> scores;
  for (const std::string& file : options.files) {
    Result<RunScore> score = score_run(model, mapping, file, options);
    if (!score.ok()) return std::move(score).error();
    scores.push_back(std::move(score).value());
  }
  return scores;
}

RunScore total_of(const std::vector<RunScore>& scores) {
  RunScore total;
  total.run = "total";
  for (const RunScore& score : scores) {
    total.rows += score.rows;
    total.rows_rejected += score.rows_rejected;
    total.undecided_rows += score.undecided_rows;
    total.agreement.add(score.agreement);
    total.intervals.insert(total.intervals.end(), score.intervals.begin(), score.intervals.end());
    if (total.constraints.empty()) {
      for (const ConstraintScore& one : score.constraints)
        total.constraints.push_back({one.constraint, {}, 0});
    }
    for (std::size_t i = 0; i < score.constraints.size(); ++i) {
      total.constraints[i].agreement.add(score.constraints[i].agreement);
      total.constraints[i].unknown_rows += score.constraints[i].unknown_rows;
    }
  }
  return total;
}

}  // namespace pollux::server
