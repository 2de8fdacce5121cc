#include "tests/fuzz/targets.h"

#include <sys/mman.h>
#include <unistd.h>

#include "schema/assert.h"
#include "schema/event/cloud_events.h"
#include "schema/event/cloud_events_writer.h"
#include "schema/model/model_file.h"
#include "schema/record/epoch_codec.h"
#include "server/replay/csv_reader.h"
#include "server/replay/mapping.h"
#include "tests/fuzz/snapshot_target.h"
#include "tests/schema/event_samples.h"
#include "tests/schema/expression_scope.h"

namespace pollux::fuzz {
namespace {

const schema::Model& sample_model() {
  static const schema::Model model = schema::samples::model();
  return model;
}

void expect_placed(const schema::Diagnostics& diagnostics) {
  POLLUX_ASSERT(!diagnostics.empty(), "a refusal says why");
  for (const auto& each : diagnostics) POLLUX_ASSERT(!each.message.empty(), "a mistake is described");
}

/// A model that loads answers everything one asks of a model.
void model(std::string_view bytes) {
  const auto loaded = schema::load_model(bytes, "fuzz.yaml");
  if (const auto* errors = std::get_if<schema::ModelErrors>(&loaded)) {
    expect_placed(errors->diagnostics);
    POLLUX_ASSERT(!errors->text().empty(), "errors can be printed");
    return;
  }
  const auto& sound = std::get<schema::Model>(loaded);
  POLLUX_ASSERT(sound.topological_order().size() == sound.entity_count(), "every entity has its place");
}

/// A program that compiles can be evaluated over unknown operands.
void expression(std::string_view bytes) {
  schema::TestScope scope;
  scope.number("speed", "%")
      .number("flow", "L/s")
      .number("temp", "degC")
      .boolean("running")
      .many("loads", "kW");
  scope.symbols("mode", {"off", "manual", "auto"}).many_booleans("alarms");
  const auto compiled = schema::compile(bytes, {1, 1}, scope, nullptr);
  if (const auto* mistakes = std::get_if<schema::Diagnostics>(&compiled)) {
    expect_placed(*mistakes);
    return;
  }
  std::vector<schema::Value> operands(scope.operand_count());
  std::get<schema::CompiledExpression>(compiled).program.evaluate(operands.data());
}

/// What is taken reads back as the same after writing.
void event(std::string_view bytes) {
  static schema::CloudEventParser parser(sample_model());
  const schema::ParsedEvents parsed = parser.parse(bytes);
  if (!parsed.problems.empty()) {
    POLLUX_ASSERT(parsed.batch.events.empty(), "a batch is taken whole or not at all");
    return;
  }
  std::string again = "[";
  for (const schema::Event& each : parsed.batch.events) {
    if (again.size() > 1) again += ",";
    schema::append_cloud_event(again, parsed.batch, each, sample_model());
  }
  const schema::ParsedEvents reread = parser.parse(again + "]");
  POLLUX_ASSERT(reread.problems.empty(), "what was taken can be sent again");
  POLLUX_ASSERT(schema::samples::text_of(reread.batch, sample_model()) ==
                    schema::samples::text_of(parsed.batch, sample_model()),
                "and says the same");
}

/// What is read can be written and read again.
void record(std::string_view bytes) {
  static schema::RecordDecoder decoder(sample_model());
  static schema::RecordEncoder encoder(sample_model());
  schema::EpochRecord read;
  if (decoder.decode(bytes, read).ok()) {
    std::string written;
    encoder.encode(read, written);
    schema::EpochRecord again;
    POLLUX_ASSERT(decoder.decode(written, again).ok(), "a record that was read can be written");
    POLLUX_ASSERT(schema::samples::text_of(again.events, sample_model()) ==
                      schema::samples::text_of(read.events, sample_model()),
                  "and says the same");
  }
  schema::QuarantinedEvent aside;
  if (decoder.decode(bytes, aside).ok())
    POLLUX_ASSERT(aside.event.events.size() == 1, "one event was set aside");
}

void mapping(std::string_view bytes) {
  const auto parsed = server::parse_mapping(bytes, "fuzz.yaml");
  if (const auto* errors = std::get_if<server::MappingErrors>(&parsed)) {
    expect_placed(errors->diagnostics);
    return;
  }
  const auto& sound = std::get<server::Mapping>(parsed);
  server::check_columns(sound, {"time", "speed", ""});
  server::check_model(sound, sample_model());
}

/// Ends, and reads every byte.
void csv(std::string_view bytes) {
  const int file = memfd_create("fuzz.csv", 0);
  POLLUX_ASSERT(file >= 0 && write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
                "the input can be put into a file");
  {
    auto reader = server::CsvReader::open("/proc/self/fd/" + std::to_string(file), ',');
    POLLUX_ASSERT(reader.ok(), "the file can be opened");
    server::CsvRecord one;
    while (true) {
      const auto outcome = reader->next(one);
      POLLUX_ASSERT(outcome.ok(), "the file can be read");
      if (*outcome == server::CsvReader::Outcome::end) break;
    }
    POLLUX_ASSERT(reader->bytes_read() == bytes.size(), "nothing is left unread");
  }
  close(file);
}

}  // namespace

const std::vector<Target>& targets() {
  static const std::vector<Target> all = {
      {"model", model},       {"expression", expression}, {"event", event}, {"record", record},
      {"snapshot", snapshot}, {"mapping", mapping},       {"csv", csv}};
  return all;
}

}  // namespace pollux::fuzz
