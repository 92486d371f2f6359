"""What the tests of the cache share: replies, and files of them, written and read."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import textwrap

from pipeline.models.base import Reply


def reply(text="A summary.", **changes):
    fields = {"prompt_tokens": 900, "output_tokens": 7, "finish": "stop", "seconds": 1.5}
    return Reply(text, **(fields | changes))


def put_all(store, replies):
    async def together():
        await asyncio.gather(*(store.put(key, reply) for key, reply in replies.items()))

    asyncio.run(together())


def stored(path):
    """Read all that is stored, past the store: key -> (used, reply as JSON)."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT key, used, reply FROM replies").fetchall()
    return {key: (used, text) for key, used, text in rows}


def never(line):
    raise AssertionError(f"unexpected warning: {line}")


def run_script(script, *arguments, **options):
    """Start a Python process that runs a script with asyncio, Path, SqliteStore and reply."""
    head = """
        import asyncio, os, sys
        from pathlib import Path
        from pipeline.cache.sqlite import SqliteStore
        from pipeline.models.base import Reply
        path = Path(sys.argv[1])
        reply = Reply("word " * 200, 900, 200, "stop")
    """
    code = textwrap.dedent(head) + textwrap.dedent(script)
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], **options)
