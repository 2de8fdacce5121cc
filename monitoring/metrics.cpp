#include "monitoring/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "monitoring/process.h"

namespace pollux::monitoring {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr double kNanosecond = 1e-9;

/// The families of one scrape. A metric that several probes publish is one family with several series.
class Exposition {
 public:
  void counter(const char* name, const char* help, double value, Labels labels = {}) {
    add(name, help, MetricType::Counter, std::move(labels)).counter.value = value;
  }
  void gauge(const char* name, const char* help, double value, Labels labels = {}) {
    add(name, help, MetricType::Gauge, std::move(labels)).gauge.value = value;
  }
  void durations(const char* name, const char* help, const actors::DurationHistogram& measured,
                 Labels labels = {}) {
    auto& histogram = add(name, help, MetricType::Histogram, std::move(labels)).histogram;
    const auto& bounds = actors::DurationHistogram::kBoundsNs;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      cumulative += measured.count(i);
      const double bound = i < bounds.size() ? static_cast<double>(bounds[i]) * kNanosecond
                                             : std::numeric_limits<double>::infinity();
      histogram.bucket.push_back({cumulative, bound});
    }
    histogram.sample_count = cumulative;
    histogram.sample_sum = static_cast<double>(measured.sum_ns()) * kNanosecond;
  }

  const std::vector<MetricFamily>& families() const { return families_; }

 private:
  ClientMetric& add(const char* name, const char* help, MetricType type, Labels labels) {
    const auto [entry, is_new] = index_.try_emplace(name, families_.size());
    if (is_new) families_.push_back({name, help, type, {}});
    ClientMetric metric;
    metric.label = std::move(labels);
    auto& metrics = families_[entry->second].metric;
    metrics.push_back(std::move(metric));
    return metrics.back();
  }

  std::vector<MetricFamily> families_;
  std::map<std::string, std::size_t> index_;
};

Labels with(Labels labels, const char* name, std::string value) {
  labels.push_back({name, std::move(value)});
  return labels;
}

double number(const actors::Counter& counter) {
  return static_cast<double>(counter.value());
}
double number(const actors::Gauge& gauge) {
  return static_cast<double>(gauge.value());
}

void expose_events(Exposition& out, const actors::DomainProbe& probe, const Labels& domain) {
  const auto outcome = [&](const char* name, const actors::Counter& counter) {
    Labels labels = domain;
    labels.push_back({"outcome", name});
    out.counter("pollux_events_total", "Events submitted, by what became of them.", number(counter), labels);
  };
  outcome("accepted", probe.events_accepted);
  outcome("duplicate", probe.events_duplicate);
  outcome("too_late", probe.events_too_late);
  outcome("poison", probe.events_poison);
  outcome("from_the_future", probe.events_from_the_future);
  outcome("refused", probe.events_refused);
  out.counter("pollux_submissions_refused_total", "Submissions refused because the event queue was full.",
              number(probe.submissions_refused_queue_full), domain);
  out.counter("pollux_submissions_refused_disk_full_total", "Submissions refused because the disk was full.",
              number(probe.submissions_refused_disk_full), domain);
  out.gauge("pollux_queue_events", "Events submitted and not yet settled.", number(probe.queue_events),
            domain);
  out.gauge("pollux_queue_events_limit", "Events in the queue beyond which submissions are refused.",
            number(probe.queue_events_max), domain);
}

void expose_quarantine(Exposition& out, const actors::DomainProbe& probe, const Labels& domain) {
  constexpr std::array<const char*, 3> kReasons = {"too_late", "from_the_future", "poison"};
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    out.gauge("pollux_quarantine_events", "Events set aside, by reason, that wait to be decided on.",
              number(probe.quarantine_events[i]), with(domain, "reason", kReasons[i]));
  }
  out.gauge("pollux_quarantine_events_limit", "Events in quarantine beyond which no more are taken.",
            number(probe.quarantine_events_max), domain);
  out.gauge("pollux_quarantine_bytes", "Stored size of the events in quarantine.",
            number(probe.quarantine_bytes), domain);
  out.gauge("pollux_quarantine_bytes_limit", "Size of the quarantine beyond which no more is taken.",
            number(probe.quarantine_bytes_max), domain);
  const auto decided = [&](const char* name, const actors::Counter& counter) {
    out.counter("pollux_quarantine_decisions_total", "Events taken out of quarantine, by how.",
                number(counter), with(domain, "decision", name));
  };
  decided("admitted", probe.quarantine_admitted);
  decided("discarded", probe.quarantine_discarded);
  const auto misfits = [&](const char* name, const actors::Counter& counter) {
    out.counter("pollux_journal_misfits_total",
                "What replay left out of the journal because the model no longer has its names.",
                number(counter), with(domain, "what", name));
  };
  misfits("events", probe.misfit_events);
  misfits("values", probe.misfit_values);
}

/// A source that has sent nothing yet has no series but its name's count of zero.
void expose_source(Exposition& out, const actors::SourceProbe& source, const Labels& domain) {
  const Labels labels = with(domain, "source", source.name);
  const auto outcome = [&](const char* name, const actors::Counter& counter) {
    if (counter.value() == 0 && &counter != &source.accepted) return;
    out.counter("pollux_source_events_total", "Events of each source, by what became of them.",
                number(counter), with(labels, "outcome", name));
  };
  outcome("accepted", source.accepted);
  outcome("duplicate", source.duplicates);
  outcome("too_late", source.too_late);
  outcome("from_the_future", source.from_the_future);
  outcome("poison", source.poison);
  outcome("refused", source.refused);
  if (source.accepted.value() > 0) {
    out.gauge("pollux_source_newest_event_timestamp_seconds", "Latest event time heard from each source.",
              number(source.newest_time_ns) * kNanosecond, labels);
  }
  if (source.sequence_highest.value() == 0) return;
  out.gauge("pollux_source_sequence_missing", "Sequence numbers skipped and not seen since.",
            number(source.sequence_missing), labels);
  out.counter("pollux_source_sequence_gaps_total", "Times that sequence numbers were skipped.",
              number(source.sequence_gaps), labels);
  out.counter("pollux_source_sequence_lost_total", "Sequence numbers given up as never to arrive.",
              number(source.sequence_lost), labels);
  out.counter("pollux_source_sequence_restarts_total", "Times that a source began to count anew.",
              number(source.sequence_restarts), labels);
}

void expose_bounds(Exposition& out, const actors::DomainProbe& probe, const Labels& domain) {
  out.gauge("pollux_epoch_events", "Events in the newest epoch.", number(probe.epoch_events), domain);
  out.gauge("pollux_epoch_events_limit", "Most events in one epoch.", number(probe.epoch_events_max), domain);
  out.counter("pollux_epochs_catching_up_total",
              "Epochs without events in which the clock came closer to one that was far ahead.",
              number(probe.epochs_catching_up), domain);
  out.counter("pollux_epochs_recalled_total",
              "Epochs with events that reached back further than memory, so that the history was read.",
              number(probe.epochs_recalled), domain);
  out.counter("pollux_attributes_recalled_total",
              "Attributes whose past was brought back into memory for such an epoch.",
              number(probe.attributes_recalled), domain);
  out.counter("pollux_epochs_full_total", "Epochs that took no more because they were full.",
              number(probe.epochs_full), domain);
  out.gauge("pollux_change_feed_epochs", "Epochs whose changes are kept for readers that resume.",
            number(probe.change_epochs), domain);
  out.gauge("pollux_change_feed_epochs_limit", "Most epochs whose changes are kept.",
            number(probe.change_epochs_max), domain);
  out.gauge("pollux_change_feed_changes", "Changes kept for readers that resume.", number(probe.changes_kept),
            domain);
  out.gauge("pollux_change_feed_changes_limit", "Most changes kept.", number(probe.changes_kept_max), domain);
  out.gauge("pollux_episodes_kept", "Episodes kept of all constraints together.", number(probe.episodes_kept),
            domain);
  out.gauge("pollux_episodes_per_constraint_limit", "Most episodes kept of one constraint.",
            number(probe.episodes_per_constraint_max), domain);
  out.gauge("pollux_pins", "Settled states that forks, snapshots and readers hold on to.", number(probe.pins),
            domain);
  out.gauge("pollux_pinned_entities", "Entities kept as they were because a pin needs them.",
            number(probe.pinned_entities), domain);
  out.gauge("pollux_pinned_bytes", "Memory that these take.", number(probe.pinned_bytes), domain);
  out.counter("pollux_episodes_dropped_total", "Episodes dropped because a constraint had too many.",
              number(probe.episodes_dropped), domain);
  out.gauge("pollux_revised_events", "Events kept because corrections or retractions speak of them.",
            number(probe.revised_events), domain);
  out.gauge("pollux_revised_events_limit", "Most events kept for that.", number(probe.revised_events_max),
            domain);
  out.gauge("pollux_remembered_events", "Identities kept in memory to tell duplicates.",
            number(probe.remembered_events), domain);
}

void expose_propagation(Exposition& out, const actors::DomainProbe& probe, const Labels& domain) {
  out.counter("pollux_epochs_settled_total", "Epochs settled since the process started.",
              number(probe.epochs_settled), domain);
  out.counter("pollux_epochs_replayed_total", "Epochs replayed from the journal at start.",
              number(probe.epochs_replayed), domain);
  out.counter("pollux_entity_evaluations_total", "Evaluations of an entity at a moment.",
              number(probe.entities_evaluated), domain);
  out.counter("pollux_failed_steps_total", "Evaluations whose result was bad.", number(probe.steps_failed),
              domain);
  out.counter("pollux_changes_total", "Values that changed, revisions included.", number(probe.changes),
              domain);
  out.counter("pollux_revisions_total", "Changes to an already settled past.", number(probe.revisions),
              domain);
  out.counter("pollux_observations_passed_over_total",
              "Values of attributes with sample: latest of which the same epoch held newer ones.",
              number(probe.observations_passed_over), domain);
  out.counter("pollux_actor_restarts_total", "Entities whose actor died and was replaced.",
              number(probe.actors_restarted), domain);
  out.durations("pollux_propagation_duration_seconds", "Time to propagate one epoch.", probe.propagation,
                domain);
  out.durations("pollux_submit_to_settled_duration_seconds", "Time from submission to settled.",
                probe.submit_to_settled, domain);
}

void expose_state(Exposition& out, const actors::DomainProbe& probe, const Labels& domain) {
  out.gauge("pollux_entities", "Entities in the twin.", number(probe.entities), domain);
  out.gauge("pollux_clock_timestamp_seconds", "The twin's clock, event time since 1970.",
            number(probe.clock_ns) * kNanosecond, domain);
  out.gauge("pollux_settled_position", "Journal position of the newest settled epoch.",
            number(probe.settled_position), domain);
  out.gauge("pollux_violated_constraints", "Constraints violated now.", number(probe.violated_constraints),
            domain);
  out.gauge("pollux_unknown_constraints", "Constraints whose status is unknown now.",
            number(probe.unknown_constraints), domain);
  out.counter("pollux_journal_written_bytes_total", "Bytes appended to the journal.",
              number(probe.journal_bytes), domain);
  out.gauge("pollux_history_position", "Journal position of the newest epoch in the history.",
            number(probe.history_position), domain);
  out.gauge("pollux_history_dropped_position", "Epochs up to this one are no longer in the history.",
            number(probe.history_dropped_position), domain);
  out.gauge("pollux_history_bytes", "About how much the history takes on disk, as last looked at.",
            number(probe.history_bytes), domain);
  out.gauge("pollux_history_stopped", "1 while the history cannot be written, and no snapshot can be taken.",
            number(probe.history_stopped), domain);
  out.counter("pollux_journal_append_failures_total", "Appends to the journal that failed.",
              number(probe.journal_append_failures), domain);
  out.gauge("pollux_journal_loss_window_seconds",
            "Acknowledged events that a power loss can cost, in time; 0 where each append is synced.",
            static_cast<double>(probe.journal_loss_window_ns.value()) / 1e9, domain);
  out.gauge("pollux_journal_disk_full", "1 while the journal waits for space on a full disk.",
            number(probe.journal_disk_full), domain);
  out.gauge("pollux_journal_first_position", "Journal position of the oldest record kept.",
            number(probe.journal_first_position), domain);
  out.durations("pollux_journal_append_duration_seconds", "Time to make one epoch durable.",
                probe.journal_append, domain);
}

void expose_snapshots(Exposition& out, const actors::DomainProbe& probe, const Labels& domain) {
  out.counter("pollux_snapshots_total", "Snapshots taken since the process started.",
              number(probe.snapshots_taken), domain);
  out.counter("pollux_snapshot_failures_total", "Snapshots that could not be taken.",
              number(probe.snapshots_failed), domain);
  out.gauge("pollux_snapshot_position", "Journal position of the newest snapshot; 0 where there is none.",
            number(probe.snapshot_position), domain);
  out.gauge("pollux_snapshot_timestamp_seconds", "When the newest snapshot was taken, since 1970.",
            number(probe.snapshot_taken_ns) * kNanosecond, domain);
  out.gauge("pollux_snapshot_bytes", "Size of the newest snapshot.", number(probe.snapshot_bytes), domain);
  out.gauge("pollux_snapshot_duration_seconds", "How long the newest snapshot took.",
            number(probe.snapshot_duration_ns) * kNanosecond, domain);
  out.durations("pollux_snapshot_pause_duration_seconds",
                "Times that epochs waited for a part of a snapshot.", probe.snapshot_pause, domain);
  out.gauge("pollux_recovery_loaded_position", "Journal position of the snapshot this process started from.",
            number(probe.loaded_position), domain);
  out.gauge("pollux_recovery_load_seconds", "Time it took to load that snapshot.",
            number(probe.load_ns) * kNanosecond, domain);
  out.gauge("pollux_recovery_replay_seconds", "Time it took to replay the journal after it.",
            number(probe.replay_ns) * kNanosecond, domain);
}

struct Carrier {
  const actors::CarrierProbe* probe;
  const actors::Gauge* settled;
  std::string from;
  std::string to;
};

void expose_carrier(Exposition& out, const Carrier& carrier) {
  const Labels labels = {{"from", carrier.from}, {"to", carrier.to}};
  const actors::CarrierProbe& probe = *carrier.probe;
  out.gauge("pollux_carrier_position", "Position of the domain it comes from up to which all is carried.",
            number(probe.carried_position), labels);
  out.gauge("pollux_carrier_behind_positions", "Settled positions that have yet to be carried.",
            std::max(0.0, number(*carrier.settled) - number(probe.carried_position)), labels);
  out.counter("pollux_carrier_observations_total", "Observations made where links lead.",
              number(probe.observations), labels);
  out.counter("pollux_carrier_too_late_total",
              "Observations that came later than where they lead can revise.", number(probe.too_late),
              labels);
  out.counter("pollux_carrier_refused_total", "Times that where they lead would not take them yet.",
              number(probe.refused), labels);
  out.counter("pollux_carrier_resumed_from_memory_total",
              "Times that what had yet to be carried was no longer kept but for what memory held.",
              number(probe.resumed_from_memory), labels);
}

void expose_requests(Exposition& out, const server::ServerProbe& probe) {
  for (std::size_t route = 0; route < server::kRouteCount; ++route) {
    for (std::size_t status = 0; status < server::kStatusClassCount; ++status) {
      const auto& counter = probe.requests[route][status];
      if (counter.value() == 0) continue;
      out.counter("pollux_http_requests_total", "HTTP requests by route and class of status code.",
                  number(counter),
                  {{"route", server::name_of(static_cast<server::RouteId>(route))},
                   {"status", server::kStatusClassNames[status]}});
    }
  }
  out.durations("pollux_http_request_duration_seconds",
                "Time from request head to the end of the answer, streams not included.",
                probe.request_duration);
  out.counter("pollux_http_body_bytes_total", "Bytes of request bodies read.", number(probe.body_bytes));
  out.gauge("pollux_http_bodies_held_bytes", "Request bodies in memory now.",
            number(probe.bodies_held_bytes));
  out.gauge("pollux_http_bodies_held_limit_bytes", "Request bodies in memory beyond which more are refused.",
            number(probe.bodies_bytes_max));
  const auto refused = [&](const char* why, const actors::Counter& counter) {
    out.counter("pollux_http_bodies_refused_total", "Request bodies refused, by reason.", number(counter),
                {{"reason", why}});
  };
  refused("too_large", probe.bodies_refused_too_large);
  refused("no_room", probe.bodies_refused_no_room);
  refused("timed_out", probe.bodies_timed_out);
}

void expose_connections(Exposition& out, const server::ServerProbe& probe) {
  out.counter("pollux_http_connections_accepted_total", "Connections accepted.",
              number(probe.connections_accepted));
  out.counter("pollux_http_connections_refused_total", "Connections refused because too many were open.",
              number(probe.connections_refused));
  out.gauge("pollux_http_connections", "Connections open now.", number(probe.connections));
  out.gauge("pollux_http_connections_limit", "Connections beyond which new ones are refused.",
            number(probe.connections_max));
  out.gauge("pollux_http_change_streams", "Readers of the change feed now.", number(probe.change_streams));
  out.gauge("pollux_http_change_streams_limit", "Readers of the change feed beyond which more are refused.",
            number(probe.change_streams_max));
  out.counter("pollux_http_change_streams_refused_total",
              "Readers of the change feed refused because there were too many.",
              number(probe.change_streams_refused));
  out.counter("pollux_http_change_stream_gaps_total", "Times a reader of the change feed had missed some.",
              number(probe.change_stream_gaps));
}

/// Of the server, for there is no twin yet whose probe could be looked at.
void expose_recovery(Exposition& out, const server::ServerProbe& probe) {
  out.gauge("pollux_recovery_in_progress",
            "1 while the twin loads a snapshot and replays its journal, 0 when it serves.",
            number(probe.recovering));
  out.gauge("pollux_recovery_position", "Journal position that recovery has come to.",
            number(probe.recovery_position));
  out.gauge("pollux_recovery_target_position", "Journal position that recovery goes to.",
            number(probe.recovery_target));
}

void expose_process(Exposition& out) {
  const ProcessFacts facts = read_process_facts();
  out.gauge("pollux_build_info", "Always 1; the version is in the label.", 1, {{"version", POLLUX_VERSION}});
  out.counter("process_cpu_seconds_total", "User and system CPU time spent.", facts.cpu_s);
  const auto optional_gauge = [&](const char* name, const char* help, const auto& value) {
    if (value) out.gauge(name, help, static_cast<double>(*value));
  };
  optional_gauge("process_resident_memory_bytes", "Resident memory.", facts.resident_bytes);
  optional_gauge("process_open_fds", "Open file descriptors.", facts.open_fds);
  optional_gauge("process_max_fds", "Most file descriptors this process may open.", facts.fds_max);
  optional_gauge("process_start_time_seconds", "Start of the process since 1970.", facts.start_time_s);
}

}  // namespace

struct Metrics::Implementation {
  mutable std::mutex mutex;
  std::vector<std::pair<std::string, const actors::DomainProbe*>> domains;
  std::vector<Carrier> carriers;
  std::vector<const server::ServerProbe*> servers;
};

Metrics::Metrics() : implementation_(std::make_unique<Implementation>()) {}
Metrics::~Metrics() = default;

void Metrics::observe(const actors::DomainProbe& probe, const std::string& domain) {
  const std::scoped_lock lock(implementation_->mutex);
  implementation_->domains.emplace_back(domain, &probe);
}

void Metrics::observe(const actors::CarrierProbe& probe, const actors::Gauge& settled,
                      const std::string& from, const std::string& to) {
  const std::scoped_lock lock(implementation_->mutex);
  implementation_->carriers.push_back({&probe, &settled, from, to});
}

void Metrics::observe(const server::ServerProbe& probe) {
  const std::scoped_lock lock(implementation_->mutex);
  implementation_->servers.push_back(&probe);
}

std::string Metrics::render() const {
  Exposition exposition;
  {
    const std::scoped_lock lock(implementation_->mutex);
    for (const auto& [name, probe] : implementation_->domains) {
      const Labels domain = {{"domain", name}};
      expose_events(exposition, *probe, domain);
      expose_quarantine(exposition, *probe, domain);
      for (const auto& source : probe->sources) expose_source(exposition, source, domain);
      expose_bounds(exposition, *probe, domain);
      expose_propagation(exposition, *probe, domain);
      expose_state(exposition, *probe, domain);
      expose_snapshots(exposition, *probe, domain);
    }
    for (const Carrier& carrier : implementation_->carriers) expose_carrier(exposition, carrier);
    for (const auto* probe : implementation_->servers) {
      expose_requests(exposition, *probe);
      expose_connections(exposition, *probe);
      expose_recovery(exposition, *probe);
    }
  }
  expose_process(exposition);
  return prometheus::TextSerializer().Serialize(exposition.families());
}

}  // namespace pollux::monitoring
