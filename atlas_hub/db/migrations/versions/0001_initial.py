"""The first schema: one SQL file per room, statements set apart by blank lines."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    for file in sorted((Path(__file__).parent / "initial").glob("*.sql")):
        for statement in file.read_text(encoding="utf-8").split("\n\n"):
            op.get_bind().exec_driver_sql(statement)
