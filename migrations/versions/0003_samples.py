"""Samples lie beside alerts; what is there is an alert, chosen for certain."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.String(length=10), server_default="alert", nullable=False)
        )
        batch_op.add_column(
            sa.Column("probability", sa.Double(), server_default="1", nullable=False)
        )


def downgrade() -> None:
    # Labels on samples go with them: without their probability they would pass for alerts.
    op.execute("DELETE FROM labels WHERE alert_id IN (SELECT id FROM alerts WHERE kind = 'sample')")
    op.execute("DELETE FROM alerts WHERE kind = 'sample'")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_column("probability")
        batch_op.drop_column("kind")
