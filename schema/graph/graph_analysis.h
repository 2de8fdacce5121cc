// What the shape of the dependency graph says: how far change spreads, and what hangs on a single entity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "schema/model/model.h"

namespace pollux::schema {

/// Up to so many entities every cascade is counted; of a larger model those of the `kCascadesChosen` entities
/// with the greatest fan-out or the most entities cut off.
inline constexpr std::size_t kCascadesAllMax = 100'000;
inline constexpr std::size_t kCascadesChosen = 512;

/// Arrays are by entity index. The graph is that of inputs and what they are bound to. What leads into a link
/// is no part of it but for fan-in and fan-out: what a link carries arrives at another time, so it begins
/// ways of its own, as a source does.
///
/// A *source* is an entity that events feed or that reads from no other, or a link. An entity *cuts off*
/// another when every way from a source to that one leads through it, that is, dominates it (Prosser 1959);
/// on an acyclic graph the immediate dominator is the lowest common ancestor of the producers in the tree of
/// dominators.
struct GraphAnalysis {
  static constexpr std::uint32_t kNotCounted = 0xffff'ffff;

  std::vector<std::uint32_t> fan_in;    ///< Distinct entities it reads from.
  std::vector<std::uint32_t> fan_out;   ///< Distinct entities that read from it.
  std::vector<std::uint32_t> depth;     ///< Steps on the longest way to it.
  std::vector<EntityIndex> cut_off_by;  ///< The nearest single entity that cuts it off; `kNone`: none does.
  std::vector<std::uint32_t> cuts_off;  ///< Entities it cuts off.
  std::vector<std::uint32_t> cascade;   ///< Entities downstream, itself not counted; or `kNotCounted`.
  std::vector<std::uint32_t> constraints;  ///< Constraints among those: what its failure can violate.

  std::vector<EntityIndex> longest_path;  ///< From a source on; one of them, where there are several.
  /// Entities worth a look first: by `cuts_off`, then `cascade`, then `fan_out`, then as declared.
  std::vector<EntityIndex> ranking;
  std::size_t source_count = 0;
  std::size_t binding_count = 0;
  std::size_t constraint_count = 0;
  bool every_cascade_counted = false;
};

/// Cost is linear in entities and bindings but for the cascades: a pass over the graph for each 512 of them.
GraphAnalysis analyse_graph(const Model& model, std::size_t cascades_all_max = kCascadesAllMax);

/// The constraints downstream of an entity, as declared, at most `limit`.
std::vector<EntityIndex> constraints_downstream(const Model& model, EntityIndex entity, std::size_t limit);

/// JSON: `{"model","version","entity_count","binding_count","source_count","constraint_count","height",
/// "cascades":"all"|"chosen","longest_path":[ID],"bottlenecks":[{"id","cuts_off","constraints":[ID],
/// "constraints_truncated"}],"entities":[{"id","type","kind","depth","fan_in","fan_out","cut_off_by","cuts_off",
/// "cascade","constraints"}],"truncated"}`: the first `limit` entities of the ranking, and of these as
/// bottlenecks at most `kBottlenecksShown` that cut off any. What was not counted is null. With several
/// domains also `"domains":[{"name","entities","constraints","links_in","links_out"}]`, and each entity's
/// "domain".
std::string graph_analysis_json(const Model& model, const GraphAnalysis& analysis, std::size_t limit);
inline constexpr std::size_t kBottlenecksShown = 20;
inline constexpr std::size_t kConstraintsNamedMax = 100;

}  // namespace pollux::schema
