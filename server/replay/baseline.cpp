#include "server/replay/baseline.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cmath>

#include "server/replay/text_file.h"

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

// A parameter to learn and where its samples come from.
struct Target {
  schema::EntityIndex entity = schema::kNone;
  const schema::Attribute* parameter = nullptr;
  WatchedAttribute operand;
  schema::Conversion to_operand;  // from the watched attribute's unit to the operand's
  std::string operand_unit;
};

bool selected(const std::vector<std::string>& patterns, const std::string& name) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
           return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
         });
}

// Operands are laid out as attributes, then single inputs.
Target target_of(const schema::Model& model, schema::EntityIndex entity, const schema::Attribute& parameter) {
  const schema::EntityType& type = model.type_of(entity);
  const schema::BaselineRule& rule = *parameter.baseline;
  if (rule.operand < type.attributes.size()) {
    return {entity, &parameter, {entity, rule.operand}, {}, type.attributes[rule.operand].spec.unit.text};
  }
  const schema::InputSlot slot = type.find_input(rule.of);
  const schema::Binding& binding = model.bindings(entity, slot)[0];
  return {entity,
          &parameter,
          {binding.producer, binding.attribute},
          binding.conversion,
          type.inputs[slot].spec.unit.text};
}

std::vector<Target> find_targets(const schema::Model& model, const std::vector<std::string>& only) {
  std::vector<Target> targets;
  for (schema::EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    for (const schema::Attribute& attribute : model.type_of(entity).attributes) {
      if (attribute.baseline && selected(only, model.id(entity) + "." + attribute.name)) {
        targets.push_back(target_of(model, entity, attribute));
      }
    }
  }
  return targets;
}

double stddev_of(std::span<const double> samples, double mean) {
  if (samples.size() < 2) return 0;
  double sum = 0;
  for (const double x : samples) sum += (x - mean) * (x - mean);
  return std::sqrt(sum / static_cast<double>(samples.size() - 1));
}

double mean_of(std::span<const double> samples) {
  double sum = 0;
  for (const double x : samples) sum += x;
  return sum / static_cast<double>(samples.size());
}

// Nearest rank: the smallest sample with at least the share `quantile` of all samples at or below it.
double quantile_of(std::span<const double> samples, double quantile) {
  std::vector<double> sorted(samples.begin(), samples.end());
  const double rank = std::ceil(quantile * static_cast<double>(sorted.size()));
  const auto index =
      static_cast<std::ptrdiff_t>(std::clamp(rank - 1, 0.0, static_cast<double>(sorted.size() - 1)));
  std::nth_element(sorted.begin(), sorted.begin() + index, sorted.end());
  return sorted[static_cast<std::size_t>(index)];
}

LearnedParameter learn(const schema::Model& model, const Target& target, const RecordedRun& run,
                       const Timeline& timeline) {
  LearnedParameter learned;
  learned.entity = model.id(target.entity);
  learned.parameter = target.parameter->name;
  learned.unit = target.parameter->spec.unit.text;
  learned.rule = *target.parameter->baseline;
  learned.operand_unit = target.operand_unit;
  std::vector<double> samples;
  samples.reserve(run.rows.size());
  for (const RecordedRow& row : run.rows) {
    const schema::Value value = timeline.at(row.time);
    if (value.usable()) {
      samples.push_back(target.to_operand(value.as_number()));
    } else {
      ++learned.unusable;
    }
  }
  learned.samples = samples.size();
  if (samples.empty()) return learned;
  const auto [min, max] = std::minmax_element(samples.begin(), samples.end());
  learned.min = *min;
  learned.max = *max;
  learned.mean = mean_of(samples);
  learned.stddev = stddev_of(samples, learned.mean);
  learned.value = learned.rule.conversion(apply_rule(learned.rule, samples));
  return learned;
}

std::string evidence(const LearnedParameter& learned) {
  const schema::BaselineRule& rule = learned.rule;
  std::string text = fmt::format("{{of: {}, statistic: {}", rule.of, schema::name_of(rule.statistic));
  if (rule.statistic == schema::Statistic::quantile) text += fmt::format(", quantile: {}", rule.quantile);
  if (rule.margin != 0) text += fmt::format(", margin: {}", rule.margin);
  text += fmt::format(", samples: {}", learned.samples);
  if (learned.unusable != 0) text += fmt::format(", rows_without_value: {}", learned.unusable);
  text += fmt::format(", min: {:.6g}, max: {:.6g}, mean: {:.6g}, sd: {:.6g}", learned.min, learned.max,
                      learned.mean, learned.stddev);
  if (!learned.operand_unit.empty()) text += ", unit: \"" + learned.operand_unit + "\"";
  return text + "}";
}

// The numbers read back as the same doubles.
std::string parameters_yaml(const std::vector<LearnedParameter>& parameters) {
  std::string text = "parameters:\n";
  std::string entity;
  for (const LearnedParameter& learned : parameters) {
    if (learned.samples == 0) continue;
    if (learned.entity != entity) text += "  " + learned.entity + ":\n";
    entity = learned.entity;
    text += fmt::format("    {}:\n      value: {}{}{}\n      evidence: {}\n", learned.parameter,
                        learned.value, learned.unit.empty() ? "" : " ", learned.unit, evidence(learned));
  }
  return text;
}

bool same_values(const std::vector<LearnedParameter>& a, const std::vector<LearnedParameter>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.value == y.value && x.samples == y.samples;
  });
}

Result<void> check_learned(const std::vector<LearnedParameter>& parameters, const std::string& file) {
  std::string names;
  for (const LearnedParameter& learned : parameters) {
    if (learned.samples > 0 && std::isfinite(learned.value)) continue;
    names += (names.empty() ? "" : ", ") + learned.entity + "." + learned.parameter + " (of " +
             learned.rule.of + ")";
  }
  if (names.empty()) return {};
  return Error{ErrorCode::invalid, "no row gives a usable value to learn from: " + names, file,
               "check that the mapping feeds what these are computed from"};
}

Result<std::vector<LearnedParameter>> run_pass(const ModelText& text, const Mapping& mapping,
                                               const BaselineOptions& options, Baseline& baseline) {
  Result<std::shared_ptr<const schema::Model>> model = load(text);
  if (!model.ok()) return std::move(model).error();
  const std::vector<Target> targets = find_targets(**model, options.only);
  if (targets.empty()) {
    return Error{ErrorCode::invalid, "no parameter to learn", text.file,
                 "give parameters a `baseline:` rule, or widen --only"};
  }
  std::vector<WatchedAttribute> watched;
  for (const Target& target : targets) watched.push_back(target.operand);
  Result<RecordedRun> run = run_recorded(*model, mapping, options.file, options.rows, watched);
  if (!run.ok()) return std::move(run).error();
  if (run->rows.empty()) {
    return Error{ErrorCode::invalid, "no row could be used", options.file, "check the file and the mapping"};
  }
  baseline.run = run->name;
  baseline.first_row = run->rows.front().row;
  baseline.last_row = run->rows.back().row;
  baseline.rows = run->rows.size();
  baseline.rows_rejected = run->totals.rows_rejected;
  const auto by_time = [](const RecordedRow& a, const RecordedRow& b) { return a.time < b.time; };
  baseline.from = std::min_element(run->rows.begin(), run->rows.end(), by_time)->time;
  baseline.to = std::max_element(run->rows.begin(), run->rows.end(), by_time)->time;
  std::vector<LearnedParameter> learned;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    learned.push_back(learn(**model, targets[i], *run, run->timelines[i]));
  }
  return learned;
}

}  // namespace

Result<std::shared_ptr<const schema::Model>> load(const ModelText& text) {
  auto loaded = schema::load_model(text.text, text.file, text.parameters);
  if (const auto* errors = std::get_if<schema::ModelErrors>(&loaded)) {
    return Error{ErrorCode::invalid, "the model has errors\n" + errors->text(), text.file,
                 "correct them; `pollux check` shows them again"};
  }
  return std::make_shared<const schema::Model>(std::get<schema::Model>(std::move(loaded)));
}

double apply_rule(const schema::BaselineRule& rule, std::span<const double> samples) {
  double value = 0;
  bool downwards = false;
  switch (rule.statistic) {
    case schema::Statistic::min:
      value = *std::min_element(samples.begin(), samples.end());
      downwards = true;
      break;
    case schema::Statistic::max:
      value = *std::max_element(samples.begin(), samples.end());
      break;
    case schema::Statistic::mean:
      value = mean_of(samples);
      break;
    case schema::Statistic::stddev:
      value = stddev_of(samples, mean_of(samples));
      break;
    case schema::Statistic::quantile:
      value = quantile_of(samples, rule.quantile);
      downwards = rule.quantile < 0.5;
      break;
  }
  const double outwards = std::abs(value) * rule.margin;
  return downwards ? value - outwards : value + outwards;
}

Result<Baseline> learn_baseline(const ModelText& model, const Mapping& mapping,
                                const BaselineOptions& options) {
  Baseline baseline;
  Result<std::string> hash = hash_of_file(options.file);
  if (!hash.ok()) return std::move(hash).error();
  baseline.run_hash = std::move(hash).value();
  ModelText current = model;
  for (baseline.passes = 1; baseline.passes <= kBaselinePassesMax; ++baseline.passes) {
    Result<std::vector<LearnedParameter>> learned = run_pass(current, mapping, options, baseline);
    if (!learned.ok()) return std::move(learned).error();
    if (same_values(*learned, baseline.parameters)) {
      if (auto checked = check_learned(*learned, options.file); !checked.ok()) return checked.error();
      return baseline;
    }
    baseline.parameters = std::move(learned).value();
    current.parameters = model.parameters;
    current.parameters.push_back({"learned", parameters_yaml(baseline.parameters)});
  }
  return Error{ErrorCode::invalid,
               "the learned parameters still change after " + std::to_string(kBaselinePassesMax) + " passes",
               model.file, "a parameter's `baseline:` must not depend on itself"};
}

std::string parameter_file_text(const Baseline& baseline, std::string_view model_name) {
  std::string text = fmt::format(
      "# Parameters of {}, learned by `pollux baseline`. Do not edit: learn them again.\n"
      "# run: {} (BLAKE2b-256 {})\n"
      "# rows: {} to {}, {} used, {} rejected\n"
      "# interval: {} to {}\n",
      model_name, baseline.run, baseline.run_hash, baseline.first_row, baseline.last_row, baseline.rows,
      baseline.rows_rejected, schema::format_rfc3339(baseline.from), schema::format_rfc3339(baseline.to));
  return text + parameters_yaml(baseline.parameters);
}

}  // namespace pollux::server
