"""Samples lie beside alerts; what is there is an alert, chosen for certain, in some order."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


_RANDOM = {"sqlite": "(abs(random()) % 1000000007) / 1000000007.0", "postgresql": "random()"}


def upgrade() -> None:
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.String(length=10), server_default="alert", nullable=False)
        )
        batch_op.add_column(
            sa.Column("probability", sa.Double(), server_default="1", nullable=False)
        )
        batch_op.add_column(sa.Column("shuffle", sa.Double(), server_default="0", nullable=False))
        batch_op.create_index("ix_alerts_shuffle", ["detector", "verdict", "shuffle", "id"])
    dialect = op.get_context().dialect.name
    op.execute(f"UPDATE alerts SET shuffle = {_RANDOM[dialect]}")  # noqa: S608  # no input


def downgrade() -> None:
    # Labels on samples go with them: without their probability they would pass for alerts.
    op.execute("DELETE FROM labels WHERE alert_id IN (SELECT id FROM alerts WHERE kind = 'sample')")
    op.execute("DELETE FROM alerts WHERE kind = 'sample'")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index("ix_alerts_shuffle")
        batch_op.drop_column("shuffle")
        batch_op.drop_column("probability")
        batch_op.drop_column("kind")
