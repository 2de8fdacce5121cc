// Why a value is what it is, through all domains it comes from.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "actors/inquiry/explanation.h"
#include "actors/plant/plant.h"
#include "schema/result.h"
#include "server/http/as_of.h"

namespace pollux::server {

/// What of an explanation lies in one domain, told in the words of that domain's model.
struct ExplanationPart {
  schema::DomainIndex domain = 0;
  unsigned depth = 0;                     ///< Levels asked for, from its outermost value on.
  schema::EventTime at = schema::kNever;  ///< `kNever`: at present.
  actors::Explanation explanation;
  /// Values in it that a link has from another domain, and which part tells why they are what they are.
  std::map<const actors::Cause*, std::size_t> goes_on;
};
/// The first one holds the value asked about.
using WholeExplanation = std::vector<std::unique_ptr<ExplanationPart>>;

/// Most parts: each is a question to an engine and a search in a journal.
inline constexpr std::size_t kExplanationPartsMax = 32;

/// Names the events of a part that was read from the settled state. Blocks on engine and disk. Errors: those
/// of the journal.
schema::Result<void> name_present_events(actors::Plant& plant, ExplanationPart& part);

/// A part from the history: what was known then of that time, its events named. `entity`: of the domain's
/// model. Blocks. Errors: those of `resolve`, of history and journal.
schema::Result<std::unique_ptr<ExplanationPart>> explain_from_history(
    actors::Plant& plant, schema::DomainIndex domain, schema::EntityIndex entity,
    schema::AttributeSlot attribute, unsigned depth, const DomainAsOf& as_of);

/// Goes on where links lead into other domains: with what the producer was at the time carried, as it is
/// known now, or, where `as_of` asks for what was known, as it was known there: at the position it names, at
/// its time, or else when this was carried. What the other domain no longer keeps is left as it was carried.
/// At most `kExplanationPartsMax` parts and about `kCausesMax` values in all; what is left out is marked.
/// REQUIRES: there is one part, its events named. Blocks. Errors: io, corrupt, invalid.
schema::Result<void> follow_links(actors::Plant& plant, const AsOf& as_of, WholeExplanation& whole);

}  // namespace pollux::server
