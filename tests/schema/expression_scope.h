// A scope made by hand for tests of expressions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/expression/expression.h"

namespace pollux::schema {

class TestScope : public Scope {
 public:
  TestScope& number(const std::string& name, std::string_view unit = "") {
    return add(name, {ValueType::number, *parse_unit(unit), {}}, false);
  }
  TestScope& boolean(const std::string& name) { return add(name, {ValueType::boolean, {}, {}}, false); }
  TestScope& symbols(const std::string& name, const std::vector<std::string>& members) {
    return add(name, {ValueType::symbol, {}, intern(members)}, false);
  }
  TestScope& many(const std::string& name, std::string_view unit = "") {
    return add(name, {ValueType::number, *parse_unit(unit), {}}, true);
  }
  TestScope& many_booleans(const std::string& name) { return add(name, {ValueType::boolean, {}, {}}, true); }

  std::vector<Symbol> intern(const std::vector<std::string>& words) {
    std::vector<Symbol> result;
    for (const std::string& word : words) {
      if (!symbol(word)) words_.push_back(word);
      result.push_back(*symbol(word));
    }
    return result;
  }

  std::optional<Operand> find(std::string_view name) const override {
    const auto found = operands_.find(std::string(name));
    return found == operands_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> result;
    for (const auto& [name, operand] : operands_) result.push_back(name);
    return result;
  }
  std::optional<Symbol> symbol(std::string_view word) const override {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] == word) return static_cast<Symbol>(i);
    }
    return std::nullopt;
  }
  std::string_view text_of(Symbol symbol) const override { return words_.at(symbol); }
  std::uint16_t aggregate(std::uint16_t slot, AggregateFunction function) override {
    const auto [entry, is_new] = aggregates_.try_emplace({slot, function}, next_);
    if (is_new) ++next_;
    return entry->second;
  }

  std::uint16_t temporal(const Temporal& temporal, CompiledExpression argument,
                         const ValueSpec& result) override {
    temporals.push_back({temporal, std::move(argument), result});
    return next_++;
  }

  std::uint16_t operand_count() const { return next_; }

  struct TemporalUse {
    Temporal temporal;
    CompiledExpression argument;
    ValueSpec result;
  };
  std::vector<TemporalUse> temporals;

 private:
  TestScope& add(const std::string& name, ValueSpec spec, bool many) {
    operands_[name] = {next_++, std::move(spec), many};
    return *this;
  }

  std::map<std::string, Operand> operands_;
  std::map<std::pair<std::uint16_t, AggregateFunction>, std::uint16_t> aggregates_;
  std::vector<std::string> words_ = {"satisfied", "violated", "unknown"};
  std::uint16_t next_ = 0;
};

}  // namespace pollux::schema
