// Expressions of the model file: what their names mean, and the order in which they are evaluated.
#include "schema/dependency_order.h"
#include "schema/model_draft.h"
#include "schema/model_fields.h"

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

/// The names an expression of a type can use.
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

 private:
  EntityType& type_;
  const ModelBuilder& symbols_;
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
      if (!draft_.is_broken(type_.attributes[slot].name) && !mentions_broken(node.text(), draft_)) {
        compile_one(slot, node);
      }
    }
    order_steps();
  }

 private:
  void compile_one(AttributeSlot slot, YamlNode node) {
    const bool is_status = type_.constraint && type_.constraint->status == slot;
    ValueSpec truth;
    truth.type = ValueType::boolean;
    const ValueSpec* expected = is_status ? &truth : &type_.attributes[slot].spec;
    // On one line, the column of a diagnostic is an offset into the text.
    std::string text(node.text());
    std::replace_if(text.begin(), text.end(), is_space, ' ');
    auto compiled = schema::compile(text, {1, 1}, scope_, expected);
    if (auto* mistakes = std::get_if<Diagnostics>(&compiled)) {
      for (Diagnostic& mistake : *mistakes) {
        mistake.where = source_.place(node, static_cast<std::size_t>(std::max(mistake.where.column, 1) - 1));
        errors_.add(std::move(mistake));
      }
      return;
    }
    Step step;
    step.target = slot;
    step.program = std::move(std::get<CompiledExpression>(compiled).program);
    if (is_status) {
      step.form = Step::Form::constraint_status;
      step.memory = static_cast<AttributeSlot>(slot + 1);
      step.hold = type_.constraint->hold;
    }
    type_.steps.push_back(std::move(step));
  }

  /// Each step after the steps whose targets it reads.
  void order_steps() {
    std::vector<std::size_t> step_of(type_.attributes.size(), kNone);
    for (std::size_t i = 0; i < type_.steps.size(); ++i) step_of[type_.steps[i].target] = i;
    GroupedBuilder<std::uint32_t> edges;
    for (const Step& step : type_.steps) {
      for (const std::uint16_t operand : step.program.reads()) {
        if (operand < step_of.size() && step_of[operand] != kNone) edges.add(operand, step.target);
      }
    }
    const Grouped<std::uint32_t> dependents = std::move(edges).build(type_.attributes.size());
    for (const auto& cycle : find_cycles(dependents)) report_cycle(cycle);
    std::vector<Step> ordered;
    for (const std::uint32_t slot : topological_order(dependents)) {
      if (step_of[slot] != kNone) ordered.push_back(std::move(type_.steps[step_of[slot]]));
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
