"""whether a deal came to a stage when it was told to be there, or was found there"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: A deal came to a stage when it was made or moved then; what a file told of is not known.
_CAME = """
UPDATE stage_visits SET came = {yes} WHERE EXISTS (
    SELECT 1 FROM activities
    WHERE activities.workspace_id = stage_visits.workspace_id
        AND activities.connection_id = stage_visits.connection_id
        AND activities.deal_id = stage_visits.deal_id
        AND activities.occurred_at = stage_visits.entered_at
        AND activities.verb IN ('deal_created', 'deal_stage_changed', 'deal_reopened',
            'deal_closed')
        AND (activities.origin <> 'import' OR activities.verb = 'deal_closed')
)
"""

#: Where it was only found in its present stage, that is when it was seen there.
_SEEN = """
UPDATE deals SET stage_seen_at = stage_entered_at, stage_entered_at = NULL WHERE EXISTS (
    SELECT 1 FROM stage_visits
    WHERE stage_visits.workspace_id = deals.workspace_id
        AND stage_visits.connection_id = deals.connection_id
        AND stage_visits.deal_id = deals.id
        AND stage_visits.entered_at = deals.stage_entered_at
        AND NOT stage_visits.came
)
"""

_BACK = "UPDATE deals SET stage_entered_at = stage_seen_at WHERE stage_entered_at IS NULL"


def upgrade() -> None:
    """Bring the schema up; of what is there it is known where the record of activities says so."""
    yes = "1" if op.get_bind().dialect.name == "sqlite" else "true"
    op.add_column("deals", sa.Column("stage_seen_at", columns.UtcDateTime(), nullable=True))
    op.add_column(
        "stage_visits",
        sa.Column("came", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.execute(_CAME.format(yes=yes))
    op.execute(_SEEN)


def downgrade() -> None:
    """Take it back: every stay began when it was first told of."""
    op.execute(_BACK)
    with op.batch_alter_table("stage_visits", schema=None) as batch_op:
        batch_op.drop_column("came")
    with op.batch_alter_table("deals", schema=None) as batch_op:
        batch_op.drop_column("stage_seen_at")
