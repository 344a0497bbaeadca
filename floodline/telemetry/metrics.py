"""Every metric of every process: name, unit, meaning, labels.

A metric's label is a detector, a partition, a verdict or a reason: never an entity or an alert.
Each class is made once in its process's `main` and passed on; none lives at module level.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class ConsumerMetrics:
    """What the consumer says of itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        by_partition = ["detector", "partition"]
        self.records = Counter(
            "floodline_records_total",
            "Records of the input committed: scored or dead-lettered.",
            by_partition,
            registry=registry,
        )
        self.gaps = Counter(
            "floodline_offset_gaps_total",
            "Offsets passed that have no record: control records, aborted or compacted ones.",
            by_partition,
            registry=registry,
        )
        self.scored = Counter(
            "floodline_events_scored_total",
            "Events scored and committed.",
            by_partition,
            registry=registry,
        )
        self.alerts = Counter(
            "floodline_alerts_total",
            "Alerts published and committed.",
            by_partition,
            registry=registry,
        )
        self.samples = Counter(
            "floodline_samples_total",
            "Events below the threshold drawn for review, published and committed.",
            by_partition,
            registry=registry,
        )
        self.dead_letters = Counter(
            "floodline_dead_letters_total",
            "Records dead-lettered and committed, by reason.",
            ["detector", "reason"],
            registry=registry,
        )
        self.lag = Gauge(
            "floodline_lag_events",
            "Offsets between the committed one and the log's end.",
            by_partition,
            registry=registry,
        )
        self.alert_rate = Gauge(
            "floodline_alert_ratio",
            "Share of alerts among the last minute's scored events.",
            ["detector"],
            registry=registry,
        )
        self.event_to_alert = Histogram(
            "floodline_event_to_alert_seconds",
            "From the event's timestamp to its alert's commit.",
            ["detector"],
            buckets=_FAST,
            registry=registry,
        )
        self.restore = Histogram(
            "floodline_restore_seconds",
            "From a partition's assignment, or its rewind, to its next event: snapshot and replay.",
            ["detector"],
            buckets=_FAST,
            registry=registry,
        )
        self.held_back = Gauge(
            "floodline_output_held_back_records",
            "Records of our output topics that readers cannot see: an open transaction is in the "
            "way.",
            ["detector", "topic"],
            registry=registry,
        )
        self.commit = Histogram(
            "floodline_commit_seconds",
            "Length of a transaction's flush and commit.",
            ["detector"],
            buckets=_FAST,
            registry=registry,
        )
        self.committed_at = Gauge(
            "floodline_last_commit_timestamp_seconds",
            "When the last transaction was committed.",
            ["detector"],
            registry=registry,
        )
        self.threshold = Gauge(
            "floodline_threshold_score",
            "Threshold in force; NaN while there is none.",
            by_partition,
            registry=registry,
        )
        self.release = Gauge(
            "floodline_release_number",
            "Release in force.",
            by_partition,
            registry=registry,
        )
        self.warming_up = Gauge(
            "floodline_warming_up",
            "1 while the model has learnt too little to alert.",
            by_partition,
            registry=registry,
        )
        self.task_state = Gauge(
            "floodline_task_state",
            "1 for the state a partition's task is in.",
            [*by_partition, "state"],
            registry=registry,
        )
        self.restarts = Counter(
            "floodline_producer_restarts_total",
            "Transactions given up and replayed with a new producer, by cause.",
            ["detector", "cause"],
            registry=registry,
        )


class FeedbackMetrics:
    """What the feedback API says of itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.intake = Counter(
            "floodline_intake_alerts_total",
            "Alerts taken in, by outcome (stored, known, refused).",
            ["detector", "outcome"],
            registry=registry,
        )
        self.labels = Counter(
            "floodline_labels_total",
            "Labels stored, by verdict.",
            ["detector", "verdict"],
            registry=registry,
        )
        self.label_delay = Histogram(
            "floodline_alert_to_label_seconds",
            "From an alert's intake to its first label.",
            ["detector"],
            buckets=(1, 5, 15, 60, 300, 900, 3600, 14400, 86400, 604800),
            registry=registry,
        )
        self.outbox = Gauge(
            "floodline_outbox_messages",
            "Messages that wait in the outbox.",
            ["kind"],
            registry=registry,
        )
        self.open_alerts = Gauge(
            "floodline_open_alerts",
            "Alerts without a label.",
            ["detector"],
            registry=registry,
        )
        self.requests = Histogram(
            "floodline_http_request_seconds",
            "Length of a request, by route and status.",
            ["method", "route", "status"],
            buckets=_FAST,
            registry=registry,
        )
        self.intake_up = Gauge(
            "floodline_intake_up",
            "1 while alerts, or samples, are taken in.",
            ["detector", "kind"],
            registry=registry,
        )


class TrainerMetrics:
    """What the trainer says of itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.recalibrations = Counter(
            "floodline_recalibrations_total",
            "Recalibrations, by outcome (moved, held, failed).",
            ["detector", "outcome"],
            registry=registry,
        )
        self.retrains = Counter(
            "floodline_retrains_total",
            "Retrains, by outcome (published, kept, failed).",
            ["detector", "outcome"],
            registry=registry,
        )
        self.retrained_at = Gauge(
            "floodline_last_retrain_timestamp_seconds",
            "When the last retrain finished.",
            ["detector"],
            registry=registry,
        )
        self.retrain_age = Gauge(
            "floodline_last_retrain_age_seconds",
            "Time since the last retrain finished.",
            ["detector"],
            registry=registry,
        )
        self.threshold = Gauge(
            "floodline_released_threshold_score",
            "Threshold of the newest release.",
            ["detector"],
            registry=registry,
        )
        self.release = Gauge(
            "floodline_released_number",
            "Number of the newest release.",
            ["detector"],
            registry=registry,
        )
        self.precision = Gauge(
            "floodline_labelled_precision_ratio",
            "Precision of the labelled alerts at the threshold in force.",
            ["detector"],
            registry=registry,
        )
        self.frozen = Gauge(
            "floodline_threshold_frozen",
            "1 while the threshold is frozen: neither labels nor people move it.",
            ["detector"],
            registry=registry,
        )
        self.teaching_labels = Gauge(
            "floodline_teaching_labels",
            "Labels that teach the forest.",
            ["detector"],
            registry=registry,
        )
        self.teaching_share = Gauge(
            "floodline_teaching_share",
            "Share of the labels' lessons let through: less where labels speak against them.",
            ["detector"],
            registry=registry,
        )
        self.teaching_predicted = Gauge(
            "floodline_teaching_predicted_labels",
            "Labels among them that those before them foretold, rightly or wrongly.",
            ["detector"],
            registry=registry,
        )
        self.teaching_agreement = Gauge(
            "floodline_teaching_agreement",
            "Share of the foretold labels that came as foretold; NaN before any.",
            ["detector"],
            registry=registry,
        )
        self.promise_broken = Gauge(
            "floodline_promise_broken",
            "1 while the alerts since the last move surely break what the policy promises.",
            ["detector"],
            registry=registry,
        )
        self.verdict_drift = Gauge(
            "floodline_verdict_drift",
            "Differences in verdicts on alike scores, between analysts or in time.",
            ["detector"],
            registry=registry,
        )
        self.moves = Counter(
            "floodline_threshold_moves_total",
            "Moves of the threshold, by what asked (policy, manual, undo, watch) and what became "
            "of them in the trainer (released, proposed, stale).",
            ["detector", "kind", "state"],
            registry=registry,
        )
        self.estimated_precision = Gauge(
            "floodline_estimated_precision_ratio",
            "Precision at the threshold in force: estimate, or an end of its 90 % interval.",
            ["detector", "bound"],
            registry=registry,
        )
        self.estimated_recall = Gauge(
            "floodline_estimated_recall_ratio",
            "Recall at the threshold in force: estimate, or an end of its 90 % interval.",
            ["detector", "bound"],
            registry=registry,
        )
        self.estimated_wrong_answers = Gauge(
            "floodline_estimated_wrong_answers_ratio",
            "Share of the analysts' answers that are wrong, by second opinions; NaN with too few.",
            ["detector"],
            registry=registry,
        )
        self.score_drift = Gauge(
            "floodline_score_drift_per_day",
            "Change of the scores' mean rank (0 to 1) in a day; 0 where it changes no estimate.",
            ["detector"],
            registry=registry,
        )


def names(registry: CollectorRegistry) -> Iterator[str]:
    """The name of each metric family in the registry, as Prometheus scrapes it."""
    for family in registry.collect():
        yield f"{family.name}_total" if family.type == "counter" else family.name
