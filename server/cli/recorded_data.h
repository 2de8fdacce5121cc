// What the verbs that work on recorded data (replay, baseline, score) have in common.
#pragma once

#include <string>
#include <vector>

#include "schema/result.h"
#include "server/replay/baseline.h"
#include "server/replay/mapping.h"

namespace pollux::server::cli {

/// Reads a model file and parameter files. Errors: not_found, io, invalid (too large).
schema::Result<ModelText> read_model(const std::string& file, const std::vector<std::string>& parameters);

/// Reads and parses a mapping file. Errors: as above; invalid with every mistake in it.
schema::Result<Mapping> read_mapping(const std::string& file);

/// Prints the error on standard error; returns `kInputOutput` where a file or the network failed, else
/// `kFailed`.
int fail(const schema::Error& error);

}  // namespace pollux::server::cli
