"""Setting the policy and freezing the threshold."""

from typing import Any

import msgspec
from sqlalchemy.orm import Session

from feedback_api.access.identity import Identity
from feedback_api.use_cases.footing import Footing
from floodline.errors import Conflict
from floodline.feedback.policies import Policy
from floodline.storage import audit, controls
from floodline.storage.controls import Controls


def set_policy(
    session: Session, footing: Footing, identity: Identity, policy: Policy | None
) -> Controls:
    """Put a policy in place of the configured one; with None go back to that.

    What holds already is left as it is, with the name of who set it.
    """
    if controls.get(session, footing.detector).policy != policy:
        controls.set_policy(session, footing.detector, policy, identity.name, footing.now)
        told = {"policy": None if policy is None else msgspec.to_builtins(policy)}
        _audit(session, footing, identity, "policy", told)
    return controls.get(session, footing.detector)


def freeze(session: Session, footing: Footing, identity: Identity, reason: str) -> Controls:
    """Stop the threshold: neither labels nor people move it.

    Raises:
        Conflict: somebody else has frozen it, or the same person for another reason.
    """
    found = controls.get(session, footing.detector)
    if found.frozen:
        if (found.frozen_by, found.frozen_reason) != (identity.name, reason):
            raise Conflict(f"{found.frozen_by} has frozen it already: {found.frozen_reason}")
        return found
    controls.freeze(session, footing.detector, identity.name, reason, footing.now)
    _audit(session, footing, identity, "freeze", {"reason": reason})
    return controls.get(session, footing.detector)


def unfreeze(session: Session, footing: Footing, identity: Identity) -> None:
    """Let the threshold move again; one that is not frozen stays so."""
    found = controls.get(session, footing.detector)
    if not found.frozen:
        return
    controls.unfreeze(session, footing.detector)
    told = {"frozen_by": found.frozen_by, "frozen_reason": found.frozen_reason}
    _audit(session, footing, identity, "unfreeze", told)


def _audit(
    session: Session, footing: Footing, identity: Identity, action: str, detail: dict[str, Any]
) -> None:
    audit.append(
        session,
        actor=identity.name,
        action=action,
        subject=f"{footing.detector}/threshold",
        now=footing.now,
        detail=detail,
    )
