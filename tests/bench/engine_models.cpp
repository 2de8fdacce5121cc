#include "tests/bench/engine_models.h"

#include <random>
#include <string>
#include <variant>

#include "schema/assert.h"
#include "schema/model/model_file.h"

namespace pollux::bench {
namespace {

using schema::EntityIndex;
using schema::Model;
using schema::ModelBuilder;

constexpr const char* kTypes = R"(
twin: bench
types:
  Source: { kind: asset, observed: { x: {} } }
  Node: { kind: process, inputs: { a: {}, b: {} }, derived: { y: { is: 0.5 * (a + b) + 1 } } }
  Link: { kind: process, inputs: { a: {} }, derived: { y: { is: a + 1 } } }
  Total: { kind: process, inputs: { all: { many: true } }, derived: { y: { is: sum(all) } } }
entities:
  s: { type: Source }
  n: { type: Node, inputs: { a: s.x, b: s.x } }
  l: { type: Link, inputs: { a: s.x } }
  t: { type: Total, inputs: { all: [s.x] } }
sources:
  bench: {}
)";

enum Types : schema::TypeIndex { kSource, kNode, kLink, kTotal };

class Maker {
 public:
  explicit Maker(schema::Duration lateness = 10 * schema::kSecond) : builder_("bench") {
    auto loaded = schema::load_model(kTypes, "bench");
    POLLUX_ASSERT(std::holds_alternative<Model>(loaded), "the benchmark's types load");
    const Model& model = std::get<Model>(loaded);
    for (const schema::EntityType& type : model.types()) builder_.add_type(type);
    builder_.add_source({"bench", lateness});
  }

  EntityIndex source() {
    bench_.sources.push_back(add(kSource));
    return bench_.sources.back();
  }
  EntityIndex add(Types type) { return builder_.add_entity("e" + std::to_string(count_++), type); }
  EntityIndex node(EntityIndex a, EntityIndex b) {
    const EntityIndex node = add(kNode);
    builder_.bind(node, 0, {a, 0, {}});
    builder_.bind(node, 1, {b, 0, {}});
    return node;
  }
  EntityIndex link(EntityIndex a) {
    const EntityIndex link = add(kLink);
    builder_.bind(link, 0, {a, 0, {}});
    return link;
  }
  ModelBuilder& builder() { return builder_; }

  Bench finish() {
    bench_.model = std::make_shared<const Model>(std::move(builder_).build());
    return std::move(bench_);
  }

 private:
  ModelBuilder builder_;
  Bench bench_;
  std::size_t count_ = 0;
};

}  // namespace

schema::EventBatch Bench::round(std::size_t round, std::size_t first, std::size_t count,
                                schema::EventTime time, schema::Duration apart) const {
  schema::EventBatch batch;
  for (std::size_t i = first; i < first + count; ++i) {
    schema::Event& event = batch.add(std::to_string(round) + "-" + std::to_string(i),
                                     time + static_cast<schema::Duration>(i - first) * apart, 0, sources[i]);
    batch.values.push_back({0, schema::Value::number(static_cast<double>((round * 31 + i * 7) % 1000) / 8)});
    event.values_count = 1;
  }
  return batch;
}

Bench lattice(std::size_t width, std::size_t rows, schema::Duration lateness) {
  Maker maker(lateness);
  std::vector<EntityIndex> above;
  for (std::size_t c = 0; c < width; ++c) above.push_back(maker.source());
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<EntityIndex> row;
    for (std::size_t c = 0; c < width; ++c) row.push_back(maker.node(above[c], above[(c + 1) % width]));
    above = std::move(row);
  }
  return maker.finish();
}

Bench chain(std::size_t length) {
  Maker maker;
  EntityIndex last = maker.source();
  for (std::size_t i = 0; i < length; ++i) last = maker.link(last);
  return maker.finish();
}

Bench fan_out(std::size_t width) {
  Maker maker;
  const EntityIndex source = maker.source();
  for (std::size_t i = 0; i < width; ++i) maker.link(source);
  return maker.finish();
}

Bench fan_in(std::size_t width) {
  Maker maker;
  for (std::size_t i = 0; i < width; ++i) maker.source();
  const EntityIndex total = maker.add(kTotal);
  for (std::size_t i = 0; i < width; ++i)
    maker.builder().bind(total, 0, {static_cast<EntityIndex>(i), 0, {}});
  return maker.finish();
}

Bench random_graph(std::size_t sources, std::size_t nodes) {
  Maker maker;
  std::mt19937_64 random(7);
  std::vector<EntityIndex> all;
  for (std::size_t i = 0; i < sources; ++i) all.push_back(maker.source());
  for (std::size_t i = 0; i < nodes; ++i) {
    const EntityIndex a = all[random() % all.size()];
    EntityIndex b = all[random() % all.size()];
    if (b == a) b = all[(a + 1) % all.size()];
    all.push_back(maker.node(a, b));
  }
  return maker.finish();
}

}  // namespace pollux::bench
