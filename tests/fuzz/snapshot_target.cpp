#include "tests/fuzz/snapshot_target.h"

#include <variant>

#include "actors/episodes.h"
#include "actors/propagation/entity_image.h"
#include "actors/snapshot/image_codec.h"
#include "actors/snapshot/snapshot_format.h"
#include "actors/supervision/admission.h"
#include "actors/supervision/source_book.h"
#include "schema/assert.h"
#include "schema/model/model_file.h"

namespace pollux::fuzz {
namespace {

using actors::ByteReader;
using actors::ByteWriter;
using actors::Section;

constexpr schema::EventTime kClock = schema::kMinute;

/// The model that the seeds are of: something observed, symbols, a machine that remembers, a constraint.
const schema::Model& metered_model() {
  static const schema::Model model = std::get<schema::Model>(schema::load_model(R"(twin: meters
types:
  Meter:
    kind: asset
    observed: { level: {}, mode: { type: symbol, values: [low, high] } }
    derived: { twice: { is: 2 * level }, before: { is: previous(level) } }
  Limit:
    kind: constraint
    inputs: { level: {} }
    requires: level <= 100
    for: 5 s
sources: { s: { allowed_lateness: 1 h } }
entities:
  m0: { type: Meter }
  l0: { type: Limit, inputs: { level: m0.twice } }
  m1: { type: Meter }
  l1: { type: Limit, inputs: { level: m1.twice } }
)",
                                                                                "meters.yaml"));
  return model;
}

template <class Write>
std::string written(const Write& write) {
  std::string bytes;
  ByteWriter out(bytes);
  write(out);
  return bytes;
}

void entities(ByteReader& in) {
  const schema::Model& model = metered_model();
  const std::uint64_t first = in.number();
  const std::uint64_t count = in.number();
  actors::EntityImage image;
  actors::EntityImage again;
  for (std::uint64_t i = 0; i < count && first + i < model.entity_count(); ++i) {
    const auto& type = model.type_of(static_cast<schema::EntityIndex>(first + i));
    if (!read_image(in, model, type, kClock, image)) return;
    const auto write = [&](const auto& what) {
      return written([&](ByteWriter& out) { write_image(what, kClock, out); });
    };
    const std::string bytes = write(image);
    ByteReader rereading(bytes);
    POLLUX_ASSERT(read_image(rereading, model, type, kClock, again) && rereading.at_end(),
                  "an image that was read can be written and read");
    POLLUX_ASSERT(write(again) == bytes, "and is the same");
  }
}

actors::Admission::Archive no_archive() {
  return {[](const auto&) { return false; },
          [](const auto&) { return std::optional<actors::Revisions::Observed>(); }};
}

void identities(ByteReader& in) {
  actors::Admission admission(metered_model(), no_archive());
  if (!admission.load_identities(in)) return;
  const auto end = admission.identities_end();
  actors::Admission again(metered_model(), no_archive());
  for (actors::Admission::IdentityPlace at; at != end;) {
    const std::string bytes = written([&](ByteWriter& out) { at = admission.save_identities(at, end, out); });
    ByteReader rereading(bytes);
    POLLUX_ASSERT(again.load_identities(rereading), "identities that were read can be written and read");
  }
  POLLUX_ASSERT(again.remembered() == admission.remembered(), "and are as many");
}

void revisions(ByteReader& in) {
  actors::Admission admission(metered_model(), no_archive());
  if (!admission.load_revisions(in)) return;
  admission.check_invariants();
  const std::string bytes = written([&](ByteWriter& out) { admission.save_revisions(out); });
  actors::Admission again(metered_model(), no_archive());
  ByteReader rereading(bytes);
  POLLUX_ASSERT(again.load_revisions(rereading), "revisions that were read can be written and read");
  POLLUX_ASSERT(again.revised_events() == admission.revised_events(), "and are as many");
}

void episodes(ByteReader& in) {
  actors::Episodes read;
  if (!read.load(in, metered_model())) return;
  read.check_invariants();
  const std::string bytes = written([&](ByteWriter& out) { read.save(out); });
  actors::Episodes again;
  ByteReader rereading(bytes);
  POLLUX_ASSERT(again.load(rereading, metered_model()), "episodes that were read can be written and read");
  POLLUX_ASSERT(written([&](ByteWriter& out) { again.save(out); }) == bytes, "and are the same");
}

void sources(ByteReader& in) {
  actors::DomainProbe probe;
  actors::SourceBook read(metered_model(), probe);
  if (!read.load(in)) return;
  read.check_invariants();
  const std::string bytes = written([&](ByteWriter& out) { read.save(out); });
  actors::DomainProbe other_probe;
  actors::SourceBook again(metered_model(), other_probe);
  ByteReader rereading(bytes);
  POLLUX_ASSERT(again.load(rereading), "sources that were read can be written and read");
  POLLUX_ASSERT(written([&](ByteWriter& out) { again.save(out); }) == bytes, "and are the same");
}

void payload(Section section, std::string_view bytes) {
  ByteReader in(bytes);
  switch (section) {
    case Section::entities:
      return entities(in);
    case Section::identities:
      return identities(in);
    case Section::revisions:
      return revisions(in);
    case Section::episodes:
      return episodes(in);
    case Section::sources:
      return sources(in);
    default:  // the description and the seal are of the file as a whole
      return;
  }
}

void file(std::string_view bytes) {
  const auto info = actors::read_snapshot_info(bytes, "fuzz.snapshot");
  POLLUX_ASSERT(info.ok() || !info.error().message.empty(), "a refusal says why");
  const auto view = actors::read_snapshot(bytes, "fuzz.snapshot");
  if (!view.ok()) {
    POLLUX_ASSERT(view.error().where == "fuzz.snapshot" && !view.error().advice.empty(), "and what to do");
    return;
  }
  POLLUX_ASSERT(info.ok(), "what is whole describes itself");
  for (const auto& block : view->blocks) payload(block.section, block.payload);
}

/// With checksums made right: what stands in the first block and between it and the last.
void described(std::string_view bytes) {
  actors::SnapshotEncoder encoder;
  std::string whole;
  encoder.begin({}, whole);
  encoder.block(Section::description, bytes, whole);
  encoder.seal(bytes, whole);
  file(whole);
  std::string first(actors::snapshot_format::kMagic);
  actors::SnapshotEncoder other;
  std::string rest;
  other.block(Section::description, bytes, rest);
  first.append("\x01\0\0\0", 4).append(rest);
  const auto info = actors::read_snapshot_info(first, "fuzz.snapshot");
  POLLUX_ASSERT(info.ok() || info.error().where == "fuzz.snapshot", "a refusal names the file");
}

}  // namespace

void snapshot(std::string_view bytes) {
  if (bytes.starts_with(actors::snapshot_format::kMagic.substr(0, 6))) return file(bytes);
  if (bytes.empty()) return;
  const auto section = static_cast<Section>(bytes.front());
  if (section == Section::description) return described(bytes.substr(1));
  payload(section, bytes.substr(1));
}

}  // namespace pollux::fuzz
