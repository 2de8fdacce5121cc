// What one evaluation of a compiled expression costs, beside the same arithmetic compiled from C++.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <iostream>

#include "tests/schema/expression_scope.h"

namespace pollux::schema {
namespace {

constexpr std::size_t kSets = 64;  // operand sets, so that no value can be guessed and all stay in cache
constexpr std::size_t kOperands = 6;

struct Operands {
  Value values[kSets][kOperands];

  explicit Operands(Quality quality) {
    for (std::size_t i = 0; i < kSets; ++i) {
      for (std::size_t j = 0; j < kOperands; ++j) {
        values[i][j] = Value::number(static_cast<double>(i + j) + 0.5, quality,
                                     quality == Quality::good ? Reason::none : Reason::no_recent_event);
      }
    }
  }
};

Program program(const char* text) {
  TestScope scope;
  for (const char* name : {"a", "b", "c", "d"}) scope.number(name);
  scope.number("t", "degC").number("u", "degC");
  auto result = compile(text, {1, 1}, scope, nullptr);
  if (const auto* diagnostics = std::get_if<Diagnostics>(&result)) {
    std::cerr << diagnostics->front().text("expression_bench") << '\n';
    std::exit(1);
  }
  return std::get<CompiledExpression>(std::move(result)).program;
}

void evaluate(benchmark::State& state, const char* text, Quality quality) {
  const Program compiled = program(text);
  const Operands operands(quality);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(compiled.evaluate(operands.values[i++ % kSets]));
}

void native(benchmark::State& state) {
  const Operands operands(Quality::good);
  std::size_t i = 0;
  for (auto _ : state) {
    const Value* values = operands.values[i++ % kSets];
    const Quality quality = worst(values[0].quality, values[1].quality);
    const double x = 0.5 * (values[0].as_number() + values[1].as_number()) + 1;
    benchmark::DoNotOptimize(std::isfinite(x) ? Value::number(x, quality)
                                              : Value::bad(ValueType::number, Reason::overflow));
  }
}

BENCHMARK_CAPTURE(evaluate, mean_plus_one, "0.5 * (a + b) + 1", Quality::good);
BENCHMARK(native);
BENCHMARK_CAPTURE(evaluate, comfort, "abs(t - u) <= 1.5 K", Quality::good);
BENCHMARK_CAPTURE(evaluate, guarded_ratio, "if(c > 0 and a < b * 10, (a - b) / c, default(d, 0))",
                  Quality::good);
BENCHMARK_CAPTURE(evaluate, mean_plus_one_of_stale, "0.5 * (a + b) + 1", Quality::stale);

}  // namespace
}  // namespace pollux::schema

BENCHMARK_MAIN();
