#include "tests/sim/divided_twin.h"

#include <map>
#include <regex>
#include <sstream>
#include <utility>
#include <vector>

namespace pollux::sim {
namespace {

/// Takes a model of one domain apart, line by line.
class Divider {
 public:
  Divider(Random& random, const std::string& model) : random_(random), domains_(2 + random() % 2) {
    std::istringstream lines(model);
    for (std::string line; std::getline(lines, line);) lines_.push_back(line);
    std::smatch match;
    for (const std::string& line : lines_) {
      if (std::regex_search(line, match, kOwner)) domain_[match[1]] = random_() % domains_;
    }
  }

  std::string divided() {
    std::string text;
    std::string links;
    for (const std::string& line : lines_) {
      std::smatch match;
      if (line == "links:") continue;
      if (!std::regex_search(line, match, kOwner)) {
        if (line == "sources:") text += clocks() + "links:\n" + links + links_;
        text += line + "\n";
        if (line == "types:") text += "  Clock: { kind: asset, observed: { o9: {} } }\n";
        continue;
      }
      const std::string name = match[1];
      if (name[0] == 'l') {
        links += with_domain(line, name) + "\n";
      } else {
        text += with_domain(rebound(line, name), name) + "\n";
      }
    }
    return text;
  }

 private:
  inline static const std::regex kOwner{R"(^  ([el]\d+): \{)"};

  std::string with_domain(std::string line, const std::string& name) const {
    return line.insert(line.rfind('}'), ", domain: d" + std::to_string(domain_.at(name)) + " ");
  }

  /// What an entity reads from another domain it reads from a link of its own.
  std::string rebound(const std::string& line, const std::string& name) {
    static const std::regex kReference(R"(([el]\d+)\.(\w+))");
    std::string result;
    auto rest = line.cbegin();
    for (std::smatch match; std::regex_search(rest, line.cend(), match, kReference);
         rest = match.suffix().first) {
      result += match.prefix();
      result +=
          domain_.at(match[1]) == domain_.at(name) ? match.str() : link_from(match.str(), name) + ".value";
    }
    return result + std::string(rest, line.cend());
  }

  std::string link_from(const std::string& producer, const std::string& consumer) {
    const std::string name = "x" + std::to_string(count_++);
    links_ += "  " + name + ": { from: " + producer + ", delay: " + std::to_string(1 + random_() % 12) + " s";
    if (random_() % 2 == 0) links_ += ", initial: " + std::to_string(random_() % 4);
    if (random_() % 3 == 0) links_ += ", capacity: " + std::to_string(1 + random_() % 4);
    links_ += ", domain: d" + std::to_string(domain_.at(consumer)) + " }\n";
    return name;
  }

  std::string clocks() const {
    std::string text;
    for (std::size_t d = 0; d < domains_; ++d) {
      text += "  k" + std::to_string(d) + ": { type: Clock, domain: d" + std::to_string(d) + " }\n";
    }
    return text;
  }

  Random& random_;
  const std::size_t domains_;
  std::vector<std::string> lines_;
  std::map<std::string, std::size_t> domain_;
  std::string links_;
  std::size_t count_ = 0;
};

}  // namespace

std::string random_divided_model(Random& random) {
  // A resource's claimants belong to its domain, and what is sampled depends on epochs, which a divided twin
  // has others of.
  std::string whole;
  do whole = random_model(random);
  while (whole.find("claims:") != std::string::npos || whole.find("kind: resource") != std::string::npos ||
         whole.find("sample:") != std::string::npos);
  return Divider(random, whole).divided();
}

void random_divided_events(Random& random, const schema::Model& model, RandomCase& into) {
  random_events(random, model, into);
  for (std::size_t d = 0; d < model.domain_count(); ++d) {
    const std::string id = "clock-" + std::to_string(d);
    const schema::EntityIndex clock = model.find_entity("k" + std::to_string(d));
    schema::Event& event = into.events.add(id, kLastTime, 0, clock);
    event.values_count = 1;
    into.events.values.push_back({model.type_of(clock).find_attribute("o9"), schema::Value::number(1)});
    const std::size_t where = random() % into.deliveries.size();
    into.deliveries[where].append(into.events, into.events.events.back());
  }
}

}  // namespace pollux::sim
