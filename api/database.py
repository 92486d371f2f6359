"""The jobs' database: its tables, how it is opened, and what time it has.

SQLite in one file by default, PostgreSQL by its URL.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import InputError

if TYPE_CHECKING:
    from api.settings import ServiceSettings

metadata = MetaData()
jobs = Table(
    "py_llama_jobs",
    metadata,
    Column("id", String(40), primary_key=True),  # begins with the time, so it sorts by age
    Column("client", Text, nullable=False),
    Column("key", String(255)),  # the Idempotency-Key
    Column("fingerprint", String(64), nullable=False),
    Column("state", String(10), nullable=False),
    Column("name", Text, nullable=False),
    Column("request", Text, nullable=False),  # JSON, the fields of Order
    Column("created", Float(53), nullable=False),  # this and other times: seconds since 1970
    Column("finished", Float(53)),
    Column("expires", Float(53)),
    Column("ready", Float(53), nullable=False),  # when it may be taken up: a running one's lease
    Column("owner", String(40)),  # the process that runs it
    Column("tries", Integer, nullable=False),  # how often it was taken up
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("events", Integer, nullable=False),  # the number of the last one
    Column("result", Text),
    Column("problem", Text),
    UniqueConstraint("client", "key", name="py_llama_jobs_key"),
    Index("py_llama_jobs_ready", "state", "ready"),
    Index("py_llama_jobs_expires", "expires"),
)
events = Table(
    "py_llama_job_events",
    metadata,
    Column("job", String(40), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", String(20), nullable=False),
    Column("data", Text, nullable=False),
)


def open_database(settings: ServiceSettings) -> Engine:
    """Open the database, and create its tables where they are missing.

    Raises:
        InputError: it cannot be opened.
    """
    try:
        engine = create_engine(settings.jobs_url, hide_parameters=True)
        if settings.jobs_file is not None:
            settings.jobs_file.parent.mkdir(parents=True, exist_ok=True)
            settings.jobs_file.touch(mode=0o600)  # texts are nobody else's business
            event.listen(engine, "connect", _prepare_sqlite)
        with engine.begin() as db:
            _create_tables(db)
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise InputError(
            f"the jobs' database cannot be opened ({type(error).__name__}); check jobs_url, "
            "and for PostgreSQL install the extra [postgres]"
        ) from error
    return engine


def _create_tables(db: Connection) -> None:
    if db.dialect.name == "postgresql":  # two processes that start at once would both create them
        db.execute(select(func.pg_advisory_xact_lock(0x70796C6C)))
    metadata.create_all(db)


def _prepare_sqlite(connection: Any, record: object) -> None:  # noqa: ANN401 - the driver's own
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def database_time(db: Connection) -> float:
    """Return the time as the database has it; SQLite has this machine's."""
    if db.dialect.name == "postgresql":
        epoch = func.extract("epoch", func.clock_timestamp())
        return float(db.execute(select(epoch)).scalar_one())
    return time.time()
