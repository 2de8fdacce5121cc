#include "tests/sim/case_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "schema/event/cloud_events.h"
#include "schema/event/cloud_events_writer.h"
#include "schema/model/model_file.h"

namespace pollux::sim {

using schema::Event;
using schema::EventBatch;
using schema::Model;

namespace {

constexpr const char* kRegressions = POLLUX_SOURCE_DIR "/tests/sim/regressions/";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines, std::string_view indent) {
  std::string text;
  for (const std::string& line : lines) text.append(indent).append(line).append(1, '\n');
  return text;
}

/// In YAML's single quotes.
std::string quoted(const std::string& text) {
  std::string all = "'";
  for (const char c : text) all.append(c == '\'' ? 2 : 1, c);
  return all + "'";
}

}  // namespace

CaseFile make_case_file(const std::string& model_text, const Model& model,
                        const std::vector<EventBatch>& deliveries, const Conditions& conditions) {
  CaseFile file{"", conditions, lines_of(model_text), {}};
  for (const EventBatch& delivery : deliveries) {
    auto& events = file.deliveries.emplace_back();
    for (const Event& event : delivery.events) {
      schema::append_cloud_event(events.emplace_back(), delivery, event, model);
    }
  }
  return file;
}

std::string to_text(const CaseFile& file) {
  std::string text = "# " + file.note + "\nconditions: {";
  const char* separator = "";
  for (const auto& [name, condition] : kConditions) {
    if (file.conditions.*condition == Conditions().*condition) continue;
    text += std::string(separator) + name + ": " + std::to_string(file.conditions.*condition);
    separator = ", ";
  }
  text += "}\nmodel: |\n" + joined(file.model, "  ") + "deliveries:\n";
  for (const auto& delivery : file.deliveries) {
    const char* bullet = "  - - ";
    for (const std::string& event : delivery) {
      text += bullet + quoted(event) + "\n";
      bullet = "    - ";
    }
  }
  return text;
}

CaseFile read_case_file(const std::string& text) {
  const YAML::Node root = YAML::Load(text);
  CaseFile file;
  if (text.starts_with("# ")) file.note = text.substr(2, text.find('\n') - 2);
  for (const auto& [name, condition] : kConditions) {
    if (const auto node = root["conditions"][name]) file.conditions.*condition = node.as<std::uint64_t>();
  }
  file.model = lines_of(root["model"].as<std::string>());
  for (const auto& delivery : root["deliveries"]) {
    file.deliveries.push_back(delivery.as<std::vector<std::string>>());
  }
  return file;
}

std::vector<std::string> regression_names() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(kRegressions)) {
    if (file.path().extension() == ".yaml") names.push_back(file.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

CaseFile read_regression(const std::string& name) {
  std::ifstream in(std::string(kRegressions) + name + ".yaml");
  std::stringstream text;
  text << in.rdbuf();
  return read_case_file(text.str());
}

std::optional<LoadedCase> load(const CaseFile& file, std::string& why) {
  auto loaded = schema::load_model(joined(file.model, ""), "case.yaml");
  if (const auto* errors = std::get_if<schema::ModelErrors>(&loaded)) {
    why = errors->text();
    return std::nullopt;
  }
  LoadedCase one{std::make_shared<const Model>(std::move(std::get<Model>(loaded))), {}};
  schema::CloudEventParser parser(*one.model);
  for (const auto& delivery : file.deliveries) {
    EventBatch& batch = one.deliveries.emplace_back();
    for (const std::string& json : delivery) {
      const schema::ParsedEvents parsed = parser.parse(json);
      if (!parsed.problems.empty()) {
        why = parsed.problems.front().message;
        return std::nullopt;
      }
      for (const Event& event : parsed.batch.events) batch.append(parsed.batch, event);
    }
  }
  return one;
}

}  // namespace pollux::sim
