"""What waits of each kind, and what was labelled of late, is found by an index."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alerts_kind", "alerts", ["detector", "kind", "verdict", "muted_by"])
    op.create_index("ix_alerts_labelled", "alerts", ["detector", "labelled_at"])


def downgrade() -> None:
    op.drop_index("ix_alerts_labelled", table_name="alerts")
    op.drop_index("ix_alerts_kind", table_name="alerts")
