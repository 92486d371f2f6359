"""The table of replies by itself: rows, and pruning in small steps."""

import sqlite3
import zlib
from contextlib import closing

import pytest
from cache_files import reply
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cache import replies
from pipeline.cache.keys import derived_key
from pipeline.cache.sqlite_file import pragma, transaction
from pipeline.models.base import Reply


@pytest.fixture
def db(tmp_path):
    with closing(replies.open_writer(tmp_path / "calls")) as db:
        yield db


def as_read(row):
    """Return what a connection finds of a row that was written."""
    _, _, used, crc, text = row
    return float(used), crc, text.encode()


def fill(db, uses, size=1500):
    """Put a reply under the number of each use, in seconds."""
    rows = [replies.pack(f"{n}", reply("x" * size), used) for n, used in enumerate(uses)]
    replies.save(db, rows, {})


def keys(db):
    return {int(key) for (key,) in db.execute("SELECT key FROM replies")}


reply_values = st.builds(
    Reply,
    text=st.text(),
    prompt_tokens=st.integers(),
    output_tokens=st.integers(),
    finish=st.sampled_from(["stop", "length"]),
    verified=st.booleans(),
    seconds=st.floats(allow_nan=False),
)


@given(st.text(st.characters(exclude_categories=["Cs"])), reply_values, st.floats(0, 1e12))
def test_what_is_packed_is_unpacked(key, value, now):
    assert replies.unpack(key, as_read(replies.pack(key, value, now))) == (now, value)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at, change):
    used, crc, text = as_read(replies.pack("key", reply(), 1e9))
    at %= len(text)
    garbage = text[:at] + bytes([text[at] ^ change]) + text[at + 1 :]
    assert replies.unpack("key", (used, crc, garbage)) is None
    assert replies.unpack("another key", (used, crc, text)) is None


@pytest.mark.parametrize("found", [None, (), (1.0, 2), (1.0, "2", b"{}"), (None, 0, b"")])
def test_what_is_no_row_of_ours_is_nothing(found):
    assert replies.unpack("", found) is None


def test_a_reply_of_another_version_was_used_and_cannot_be_read():
    text = b'{"summary": "its fields had other names"}'
    assert replies.unpack("key", (5.0, zlib.crc32(b"key" + text), text)) == (5, None)


def test_totals(db):
    assert replies.totals(db)[0] == 0
    fill(db, [30, 10, 20])
    entries, size, oldest, newest = replies.totals(db)
    assert (entries, oldest, newest) == (3, 10, 30)
    assert size > 3 * 1500


def test_a_use_never_turns_back_the_clock(db):
    fill(db, [100, 100])
    replies.save(db, [], {"0": 50.0, "1": 150.0, "nobody": 1.0})
    assert [replies.unpack(key, replies.find(db, key))[0] for key in "01"] == [100, 150]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 1000), max_size=700), st.integers(0, 1000))
def test_what_is_older_than_a_time_goes_in_small_steps(tmp_path_factory, uses, oldest):
    path = tmp_path_factory.mktemp("replies") / "calls"
    with closing(replies.open_writer(path)) as db:
        fill(db, uses, size=10)
        steps = list(replies.prune(db, 2**30, oldest))
        assert all(steps)
        assert keys(db) == {n for n, used in enumerate(uses) if used >= oldest}


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(400)), st.integers(100_000, 800_000))
def test_what_is_over_the_bound_goes_by_its_last_use(tmp_path_factory, uses, bound):
    path = tmp_path_factory.mktemp("replies") / "calls"
    with closing(replies.open_writer(path)) as db:
        fill(db, uses)
        before = replies.totals(db)[1]
        steps = list(replies.prune(db, bound, 0))
        assert all(steps)
        left = {uses[n] for n in keys(db)}
        assert left == set(range(400 - len(left), 400))  # the last used ones
        assert replies.totals(db)[1] <= bound
        assert (len(left) == 400) == (before <= bound)
        assert list(replies.prune(db, bound, 0)) == []


def test_free_pages_are_handed_back_many_at_a_time(db):
    """Each time is a commit, and waits for the disk."""
    fill(db, range(2500))
    with transaction(db):
        db.execute("DELETE FROM replies")
    free = pragma(db, "freelist_count")
    assert replies.PRUNE_PAGES < free < 2 * replies.PRUNE_PAGES
    assert len(list(replies.prune(db, 2**30, 0))) == 2
    assert pragma(db, "freelist_count") == 0


def test_clearing_hands_the_room_back(db):
    fill(db, range(400))
    full = replies.totals(db)[1]
    replies.clear(db)
    assert replies.totals(db)[0] == 0
    assert replies.totals(db)[1] < full / 5


def test_a_reader_only_reads(db, tmp_path):
    fill(db, [1])
    with closing(replies.open_reader(tmp_path / "calls")) as reader:
        assert replies.unpack("0", replies.find(reader, "0")) == (1, reply("x" * 1500))
        with pytest.raises(sqlite3.OperationalError):
            replies.clear(reader)


def test_another_programs_file_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "calls"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    with pytest.raises(replies.NotOurs, match="another program"):
        replies.open_writer(path)
    assert path.read_bytes() == before


def test_what_cannot_be_written_is_read_and_what_is_not_there_is_nothing(tmp_path):
    path = tmp_path / "calls"
    assert replies.open_read_only(path) is None
    with closing(replies.open_writer(path)) as db:
        fill(db, [1])
    with closing(replies.open_read_only(path)) as reader:
        assert replies.find(reader, "0") is not None
        with pytest.raises(sqlite3.OperationalError):
            fill(reader, [2])


def test_what_cost_no_call_is_not_counted_as_one(db):
    fill(db, [10])
    before = replies.totals(db)[0]
    with replies.transaction(db):
        db.execute(replies.PUT, (derived_key("answer", "x"), 20.0, 20.0, 0, "{}"))
    assert replies.totals(db)[0] == before
