"""What all tables share: their names for keys and indexes, and the form of a partial index."""

from typing import Any

from sqlalchemy import MetaData, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def where(condition: str) -> dict[str, Any]:
    """A partial index's condition, for both databases.

    Queries state it in these very words: SQLite looks at such an index only for a condition it can
    see to be the same, and not for `deleted = 0` or an IN of parameters.
    """
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
