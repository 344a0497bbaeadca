"""Whether a retrain would see anything that the last one did not."""

import hashlib

import msgspec
from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.storage import labelled_alerts, retrains
from floodline.storage.engine import transaction
from trainer.ports import EventLog
from trainer.request import Request


def material_digest(
    configuration: Configuration,
    request: Request,
    topic_id: str,
    ends: dict[int, int],
    label_digest: str,
) -> str:
    """The sha256 of what a retrain is made from: where the log ends, labels, settings, the wish.

    The log's beginning is not among it: what the log forgets gives no reason to train on the rest.
    """
    material = {
        "topic": topic_id,
        "ends": sorted(ends.items()),
        "labels": label_digest,
        "asked": (sorted(request.starts.items()), sorted(request.ends.items()), request.publish),
        "settings": [
            configuration.detector.model_dump(mode="json"),
            msgspec.to_builtins(configuration.model_parameters),
            configuration.trainer.held_out,
            configuration.trainer.retrain_max_events,
            configuration.trainer.retrain_min_labels,
        ],
    }
    return hashlib.sha256(msgspec.json.encode(material, order="sorted")).hexdigest()


def nothing_new(
    configuration: Configuration, engine: Engine, events: EventLog, request: Request
) -> bool:
    """Whether the last retrain that ended well was asked the same of the same events and labels.

    Raises:
        ConfigurationError: there is no such topic.
        DependencyDown: Kafka or SQL does not answer.
    """
    detector = configuration.detector.name
    with transaction(engine) as session:
        last = retrains.last_material(session, detector)
        _, labels = labelled_alerts.snapshot_digest(session, detector)
    if last is None:
        return False
    ends = {partition: end for partition, (_, end) in events.bounds().items()}
    return last == material_digest(configuration, request, events.topic_id(), ends, labels)
