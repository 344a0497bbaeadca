"""What waits of each kind is counted, and confirmed samples are found, by an index."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alerts_kind", "alerts", ["detector", "kind", "verdict", "muted_by"])


def downgrade() -> None:
    op.drop_index("ix_alerts_kind", table_name="alerts")
