"""GET /api/v1/alerts, /api/v1/alerts/{id} and /api/v1/second-opinions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from feedback_api.access.rules import Analyst, Viewer
from feedback_api.representations.alerts import (
    Alert,
    AlertDetail,
    AlertPage,
    AlertQuery,
    SecondOpinionQuery,
)
from feedback_api.services import services_of
from feedback_api.use_cases.alerts import get_alert, list_alerts
from feedback_api.use_cases.provisional import provisional_releases
from feedback_api.use_cases.second_opinions import await_second_opinion
from floodline.storage.engine import transaction


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.get("/alerts")
    def read_alerts(
        request: Request, identity: Viewer, query: Annotated[AlertQuery, Query()]
    ) -> AlertPage:
        """A page of alerts."""
        services = services_of(request)
        with transaction(services.engine) as session:
            found = list_alerts(session, services.detector, query)
            early = provisional_releases(
                session, services.detector, services.initial_rule, found.rows
            )
        items = [Alert.of(row, early.get(row.release)) for row in found.rows]
        return AlertPage(items=items, next_cursor=found.next_cursor)

    @router.get("/second-opinions")
    def read_second_opinions(
        request: Request, identity: Analyst, query: Annotated[SecondOpinionQuery, Query()]
    ) -> AlertPage:
        """Alerts and samples that others have answered and you should, without what they said."""
        services = services_of(request)
        with transaction(services.engine) as session:
            now = services.clock()
            rows = await_second_opinion(session, services.detector, identity, now, query.limit)
            early = provisional_releases(session, services.detector, services.initial_rule, rows)
        items = [Alert.of(row, early.get(row.release)).blind() for row in rows]
        return AlertPage(items=items, next_cursor=None)

    @router.get("/alerts/{alert_id}")
    def read_alert(request: Request, identity: Viewer, alert_id: str) -> AlertDetail:
        """One alert with its whole event."""
        services = services_of(request)
        with transaction(services.engine) as session:
            row = get_alert(session, services.detector, alert_id)
            early = provisional_releases(session, services.detector, services.initial_rule, [row])
            return AlertDetail.of(row, early.get(row.release))
