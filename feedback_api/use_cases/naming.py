"""What people call an alert."""

from floodline.storage.tables import AlertRow


def name_of(alert: AlertRow) -> str:
    """Its entity, else its key, else its place."""
    return alert.entity or alert.key or f"offset {alert.offset}"
