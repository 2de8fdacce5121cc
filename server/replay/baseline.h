// Parameters learned from a fault-free run.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/model/model.h"
#include "schema/model/model_file.h"
#include "schema/result.h"
#include "server/replay/mapping.h"
#include "server/replay/recorded_run.h"

namespace pollux::server {

/// A learned parameter may depend on another (a tolerance on a nominal value): the run is repeated with what
/// was learned until nothing changes any more, at most this often.
inline constexpr unsigned kBaselinePassesMax = 8;

/// What a model is made of, so that it can be loaded again with learned parameters laid over it.
struct ModelText {
  std::string file;
  std::string text;
  std::vector<schema::ParameterFile> parameters;
};

/// Errors: invalid, with all that is wrong with the model.
schema::Result<std::shared_ptr<const schema::Model>> load(const ModelText& text);

struct BaselineOptions {
  std::string file;               ///< The fault-free run.
  RowRange rows;                  ///< What of it to learn from.
  std::vector<std::string> only;  ///< Patterns (fnmatch) on ENTITY.PARAMETER; empty: all that have a rule.
};

/// One parameter, learned, with what it was learned from.
struct LearnedParameter {
  std::string entity;
  std::string parameter;
  double value = 0;  ///< In the parameter's unit.
  std::string unit;
  schema::BaselineRule rule;
  std::string operand_unit;
  // Of the samples, in the operand's unit; one sample a row.
  std::uint64_t samples = 0;
  std::uint64_t unusable = 0;  ///< Rows at which the operand was bad or unknown.
  double min = 0;
  double max = 0;
  double mean = 0;
  double stddev = 0;
};

struct Baseline {
  std::vector<LearnedParameter> parameters;  ///< In model order.
  std::string run;                           ///< The file, with the folder it lies in.
  std::string run_hash;                      ///< BLAKE2b-256 of its bytes.
  std::uint64_t first_row = 0;
  std::uint64_t last_row = 0;
  std::uint64_t rows = 0;
  std::uint64_t rows_rejected = 0;
  schema::EventTime from = 0;
  schema::EventTime to = 0;
  unsigned passes = 0;
};

/// Learns the parameters. A function of the model, the mapping and the file's bytes alone. Errors: invalid
/// where no parameter has a rule or a value cannot be learned (naming each); those of `run_recorded`.
schema::Result<Baseline> learn_baseline(const ModelText& model, const Mapping& mapping,
                                        const BaselineOptions& options);

/// The parameter file: each value with its evidence, under a comment that names the run.
std::string parameter_file_text(const Baseline& baseline, std::string_view model_name);

/// Minimum, maximum, mean, standard deviation (of a sample) or quantile (nearest rank) of `samples`, which
/// must not be empty; moved outwards by `margin` as a fraction of its magnitude: downwards for a minimum or a
/// quantile below one half, else upwards.
double apply_rule(const schema::BaselineRule& rule, std::span<const double> samples);

}  // namespace pollux::server
