#include "server/replay/score_report.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace pollux::server {

namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

double seconds(schema::Duration span) {
  return static_cast<double>(span) / schema::kSecond;
}

std::string figure(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : "-";
}

// Delays of the intervals that were noticed; a cross for each that was missed.
std::string delays(const RunScore& score) {
  constexpr std::size_t kShownMax = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShownMax, score.intervals.size()); ++i) {
    const auto& delay = score.intervals[i].delay;
    text += (i == 0 ? "" : " ") + (delay ? fmt::format("{:.0f}", seconds(*delay)) : std::string("missed"));
  }
  if (score.intervals.size() > kShownMax) text += " ...";
  return text.empty() ? "-" : text;
}

std::string mean_delay(const RunScore& total) {
  double sum = 0;
  std::size_t noticed = 0;
  for (const LabelledInterval& interval : total.intervals) {
    if (!interval.delay) continue;
    sum += seconds(*interval.delay);
    ++noticed;
  }
  const std::string share = fmt::format("{}/{} found", noticed, total.intervals.size());
  return noticed == 0 ? share : fmt::format("mean {:.0f}, {}", sum / static_cast<double>(noticed), share);
}

std::string line(const RunScore& score, const std::string& delay) {
  const Agreement& agreement = score.agreement;
  return fmt::format("{:<26} {:>6} {:>8} {:>9} {:>7} {:>7} {:>7} {:>9}  {}\n", score.run, score.rows,
                     agreement.true_positive + agreement.false_negative, figure(agreement.precision()),
                     figure(agreement.recall()), figure(agreement.f1()), figure(agreement.false_alarm_rate()),
                     score.undecided_rows, delay);
}

std::string constraint_lines(const RunScore& score) {
  std::string text;
  for (const ConstraintScore& one : score.constraints) {
    const Agreement& agreement = one.agreement;
    if (agreement.true_positive + agreement.false_positive + one.unknown_rows == 0) continue;
    text += fmt::format("    {:<22} violated at {} labelled rows, {} others; unknown at {}\n", one.constraint,
                        agreement.true_positive, agreement.false_positive, one.unknown_rows);
  }
  return text;
}

std::string episode_lines(const RunScore& score) {
  std::string text;
  for (const LabelledInterval& interval : score.intervals) {
    text += fmt::format("    labelled  {} to {}\n", schema::format_rfc3339(interval.from),
                        schema::format_rfc3339(interval.to));
  }
  for (const FoundEpisode& episode : score.episodes) {
    const std::string end =
        episode.to == schema::kNever ? "still open" : "to " + schema::format_rfc3339(episode.to);
    text += fmt::format("    found     {} {}  {}\n", schema::format_rfc3339(episode.from), end,
                        episode.constraint);
  }
  return text;
}

void write_text(Writer& writer, const char* key, const std::string& value) {
  writer.Key(key);
  writer.String(value.c_str());
}

void write_figure(Writer& writer, const char* key, const std::optional<double>& value) {
  writer.Key(key);
  value ? writer.Double(*value) : writer.Null();
}

void write_count(Writer& writer, const char* key, std::uint64_t value) {
  writer.Key(key);
  writer.Uint64(value);
}

void write_agreement(Writer& writer, const Agreement& agreement) {
  write_count(writer, "true_positive", agreement.true_positive);
  write_count(writer, "false_positive", agreement.false_positive);
  write_count(writer, "false_negative", agreement.false_negative);
  write_count(writer, "true_negative", agreement.true_negative);
  write_figure(writer, "precision", agreement.precision());
  write_figure(writer, "recall", agreement.recall());
  write_figure(writer, "f1", agreement.f1());
  write_figure(writer, "false_alarm_rate", agreement.false_alarm_rate());
}

void write_run(Writer& writer, const RunScore& score) {
  writer.StartObject();
  write_text(writer, "run", score.run);
  write_count(writer, "rows", score.rows);
  write_count(writer, "rows_rejected", score.rows_rejected);
  write_count(writer, "undecided_rows", score.undecided_rows);
  write_agreement(writer, score.agreement);
  writer.Key("intervals");
  writer.StartArray();
  for (const LabelledInterval& interval : score.intervals) {
    writer.StartObject();
    write_text(writer, "from", schema::format_rfc3339(interval.from));
    write_text(writer, "to", schema::format_rfc3339(interval.to));
    write_figure(writer, "delay_s", interval.delay ? std::optional(seconds(*interval.delay)) : std::nullopt);
    writer.EndObject();
  }
  writer.EndArray();
  writer.Key("episodes");
  writer.StartArray();
  for (const FoundEpisode& episode : score.episodes) {
    writer.StartObject();
    write_text(writer, "constraint", episode.constraint);
    write_text(writer, "from", schema::format_rfc3339(episode.from));
    writer.Key("to");
    episode.to == schema::kNever ? writer.Null() : writer.String(schema::format_rfc3339(episode.to).c_str());
    writer.EndObject();
  }
  writer.EndArray();
  writer.Key("constraints");
  writer.StartArray();
  for (const ConstraintScore& one : score.constraints) {
    writer.StartObject();
    write_text(writer, "constraint", one.constraint);
    write_count(writer, "unknown_rows", one.unknown_rows);
    write_agreement(writer, one.agreement);
    writer.EndObject();
  }
  writer.EndArray();
  if (!score.digest.empty()) write_text(writer, "digest", score.digest);
  writer.EndObject();
}

}  // namespace

std::string score_table(const std::vector<RunScore>& scores, bool wide) {
  std::string text = fmt::format("{:<26} {:>6} {:>8} {:>9} {:>7} {:>7} {:>7} {:>9}  {}\n", "run", "rows",
                                 "labelled", "precision", "recall", "F1", "FAR", "undecided", "delay [s]");
  for (const RunScore& score : scores) {
    text += line(score, delays(score));
    if (wide) text += constraint_lines(score) + episode_lines(score);
  }
  const RunScore total = total_of(scores);
  text += line(total, mean_delay(total));
  if (wide) text += constraint_lines(total);
  return text;
}

std::string score_json(const std::vector<RunScore>& scores) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("runs");
  writer.StartArray();
  for (const RunScore& score : scores) write_run(writer, score);
  writer.EndArray();
  writer.Key("total");
  write_run(writer, total_of(scores));
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace pollux::server
