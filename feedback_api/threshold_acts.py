"""The edge of steering the threshold: one transaction an act, repeated requests answered once."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from feedback_api.access.identity import Identity
from feedback_api.representations.moves import FreezeRequest, Move, MoveRequest, UndoRequest
from feedback_api.representations.policies import AnyPolicy, PolicyInForce, as_policy
from feedback_api.representations.threshold import Freeze
from feedback_api.services import Services
from feedback_api.use_cases.controls import freeze, set_policy, unfreeze
from feedback_api.use_cases.footing import Footing
from feedback_api.use_cases.moves import Act, decide, move_by_hand, undo
from feedback_api.use_cases.repeated_requests import Answer, Repeat, answer_once
from floodline.errors import Conflict
from floodline.storage.engine import transaction
from floodline.storage.moves import MoveState
from floodline.storage.tables import MoveRow


def footing_of(services: Services) -> Footing:
    """What questions about the threshold stand on, now."""
    return Footing(
        detector=services.detector,
        section=services.threshold,
        initial_rule=services.initial_rule,
        initial_sampling=services.initial_sampling,
        now=services.clock(),
    )


def submit_move(
    services: Services, identity: Identity, request: MoveRequest, idempotency_key: str | None = None
) -> Answer:
    """Move the threshold by hand: 201 with the move.

    Raises:
        InvalidRequest, Conflict: as `move_by_hand`; an Idempotency-Key used otherwise.
    """

    def made(session: Session, footing: Footing, act: Act) -> MoveRow:
        return move_by_hand(session, footing, act, request.threshold)

    return _once(services, identity, request, ("move", idempotency_key), made)


def submit_undo(
    services: Services, identity: Identity, request: UndoRequest, idempotency_key: str | None = None
) -> Answer:
    """Go back to the threshold before: 201 with the move.

    Raises:
        InvalidRequest, Conflict: as `undo`; an Idempotency-Key used otherwise.
    """
    return _once(services, identity, request, ("undo", idempotency_key), undo)


def decide_move(services: Services, identity: Identity, move_id: str, state: MoveState) -> Move:
    """Approve, reject or withdraw a move.

    Raises:
        NotFound, Refused, Conflict: as `decide`.
    """
    with transaction(services.engine) as session:
        return Move.of(decide(session, footing_of(services), identity, move_id, state))


def change_policy(services: Services, identity: Identity, told: AnyPolicy | None) -> PolicyInForce:
    """Put a policy in place of the configured one; with None go back to that."""
    policy, footing = None if told is None else as_policy(told), footing_of(services)
    with transaction(services.engine) as session:
        changed = set_policy(session, footing, identity, policy)
    return PolicyInForce.of(policy or footing.section.configured_policy, changed)


def freeze_threshold(services: Services, identity: Identity, request: FreezeRequest) -> Freeze:
    """Stop the threshold.

    Raises:
        Conflict: somebody else has frozen it, or the same person for another reason.
    """
    with transaction(services.engine) as session:
        frozen = Freeze.of(freeze(session, footing_of(services), identity, request.reason))
    if frozen is None:
        raise Conflict("somebody let the threshold move again at the same time; freeze it again")
    return frozen


def unfreeze_threshold(services: Services, identity: Identity) -> None:
    """Let the threshold move again."""
    with transaction(services.engine) as session:
        unfreeze(session, footing_of(services), identity)


def _once(
    services: Services,
    identity: Identity,
    request: MoveRequest | UndoRequest,
    named: tuple[str, str | None],
    make: Callable[[Session, Footing, Act], MoveRow],
) -> Answer:
    name, key = named
    footing = footing_of(services)
    act = Act(
        identity=identity,
        reason=request.reason,
        base_release=request.base_release,
        id=services.new_id(),
    )
    asked: dict[str, Any] = {name: footing.detector, "body": request.model_dump(mode="json")}
    with transaction(services.engine) as session:

        def answer() -> Answer:
            move = Move.of(make(session, footing, act))
            return Answer(201, move.model_dump(mode="json"))

        return answer_once(session, Repeat(key, identity.user_id, asked, footing.now), answer)
