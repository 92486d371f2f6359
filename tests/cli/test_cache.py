import asyncio

import pytest
from click.testing import CliRunner

from pipeline.cache.sqlite import SqliteStore
from pipeline.cli.cache import cache
from pipeline.errors import PyLlamaError
from pipeline.models.base import Reply


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.sqlite3"


@pytest.fixture
def run(path):
    """Run `py-llama cache ...` on the cache at `path`."""
    runner = CliRunner(env={"PY_LLAMA_STORE": str(path), "PY_LLAMA_CACHE_MB": "1"})
    return lambda *arguments: runner.invoke(cache, arguments)


def fill(path, count):
    async def main():
        with SqliteStore(path, warn=print) as store:
            reply = Reply("word " * 400, 900, 400, "stop")
            await asyncio.gather(*(store.put(f"{n}", reply) for n in range(count)))

    asyncio.run(main())


def test_path_prints_where_the_cache_is(run, path):
    assert run("path").output == f"{path}\n"


@pytest.mark.parametrize("command", ["info", "clear", "prune"])
def test_looking_does_not_make_a_cache(run, path, command):
    result = run(command)
    assert (result.exit_code, result.output) == (0, "no calls are cached yet\n")
    assert not path.exists()


def test_info_shows_what_is_there(run, path):
    fill(path, 3)
    result = run("info")
    assert result.exit_code == 0
    shown = dict(line.split(maxsplit=1) for line in result.output.splitlines())
    assert list(shown) == ["file", "calls", "size", "oldest", "newest"]
    assert (shown["file"], shown["calls"]) == (str(path), "3")
    assert shown["size"].endswith("MB of at most 1 MB")


def test_clear_removes_all(run, path):
    fill(path, 3)
    assert run("clear").output == "3 calls removed\n"
    assert "calls   0\n" in run("info").output
    assert "oldest  -\n" in run("info").output


def test_prune_keeps_to_the_bound(run, path):
    fill(path, 1200)
    assert path.stat().st_size > 2**20
    result = run("prune")
    assert (result.exit_code, path.stat().st_size <= 2**20) == (0, True)
    assert run("prune").output.startswith("0 calls removed, ")


def test_a_damaged_cache_is_reported_and_begun_anew(run, path):
    path.write_text("no database " * 1000)
    result = run("info")
    assert result.exit_code == 0
    assert "calls   0\n" in result.stdout
    assert "damaged" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_cache_that_cannot_be_used_is_an_error(run, path):
    path.mkdir()
    for command in ("info", "clear", "prune"):
        result = run(command)
        assert isinstance(result.exception, PyLlamaError)  # the group of commands prints it
        assert str(path) in str(result.exception)
        assert result.output == ""
