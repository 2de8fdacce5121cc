#include "tests/bench/engine_peers.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/task_arena.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/scheduling/tbb_coordinator.h"

namespace pollux::bench {
namespace {

using schema::EntityIndex;

double source_value(std::size_t round, std::size_t i) {
  return static_cast<double>((round * 31 + i * 7) % 1000) / 8;
}

/// The model as flat arrays: for each node its producers.
struct Flat {
  explicit Flat(const Bench& bench) : values(bench.model->entity_count(), 0.0), sources(bench.sources) {
    const schema::Model& model = *bench.model;
    first.push_back(0);
    for (const EntityIndex e : model.topological_order()) {
      for (schema::InputSlot i = 0; i < model.type_of(e).inputs.size(); ++i) {
        for (const schema::Binding& binding : model.bindings(e, i)) producers.push_back(binding.producer);
      }
      if (producers.size() == first.back()) continue;  // a source
      nodes.push_back(e);
      sums.push_back(model.type_of(e).name == "Total");
      first.push_back(static_cast<std::uint32_t>(producers.size()));
    }
  }

  void set_sources(std::size_t round) {
    for (std::size_t i = 0; i < sources.size(); ++i) values[sources[i]] = source_value(round, i);
  }

  void evaluate(std::size_t i) {
    double sum = 0;
    for (std::uint32_t p = first[i]; p < first[i + 1]; ++p) sum += values[producers[p]];
    const bool two = first[i + 1] - first[i] == 2;
    values[nodes[i]] = sums[i] ? sum : two ? 0.5 * sum + 1 : sum + 1;
  }

  std::vector<double> values;
  std::vector<EntityIndex> sources;
  std::vector<EntityIndex> nodes;  // without sources, in topological order
  std::vector<std::uint32_t> first;
  std::vector<EntityIndex> producers;
  std::vector<bool> sums;
};

}  // namespace

Peer hand_written_loop(const Bench& bench) {
  auto flat = std::make_shared<Flat>(bench);
  return [flat](std::size_t round) {
    flat->set_sources(round);
    for (std::size_t i = 0; i < flat->nodes.size(); ++i) flat->evaluate(i);
  };
}

Peer flow_graph(const Bench& bench, int threads) {
  using oneapi::tbb::flow::continue_msg;
  using Node = oneapi::tbb::flow::continue_node<continue_msg>;
  struct State {
    State(const Bench& b, int n) : flat(b), arena(n) {
      arena.execute([&] { build(b); });
    }
    void build(const Bench& b) {
      graph = std::make_unique<oneapi::tbb::flow::graph>();
      start = std::make_unique<oneapi::tbb::flow::broadcast_node<continue_msg>>(*graph);
      nodes.resize(b.model->entity_count());
      for (const EntityIndex s : flat.sources) {
        nodes[s] = std::make_unique<Node>(*graph, [](const continue_msg&) { return continue_msg(); });
        oneapi::tbb::flow::make_edge(*start, *nodes[s]);
      }
      for (std::size_t i = 0; i < flat.nodes.size(); ++i) {
        nodes[flat.nodes[i]] = std::make_unique<Node>(*graph, [this, i](const continue_msg&) {
          flat.evaluate(i);
          return continue_msg();
        });
        for (std::uint32_t p = flat.first[i]; p < flat.first[i + 1]; ++p) {
          oneapi::tbb::flow::make_edge(*nodes[flat.producers[p]], *nodes[flat.nodes[i]]);
        }
      }
    }
    Flat flat;
    oneapi::tbb::task_arena arena;
    std::unique_ptr<oneapi::tbb::flow::graph> graph;
    std::unique_ptr<oneapi::tbb::flow::broadcast_node<continue_msg>> start;
    std::vector<std::unique_ptr<Node>> nodes;
  };
  auto state = std::make_shared<State>(bench, threads);
  return [state](std::size_t round) {
    state->flat.set_sources(round);
    state->arena.execute([&] {
      state->start->try_put(continue_msg());
      state->graph->wait_for_all();
    });
  };
}

namespace {

using value_atom = caf::atom_constant<caf::atom("value")>;
using wire_atom = caf::atom_constant<caf::atom("wire")>;

/// Counts how many of the last nodes are still to come.
struct Latch {
  std::mutex mutex;
  std::condition_variable zero;
  std::size_t left = 0;

  void arrive() {
    const std::lock_guard lock(mutex);
    if (--left == 0) zero.notify_one();
  }
};

class NodeActor final : public caf::event_based_actor {
 public:
  NodeActor(caf::actor_config& config, std::size_t inputs, bool sums, Latch* latch)
      : event_based_actor(config), inputs_(inputs), sums_(sums), latch_(latch) {}

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](wire_atom, const caf::actor& dependent) { dependents_.push_back(dependent); },
        [this](value_atom, double x) {
          sum_ += x;
          if (++seen_ < inputs_) return;
          const double y = sums_ ? sum_ : inputs_ == 2 ? 0.5 * sum_ + 1 : sum_ + 1;
          seen_ = 0;
          sum_ = 0;
          for (const caf::actor& dependent : dependents_) send(dependent, value_atom::value, y);
          if (dependents_.empty()) latch_->arrive();
        },
    };
  }

 private:
  std::vector<caf::actor> dependents_;
  double sum_ = 0;
  std::size_t seen_ = 0;
  std::size_t inputs_;
  bool sums_;
  Latch* latch_;
};

}  // namespace

Peer message_per_edge(const Bench& bench, Scheduler scheduler) {
  struct State {
    State(const Bench& b, Scheduler s) : flat(b) {
      if (s == Scheduler::tbb) actors::use_tbb_scheduler(config, 0);
      system = std::make_unique<caf::actor_system>(config);
      const schema::Model& model = *b.model;
      nodes.resize(model.entity_count());
      for (std::size_t i = 0; i < flat.nodes.size(); ++i) {
        nodes[flat.nodes[i]] = system->spawn<NodeActor>(flat.first[i + 1] - flat.first[i],
                                                        static_cast<bool>(flat.sums[i]), &latch);
        sinks += model.dependents(flat.nodes[i]).empty();
      }
      for (std::size_t i = 0; i < flat.nodes.size(); ++i) {
        for (std::uint32_t p = flat.first[i]; p < flat.first[i + 1]; ++p) {
          const caf::actor& producer = nodes[flat.producers[p]];
          if (producer) caf::anon_send(producer, wire_atom::value, nodes[flat.nodes[i]]);
          if (!producer) from_sources.emplace_back(flat.producers[p], nodes[flat.nodes[i]]);
        }
      }
    }
    ~State() {
      for (const caf::actor& node : nodes) {
        if (node) caf::anon_send_exit(node, caf::exit_reason::user_shutdown);
      }
    }
    Flat flat;
    Latch latch;
    caf::actor_system_config config;
    std::unique_ptr<caf::actor_system> system;
    std::vector<caf::actor> nodes;
    std::vector<std::pair<EntityIndex, caf::actor>> from_sources;
    std::size_t sinks = 0;
  };
  auto state = std::make_shared<State>(bench, scheduler);
  return [state](std::size_t round) {
    state->flat.set_sources(round);
    {
      const std::lock_guard lock(state->latch.mutex);
      state->latch.left = state->sinks;
    }
    for (const auto& [source, node] : state->from_sources) {
      caf::anon_send(node, value_atom::value, state->flat.values[source]);
    }
    std::unique_lock lock(state->latch.mutex);
    state->latch.zero.wait(lock, [&] { return state->latch.left == 0; });
  };
}

}  // namespace pollux::bench
