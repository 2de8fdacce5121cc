// Which events count, told naively from the whole set of them: the rule of actors/supervision/revisions.h, by
// name.
#pragma once

#include <map>
#include <string>

#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::sim {

class Standing {
 public:
  Standing(const schema::Model& model, const schema::EventBatch& events);

  bool counts(const schema::Event& event) const;

 private:
  std::string name(const schema::Event& event, std::string_view id) const;
  bool retracted(const schema::Event& event) const;
  bool retracted(const std::string& what) const;
  const schema::Event* last_correction(const std::string& what) const;

  const schema::Model& model_;
  const schema::EventBatch& events_;
  std::map<std::string, const schema::Event*> by_name_;
};

}  // namespace pollux::sim
