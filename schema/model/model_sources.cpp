// Sources of the model file.
#include <array>

#include "schema/model/model_draft.h"
#include "schema/model/model_fields.h"

namespace pollux::schema {
namespace {

constexpr std::array<std::string_view, 2> kSourceKeys = {"allowed_lateness", "clock_tolerance"};

bool check_source_name(YamlNode key, ErrorList& errors) {
  const std::string_view name = key.text();
  const bool printable = std::none_of(
      name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (printable && name.size() <= kNameBytesMax) return true;
  errors.add(key.where(), "this is not the name of a source", key.description(),
             "printable text of at most " + std::to_string(kNameBytesMax) + " bytes");
  return false;
}

}  // namespace

void read_sources(YamlNode sources, ModelDraft& draft) {
  if (!read_mapping(sources, {"sources", ""}, draft.errors)) return;
  if (sources.size() > kSourcesMax) {
    draft.errors.add(sources.where(), "the model has too many sources", std::to_string(sources.size()),
                     "at most " + std::to_string(kSourcesMax));
    return;
  }
  for (std::size_t i = 0; i < sources.size() && !draft.errors.full(); ++i) {
    const YamlNode key = sources.key(i);
    check_source_name(key, draft.errors);
    const Fields fields(sources.value(i), {"source", key.text()}, kSourceKeys, draft.errors);
    Source source;
    source.name = key.text();
    if (const auto node = fields.find("allowed_lateness")) {
      source.allowed_lateness = read_duration(*node, "'allowed_lateness'", draft.errors).value_or(0);
    }
    if (const auto node = fields.find("clock_tolerance")) {
      source.clock_tolerance = read_duration(*node, "'clock_tolerance'", draft.errors).value_or(0);
    }
    draft.builder.add_source(std::move(source));
  }
}

}  // namespace pollux::schema
