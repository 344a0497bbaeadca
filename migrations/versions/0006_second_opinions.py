"""Second opinions are marked; what waits and what was labelled of late has an index."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alerts_kind", "alerts", ["detector", "kind", "verdict", "muted_by"])
    op.create_index("ix_alerts_labelled", "alerts", ["detector", "labelled_at"])
    with op.batch_alter_table("labels", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("blind", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.create_index("ix_labels_blind", ["blind", "created_at"])


def downgrade() -> None:
    with op.batch_alter_table("labels", schema=None) as batch_op:
        batch_op.drop_index("ix_labels_blind")
        batch_op.drop_column("blind")
    op.drop_index("ix_alerts_labelled", table_name="alerts")
    op.drop_index("ix_alerts_kind", table_name="alerts")
