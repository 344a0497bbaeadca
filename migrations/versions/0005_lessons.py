"""Labels teach the forest: an off switch, and alerts that a known issue mutes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("controls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("teaching_off_by", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("teaching_off_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("teaching_off_reason", sa.Text(), nullable=True))
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("muted_by", sa.String(length=300), nullable=True))
        batch_op.create_index("ix_alerts_muted", ["detector", "muted_by"])
    op.create_index("ix_releases_kind", "releases", ["detector", "kind", "number"])


def downgrade() -> None:
    op.drop_index("ix_releases_kind", table_name="releases")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index("ix_alerts_muted")
        batch_op.drop_column("muted_by")
    with op.batch_alter_table("controls", schema=None) as batch_op:
        for name in ("teaching_off_by", "teaching_off_at", "teaching_off_reason"):
            batch_op.drop_column(name)
