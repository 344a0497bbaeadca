"""GET and POST /api/v1/threshold/moves, decisions on them, POST /api/v1/threshold/undo."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

from feedback_api.access.identity import Identity
from feedback_api.access.rules import Engineer, Viewer
from feedback_api.representations.moves import Move, MoveQuery, MoveRequest, Moves, UndoRequest
from feedback_api.services import services_of
from feedback_api.threshold_acts import decide_move, submit_move, submit_undo
from feedback_api.use_cases.repeated_requests import Answer
from floodline.storage import moves
from floodline.storage.engine import transaction
from floodline.storage.moves import MoveState

Key = Annotated[str | None, Header(alias="Idempotency-Key")]


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.get("/threshold/moves")
    def read_moves(
        request: Request, identity: Viewer, query: Annotated[MoveQuery, Query()]
    ) -> Moves:
        """The newest moves."""
        services = services_of(request)
        with transaction(services.engine) as session:
            rows = moves.listed(session, services.detector, query.limit, query.state)
            return Moves(items=[Move.of(row) for row in rows])

    @router.post("/threshold/moves", status_code=201, response_model=Move)
    def move(
        request: Request, identity: Engineer, body: MoveRequest, idempotency_key: Key = None
    ) -> JSONResponse:
        """Move the threshold to a score, or propose it where a second person must consent."""
        return _told(submit_move(services_of(request), identity, body, idempotency_key))

    @router.post("/threshold/undo", status_code=201, response_model=Move)
    def undo(
        request: Request, identity: Engineer, body: UndoRequest, idempotency_key: Key = None
    ) -> JSONResponse:
        """Go back to the rule before the newest release that set the threshold."""
        return _told(submit_undo(services_of(request), identity, body, idempotency_key))

    _add_decisions(router)


def _add_decisions(router: APIRouter) -> None:
    @router.post("/threshold/moves/{move_id}/approve")
    def approve(request: Request, identity: Engineer, move_id: str) -> Move:
        """Consent to another's proposal."""
        return _decided(request, identity, move_id, MoveState.APPROVED)

    @router.post("/threshold/moves/{move_id}/reject")
    def reject(request: Request, identity: Engineer, move_id: str) -> Move:
        """Turn a proposal down."""
        return _decided(request, identity, move_id, MoveState.REJECTED)

    @router.post("/threshold/moves/{move_id}/withdraw")
    def withdraw(request: Request, identity: Engineer, move_id: str) -> Move:
        """Take one's own move back, as long as it is not released."""
        return _decided(request, identity, move_id, MoveState.WITHDRAWN)


def _decided(request: Request, identity: Identity, move_id: str, state: MoveState) -> Move:
    return decide_move(services_of(request), identity, move_id, state)


def _told(answer: Answer) -> JSONResponse:
    headers = {"Idempotent-Replayed": "true"} if answer.replayed else None
    return JSONResponse(answer.body, answer.status, headers=headers)
