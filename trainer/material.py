"""What a retrain is made from: events of the log, labels of SQL."""

from pathlib import Path

from floodline.configuration.sections import Configuration
from floodline.errors import NotFound
from floodline.storage import labelled_alerts
from floodline.storage.engine import transaction
from floodline.storage.labelled_alerts import EventLabel
from trainer.commit import git_commit
from trainer.ranges import explicit_ranges, newest_ranges
from trainer.report import Inputs
from trainer.request import Request, Services
from trainer.training import Sample, decoded


def gather(
    configuration: Configuration, services: Services, request: Request
) -> tuple[Inputs, list[Sample], list[EventLabel]]:
    """The inputs' description, the events of the range in order, and the alerts on the topic.

    Raises:
        ConfigurationError: topic or range do not fit.
        DependencyDown: Kafka or SQL does not answer.
        NotFound: no event of the range can be decoded.
    """
    topic_id = services.events.topic_id()
    bounds = services.events.bounds()
    if request.starts or request.ends:
        ranges = explicit_ranges(bounds, request.starts, request.ends)
    else:
        ranges = newest_ranges(bounds, configuration.trainer.retrain_max_events)
    detector = configuration.detector.name
    with transaction(services.engine) as session:
        labels = labelled_alerts.of_events(session, detector, topic_id)
        count, digest = labelled_alerts.snapshot_digest(session, detector)
    records = services.events.replay(ranges)
    samples, invalid = decoded(records, configuration.schema_of_events)
    if not samples:
        raise NotFound(
            f"topic {configuration.topics.events!r} has no event in the range that can be decoded; "
            "check the range and detector.features"
        )
    inputs = Inputs(
        ranges=ranges,
        topic_id=topic_id,
        labels=count,
        label_digest=digest,
        records=len(records),
        invalid=invalid,
        source=f"kafka topic {configuration.topics.events} ({topic_id})",
        trigger=request.trigger,
        commit=git_commit(Path(__file__).parent),
    )
    return inputs, samples, labels
