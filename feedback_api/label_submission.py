"""The edge of labelling: one transaction, then the metrics and the relay's wake-up."""

from feedback_api.access.identity import Identity
from feedback_api.representations.labels import Label, LabelRequest
from feedback_api.services import Services
from feedback_api.use_cases.labels import Labelled, Submission, label_alert
from feedback_api.use_cases.repeated_requests import Answer, Repeat, answer_once
from floodline.storage.engine import transaction


def submit_label(
    services: Services,
    identity: Identity,
    alert_id: str,
    request: LabelRequest,
    idempotency_key: str | None = None,
) -> Answer:
    """Store a label and have it published: 201 with the label, 200 where it was there already.

    Raises:
        NotFound: there is no such alert.
        InvalidRequest: no such verdict on an alert, or an Idempotency-Key used otherwise.
    """
    given = Submission(
        detector=services.detector,
        alert_id=alert_id,
        identity=identity,
        request=request,
        label_id=services.new_id(),
        labels_topic=services.labels_topic,
        model=services.model,
        now=services.clock(),
    )
    done: list[Labelled] = []
    with transaction(services.engine) as session:

        def act() -> Answer:
            labelled = label_alert(session, given)
            done.append(labelled)
            body = Label.of(labelled.label).model_dump(mode="json")
            return Answer(201 if labelled.stored else 200, body)

        asked = {"label": alert_id, "body": request.model_dump(mode="json")}
        repeat = Repeat(idempotency_key, identity.user_id, asked, given.now)
        answer = answer_once(session, repeat, act)
    for labelled in done:
        _tell(services, labelled)
    return answer


def _tell(services: Services, labelled: Labelled) -> None:
    if not labelled.stored:
        return
    services.metrics.labels.labels(services.detector, labelled.label.row.verdict).inc()
    if labelled.first_after is not None:
        services.metrics.label_delay.labels(services.detector).observe(labelled.first_after)
    services.wake_relay()
