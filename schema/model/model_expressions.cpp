// Expressions of the model file: what their names mean, and the order in which they are evaluated.
#include "schema/graph/dependency_order.h"
#include "schema/model/model_draft.h"
#include "schema/model/model_fields.h"

namespace pollux::schema {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Where each byte of a scalar stands in the file, though YAML may have folded its lines.
class SourceText {
 public:
  explicit SourceText(std::string_view text) : text_(text) {
    for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
      line_starts_.push_back(at + 1);
    }
  }

  /// The place of byte `offset` of the scalar; the scalar's own place where the two cannot be matched
  /// (escapes in quotes).
  SourceLocation place(YamlNode scalar, std::size_t offset) const {
    const SourceLocation start = scalar.where();
    std::size_t at = line_starts_[start.line - 1] + start.column - 1;
    if (scalar.is_quoted()) at = skip_opening(at);
    const std::string_view value = scalar.text();
    for (std::size_t i = 0; i <= offset && i < value.size(); ++i) {
      if (is_space(value[i])) continue;
      while (at < text_.size() && is_space(text_[at])) ++at;
      if (at >= text_.size() || text_[at] != value[i]) return start;
      if (i == offset) return location(at);
      ++at;
    }
    return location(at);
  }

 private:
  /// Past a quote, or past the line of a block's `|` or `>`.
  std::size_t skip_opening(std::size_t at) const {
    if (at < text_.size() && (text_[at] == '"' || text_[at] == '\'')) return at + 1;
    const std::size_t end = text_.find('\n', at);
    return end == std::string_view::npos ? text_.size() : end;
  }

  SourceLocation location(std::size_t at) const {
    const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), at);
    return {static_cast<int>(after - line_starts_.begin()), static_cast<int>(at - *(after - 1)) + 1};
  }

  std::string_view text_;
  std::vector<std::size_t> line_starts_{0};
};

/// The names an expression of a type can use. What expressions need besides, the results of aggregates and of
/// operators that look back in time, gets an operand at the end, until `settle` puts all in their places.
class TypeScope : public Scope {
 public:
  TypeScope(EntityType& type, const ModelBuilder& symbols) : type_(type), symbols_(symbols) {}

  std::optional<Operand> find(std::string_view name) const override {
    const AttributeSlot slot = type_.find_attribute(name);
    if (slot != kNoSlot && type_.attributes[slot].role != Role::memory) {
      return Operand{slot, type_.attributes[slot].spec, false};
    }
    const InputSlot input = type_.find_input(name);
    if (input == kNoSlot) return std::nullopt;
    const Input& found = type_.inputs[input];
    return Operand{found.many ? input : found.operand, found.spec, found.many};
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names = names_of(type_.inputs);
    for (const Attribute& attribute : type_.attributes) {
      if (attribute.role != Role::memory) names.push_back(attribute.name);
    }
    return names;
  }

  std::optional<Symbol> symbol(std::string_view word) const override { return symbols_.find_symbol(word); }
  std::string_view text_of(Symbol symbol) const override { return symbols_.symbol_text(symbol); }

  std::uint16_t aggregate(std::uint16_t input_slot, AggregateFunction function) override {
    for (const AggregateUse& use : type_.aggregates) {
      if (use.input == input_slot && use.function == function) return use.operand;
    }
    type_.aggregates.push_back({input_slot, function, type_.operand_count});
    return type_.operand_count++;
  }

  std::uint16_t temporal(const Temporal& temporal, CompiledExpression argument,
                         const ValueSpec& result) override {
    const std::string name = std::string(name_of(temporal.function)) + "#" + std::to_string(hidden_.size());
    const std::uint16_t looked_at = argument_of(std::move(argument), name + " of");
    const std::uint16_t operand = hide(name, result);
    for (std::size_t i = 0; i < temporal.memory_count(); ++i) hide(name + " memory", {});
    steps_.push_back(Step::of(temporal, operand, looked_at));
    return operand;
  }

  /// Makes attributes of what is hidden, behind those of the file, and renumbers all operands. Returns the
  /// steps that compute them.
  std::vector<Step> settle() {
    const auto declared = static_cast<std::uint16_t>(type_.attributes.size());
    const auto shift = static_cast<std::uint16_t>(hidden_.size());
    std::vector<std::uint16_t> to(type_.operand_count);
    auto other = static_cast<std::uint16_t>(declared + shift);
    for (std::uint16_t i = 0; i < type_.operand_count; ++i) {
      const auto hidden = std::ranges::find(hidden_operands_, i);
      if (i < declared) {
        to[i] = i;
      } else if (hidden != hidden_operands_.end()) {
        to[i] = static_cast<std::uint16_t>(declared + (hidden - hidden_operands_.begin()));
      } else {
        to[i] = other++;
      }
    }
    std::ranges::move(hidden_, std::back_inserter(type_.attributes));
    renumber(to);
    return std::move(steps_);
  }

 private:
  /// The attribute whose past is looked at: the one that is named, or one made for the purpose.
  std::uint16_t argument_of(CompiledExpression argument, const std::string& name) {
    const Program& program = argument.program;
    if (program.is_load() && program.reads().front() < type_.attributes.size())
      return program.reads().front();
    const std::uint16_t operand = hide(name, argument.spec);
    steps_.push_back(Step::expression(operand, std::move(argument.program)));
    return operand;
  }

  std::uint16_t hide(const std::string& name, const ValueSpec& spec) {
    Attribute attribute;
    attribute.name = name;
    attribute.role = Role::memory;
    attribute.spec = spec;
    attribute.initial = Value::unknown(spec.type, Reason::not_yet_observed);
    attribute.where = type_.where;
    hidden_.push_back(std::move(attribute));
    hidden_operands_.push_back(type_.operand_count);
    return type_.operand_count++;
  }

  void renumber(const std::vector<std::uint16_t>& to) {
    for (Input& input : type_.inputs) {
      if (!input.many) input.operand = to[input.operand];
    }
    for (AggregateUse& use : type_.aggregates) use.operand = to[use.operand];
    for (Attribute& attribute : type_.attributes) {
      if (attribute.baseline) attribute.baseline->operand = to[attribute.baseline->operand];
    }
    for (Step& step : type_.steps) step.renumber(to);
    for (Step& step : steps_) {
      step.renumber(to);
      if (step.form != Step::Form::temporal) continue;
      Duration& retain = type_.attributes[step.argument].retain;
      retain = std::max(retain, step.temporal.reach());
    }
  }

  EntityType& type_;
  const ModelBuilder& symbols_;
  std::vector<Attribute> hidden_;
  std::vector<std::uint16_t> hidden_operands_;
  std::vector<Step> steps_;
};

/// Whether the expression names something whose declaration is wrong; compiling it would only repeat that.
bool mentions_broken(std::string_view expression, const TypeDraft& draft) {
  const auto in_name = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  for (std::size_t i = 0; i < expression.size();) {
    std::size_t end = i;
    while (end < expression.size() && in_name(expression[end])) ++end;
    if (end > i && draft.is_broken(expression.substr(i, end - i))) return true;
    i = std::max(end, i + 1);
  }
  return false;
}

class TypeCompiler {
 public:
  TypeCompiler(TypeDraft& draft, const SourceText& source, const ModelBuilder& symbols, ErrorList& errors)
      : draft_(draft), type_(draft.type), source_(source), scope_(draft.type, symbols), errors_(errors) {}

  void compile_all() {
    for (const auto& [slot, node] : draft_.expressions) {
      if (!draft_.is_broken(type_.attributes[slot].name)) compile_attribute(slot, node);
    }
    if (draft_.machine) {
      type_.steps.push_back(compile_machine(
          draft_, [this](YamlNode node, const ValueSpec* expected) { return compile(node, expected); }));
    }
    if (draft_.counts != kNoSlot) {
      type_.steps.push_back(Step::resource(draft_.counts, type_.find_attribute("capacity"), 0, 0));
    }
    std::vector<Step> hidden = scope_.settle();
    std::ranges::move(hidden, std::back_inserter(type_.steps));
    if (type_.attributes.size() > kAttributesPerTypeMax) {
      errors_.add(type_.where,
                  "type '" + type_.name + "' has too many attributes, with those that its expressions need",
                  std::to_string(type_.attributes.size()),
                  "at most " + std::to_string(kAttributesPerTypeMax));
    }
    order_steps();
  }

 private:
  void compile_attribute(AttributeSlot slot, YamlNode node) {
    const bool is_status = type_.constraint && type_.constraint->status == slot;
    ValueSpec truth;
    truth.type = ValueType::boolean;
    auto compiled = compile(node, is_status ? &truth : &type_.attributes[slot].spec);
    if (!compiled) return;
    type_.steps.push_back(
        is_status ? Step::constraint_status(slot, std::move(compiled->program), type_.constraint->hold)
                  : Step::expression(slot, std::move(compiled->program)));
  }

  /// Reports what is wrong with it at its place in the file.
  std::optional<CompiledExpression> compile(YamlNode node, const ValueSpec* expected) {
    if (mentions_broken(node.text(), draft_)) return std::nullopt;
    // On one line, the column of a diagnostic is an offset into the text.
    std::string text(node.text());
    std::replace_if(text.begin(), text.end(), is_space, ' ');
    auto compiled = schema::compile(text, {1, 1}, scope_, expected);
    if (auto* mistakes = std::get_if<Diagnostics>(&compiled)) {
      for (Diagnostic& mistake : *mistakes) {
        mistake.where = source_.place(node, static_cast<std::size_t>(std::max(mistake.where.column, 1) - 1));
        errors_.add(std::move(mistake));
      }
      return std::nullopt;
    }
    return std::get<CompiledExpression>(std::move(compiled));
  }

  /// Each step after the steps whose results it reads.
  void order_steps() {
    std::vector<std::size_t> step_of(type_.attributes.size(), kNone);
    for (std::size_t i = 0; i < type_.steps.size(); ++i) {
      for (std::size_t a = 0; a < type_.steps[i].width; ++a) step_of[type_.steps[i].target + a] = i;
    }
    GroupedBuilder<std::uint32_t> edges;
    for (const Step& step : type_.steps) {
      for (const std::uint16_t operand : step.reads) {
        if (operand < step_of.size() && step_of[operand] != kNone) {
          edges.add(type_.steps[step_of[operand]].target, step.target);
        }
      }
    }
    const Grouped<std::uint32_t> dependents = std::move(edges).build(type_.attributes.size());
    for (const auto& cycle : find_cycles(dependents)) report_cycle(cycle);
    std::vector<Step> ordered;
    for (const std::uint32_t slot : topological_order(dependents)) {
      const std::size_t step = step_of[slot];
      if (step != kNone && type_.steps[step].target == slot) ordered.push_back(std::move(type_.steps[step]));
    }
    type_.steps = std::move(ordered);
  }

  void report_cycle(const std::vector<std::uint32_t>& cycle) {
    std::string path;
    for (const std::uint32_t slot : cycle) path += type_.attributes[slot].name + " -> ";
    path += type_.attributes[cycle.front()].name;
    errors_.add(type_.attributes[cycle.front()].where,
                "attributes of type '" + type_.name + "' are computed from each other in a circle", path,
                "one of them computed from something else");
  }

  TypeDraft& draft_;
  EntityType& type_;
  const SourceText& source_;
  TypeScope scope_;
  ErrorList& errors_;
};

}  // namespace

void compile_expressions(std::string_view source, ModelDraft& draft) {
  const SourceText text(source);
  for (TypeDraft& type : draft.types) {
    // Names that are missing may be there, misspelt; that has been reported.
    if (type.complete) TypeCompiler(type, text, draft.builder, draft.errors).compile_all();
  }
}

}  // namespace pollux::schema
