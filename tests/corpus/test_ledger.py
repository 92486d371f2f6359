"""The ledger of an output: what it says is on disk, and one run at a time writes it."""

import json
import multiprocessing
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from corpora import lines
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import InputError
from pipeline.corpus.ledger import DONE, FAILED, Outcome, digest, ledger_of, open_ledger

IDENTITY = {"model": "m", "digest": "d1"}


def finished(name, text="Text.", summary="A summary."):
    return Outcome(name, digest(text), {"summary": summary})


def failed(name, text="Text.", reason="it is empty"):
    return Outcome(name, digest(text), kind="InputError", reason=reason)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.jsonl"


def test_outcomes_are_in_the_ledger_and_finished_ones_in_the_output(out):
    with open_ledger(out, IDENTITY) as ledger:
        assert ledger.count() == (0, 0)
        ledger.add([finished("a"), failed("b", reason="why")])
        assert ledger.state("a", digest("Text.")) == DONE
        assert ledger.state("b", digest("Text.")) == FAILED
        assert ledger.state("a", digest("Another text.")) is None
        assert ledger.line_of(digest("Text.")) == {"id": "a", "summary": "A summary."}
        assert ledger.line_of(digest("Another text.")) is None
    with open_ledger(out, IDENTITY) as ledger:
        assert ledger.count() == (1, 1)
        assert list(ledger.failures()) == [("b", "InputError", "why")]
    assert lines(out) == [{"id": "a", "summary": "A summary."}]


def test_a_document_that_is_finished_has_failed_no_more(out):
    with open_ledger(out, IDENTITY) as ledger:
        ledger.add([failed("a", "Before."), failed("b")])
        ledger.add([finished("a", "After.")])
        assert [name for name, _, _ in ledger.failures()] == ["b"]


outcomes = st.builds(
    lambda name, text, summary: (
        failed(name, text) if summary is None else finished(name, text, summary)
    ),
    st.sampled_from(["a", "b", "ü"]),
    st.sampled_from(["One.", "Two.", "half \ud83d"]),
    st.none() | st.text(max_size=9),
)
steps = st.lists(
    st.one_of(st.lists(outcomes, max_size=4), st.just("reopen"), st.binary(min_size=1, max_size=20))
)


@settings(max_examples=20, deadline=None)
@given(steps)
def test_whatever_a_run_adds_and_however_it_ends_each_document_has_one_line(steps):
    """A dict is the reference. Bytes stand for what a killed run wrote after its last commit."""
    done, fails = {}, set()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.jsonl"
        for step in steps:
            with open_ledger(out, IDENTITY) as ledger:
                if isinstance(step, list):
                    ledger.add(step)
                    for outcome in step:
                        key = outcome.id, outcome.content
                        if outcome.result is None:
                            fails.add(key)
                        elif key not in done:
                            done[key] = outcome.result["summary"]
                            fails -= {other for other in fails if other[0] == outcome.id}
                assert ledger.count() == (len(done), len(fails))
                for name, content in done:
                    assert ledger.state(name, content) == DONE
                    assert (ledger.line_of(content)["id"], content) in done
            if isinstance(step, bytes):
                with out.open("ab") as file:
                    file.write(step)
        with open_ledger(out, IDENTITY):
            pass  # which cuts off what was written last
        written = [json.loads(line) for line in out.read_bytes().split(b"\n")[:-1]]
    assert sorted(line["summary"] for line in written) == sorted(done.values())


def test_an_error_in_the_middle_adds_nothing_and_leaves_the_ledger_usable(out):
    with open_ledger(out, IDENTITY) as ledger:
        ledger.add([finished("a")])
        unwritable = Outcome("c", b"c", {"summary": object()})
        with pytest.raises(TypeError):
            ledger.add([finished("b"), unwritable])
        assert ledger.count() == (1, 0)


def test_lines_beyond_the_last_commit_are_cut_off(out):
    with open_ledger(out, IDENTITY) as ledger:
        ledger.add([finished("a"), finished("b")])
    whole = out.read_bytes()
    out.write_bytes(whole + b'{"id": "d3", "summ')
    with open_ledger(out, IDENTITY) as ledger:
        assert ledger.count() == (2, 0)
    assert out.read_bytes() == whole


def test_results_of_other_settings_do_not_mix(out):
    with open_ledger(out, IDENTITY):
        pass
    told = r"digest was 'd1', is 'other'; words was None, is 9\); name another"
    with (
        pytest.raises(InputError, match=told),
        open_ledger(out, {"model": "m", "digest": "other", "words": 9}),
    ):
        pass


@pytest.mark.parametrize(
    ("ledger", "complaint"), [(None, "has no ledger"), ("nonsense" * 1000, "cannot be read")]
)
def test_an_output_that_is_not_ours_is_left_alone(out, ledger, complaint):
    out.write_text("mine\n")
    if ledger:
        ledger_of(out).write_text(ledger)
    with pytest.raises(InputError, match=complaint), open_ledger(out, IDENTITY):
        pass
    assert out.read_text() == "mine\n"


def test_a_ledger_of_another_program_is_refused(out):
    with closing(sqlite3.connect(ledger_of(out))) as db:
        db.execute("CREATE TABLE theirs (a)")
    with pytest.raises(InputError, match="no ledger of this version"), open_ledger(out, IDENTITY):
        pass


def test_an_output_that_lost_lines_is_not_written_on(out):
    with open_ledger(out, IDENTITY) as ledger:
        ledger.add([finished("a")])
    out.write_text("")
    with pytest.raises(InputError, match="shorter than its ledger"), open_ledger(out, IDENTITY):
        pass


def test_one_run_at_a_time_writes_an_output(out):
    with (
        open_ledger(out, IDENTITY),
        pytest.raises(InputError, match=r"another run is writing out\.jsonl"),
        open_ledger(out, IDENTITY),
    ):
        pass
    with open_ledger(out, IDENTITY):
        pass


def test_a_lock_that_cannot_be_made_is_told_from_one_that_is_held(out):
    out.with_name("out.jsonl.ledger.lock").mkdir()  # stands in for a folder of somebody else
    told = r"out\.jsonl\.ledger\.lock cannot be written \(unable to open"
    with pytest.raises(InputError, match=told), open_ledger(out, IDENTITY):
        pass


def hold(out, held, done):
    with open_ledger(out, IDENTITY) as ledger:
        ledger.add([finished("a")])
        held.set()
        done.wait(30)
        os._exit(1)  # as a killed process ends: without giving anything back


def test_the_lock_goes_with_the_process_that_holds_it(out):
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    process = context.Process(target=hold, args=(out, held, done))
    process.start()
    assert held.wait(30)
    with pytest.raises(InputError, match="another run"), open_ledger(out, IDENTITY):
        pass
    done.set()
    process.join()
    with open_ledger(out, IDENTITY) as ledger:
        assert ledger.count() == (1, 0)
