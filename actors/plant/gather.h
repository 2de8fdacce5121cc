// Asking several domains at once, and having their answers together.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "schema/model/model.h"

namespace pollux::actors {

/// Calls `ask(domain, answer)` for each domain; `answer` takes a `T` on any thread, once. `done` has all of
/// them, in the order of `domains`, on the thread of the last one; at once where there is no domain.
template <class T, class Ask>
void gather(std::span<const schema::DomainIndex> domains, Ask ask, std::function<void(std::vector<T>)> done) {
  struct Answers {
    std::mutex mutex;
    std::vector<std::optional<T>> all;
    std::size_t missing = 0;
    std::function<void(std::vector<T>)> done;
  };
  if (domains.empty()) return done({});
  auto answers = std::make_shared<Answers>();
  answers->all.resize(domains.size());
  answers->missing = domains.size();
  answers->done = std::move(done);
  for (std::size_t i = 0; i < domains.size(); ++i) {
    ask(domains[i], [answers, i](T one) {
      {
        const std::lock_guard lock(answers->mutex);
        answers->all[i] = std::move(one);
        if (--answers->missing > 0) return;
      }
      std::vector<T> together;
      together.reserve(answers->all.size());
      for (std::optional<T>& each : answers->all) together.push_back(*std::move(each));
      answers->done(std::move(together));
    });
  }
}

}  // namespace pollux::actors
