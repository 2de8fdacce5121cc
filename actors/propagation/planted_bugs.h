// Bugs that a test plants in the engine, one at a time, to prove that simulation finds them. Only tests/sim
// builds the engine with POLLUX_PLANTED_BUGS; anywhere else POLLUX_PLANTED is false at compile time.
#pragma once

#ifdef POLLUX_PLANTED_BUGS

/// X(name, what goes wrong).
#define POLLUX_PLANTED_BUG_LIST(X)                                                                  \
  X(epoch_forgets_duplicates, "identities of events are forgotten when their epoch ends")           \
  X(lost_retraction, "a retraction that comes before the event it names is forgotten")              \
  X(acknowledged_before_durable, "the journal's writer reports success before it writes")           \
  X(failed_append_taken_for_done, "an epoch whose append failed is settled all the same")           \
  X(journal_loses_last_event, "a record of several events is kept without the last one")            \
  X(replay_forgets_ticks, "a replayed clock stays where the last event left it")                    \
  X(timer_due_now_is_missed, "a timer due exactly at the clock waits for the next epoch")           \
  X(query_sees_half_an_epoch, "queries are answered while a wave runs")                             \
  X(feed_omits_revisions, "changes to the settled past are not published")                          \
  X(queue_never_empties, "events that were only repeated stay counted in the queue")                \
  X(dead_actor_is_not_replaced, "an entity whose actor died is left without one")                   \
  X(late_event_appended, "a late observation goes to the end instead of its place")                 \
  X(splice_takes_one_more, "rewriting an interval also removes the version at its end")             \
  X(splice_drops_what_follows, "what held after a rewritten interval is not put back")              \
  X(window_not_reached, "a revision does not reach windows that still hold it")                     \
  X(link_reached_again_is_lost, "a link that ran in a round is not run for what comes")             \
  X(episode_not_withdrawn, "an episode that never was stays when the past is revised")              \
  X(reached_entity_is_lost, "of those that a shared level reached, the last is not run")            \
  X(dirty_interval_cut_short, "the last moment of an interval that differs is not evaluated again") \
  X(aggregate_left_in_the_past, "after a look at the past an aggregate's members stay there")       \
  X(memory_is_not_compared, "a step stops at an interval's end though it remembers something else") \
  X(retraction_keeps_timer, "staleness is not expected sooner when the newest report is retracted") \
  X(cut_off_ignores_quality, "a value that differs in quality alone is not handed on")              \
  X(height_of_last_producer, "an entity runs after its last producer, not after its highest")       \
  X(place_is_not_handed_on, "claimants are told only what the counts of their resource tell")       \
  X(replay_merges_sampled_epochs, "small records are replayed together though the model samples")

namespace pollux::actors {

enum class PlantedBug {
  none,
#define POLLUX_NAME(name, what) name,
  POLLUX_PLANTED_BUG_LIST(POLLUX_NAME)
#undef POLLUX_NAME
};

/// The one that is planted now. Set before a twin starts.
inline PlantedBug planted_bug = PlantedBug::none;

}  // namespace pollux::actors

#define POLLUX_PLANTED(bug) (::pollux::actors::planted_bug == ::pollux::actors::PlantedBug::bug)

#else

#define POLLUX_PLANTED(bug) false

#endif
