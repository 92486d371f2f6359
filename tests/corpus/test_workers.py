"""Workers: what they answer, and what becomes of a pool of them when some are lost."""

import asyncio
import pickle
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import Document, errors
from pipeline.corpus.pool import RunOptions
from pipeline.corpus.workers import Answer, Worker, WorkerPool
from pipeline.errors import InputError, ModelMissing, PyLlamaError, ServerDown, TimedOut
from pipeline.settings import Settings

TEXT = "The ferry left at dawn. It carried ten sacks of mail. The crossing took two hours."
KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, PyLlamaError)
]


@given(st.sampled_from(KINDS), st.text())
def test_an_error_is_the_same_on_the_other_side(kind, reason):
    answer = pickle.loads(pickle.dumps(Answer(None, kind.__name__, reason)))
    with pytest.raises(PyLlamaError) as raised:
        answer.unpack()
    assert type(raised.value) is kind
    assert str(raised.value) == reason


def test_a_value_is_what_was_asked_for():
    assert Answer({}).unpack() == {}
    assert Answer({"summary": "A."}).unpack() == {"summary": "A."}


def ask(settings, *questions):
    """Ask a worker some questions, all at once; return its answers, and what it noted."""
    notes = []

    async def main():
        worker = Worker(RunOptions(settings), notes.append)
        try:
            return await asyncio.gather(*(question(worker) for question in questions))
        finally:
            await worker.aclose()

    return asyncio.run(main()), notes


def test_a_worker_opens_its_model_once_and_answers(tmp_path):
    settings = Settings(strategy="extractive", words=5, store=tmp_path / "calls")
    answers, _ = ask(
        settings,
        lambda worker: worker.summarize(Document(TEXT, "a")),
        lambda worker: worker.identity(),
        lambda worker: worker.summarize(Document(" ", "blank")),
    )
    result, identity, blank = answers
    assert result.unpack()["input"]["name"] == "a"
    assert identity.unpack()["model"] == "none"
    with pytest.raises(InputError):
        blank.unpack()


def test_a_worker_whose_server_is_down_says_so(tmp_path):
    settings = Settings(model="ollama:tiny", ollama_host="127.0.0.1:1", store=tmp_path / "calls")
    (answer,), _ = ask(settings, lambda worker: worker.identity())
    assert answer.kind == "ServerDown"
    with pytest.raises(ServerDown, match="nothing answers"):
        answer.unpack()


@dataclass
class Fake:
    """A worker in no process. `down` is why it cannot be started; lost after so many documents."""

    name: str = "a"
    down: PyLlamaError | None = None
    lost_after: int = 10**9
    seconds: float = 0.0
    starts: int = 0
    again: asyncio.Event = field(default_factory=asyncio.Event)  # it is started a second time
    done: list[str] = field(default_factory=list)
    running: int = 0
    peak: int = 0

    async def identity(self):
        self.starts += 1
        if self.starts > 1:
            self.again.set()
        if self.down:
            raise self.down
        return {"model": self.name}

    async def summarize(self, document):
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            await asyncio.sleep(self.seconds)
            if len(self.done) >= self.lost_after:
                self.down = ServerDown("it is lost")
                raise self.down
            if not document.text:
                raise InputError("it is empty")
            self.done.append(document.name)
            return {"summary": document.text, "by": id(self)}
        finally:
            self.running -= 1


def run(workers, documents, width=2):
    """Have a pool summarize documents, all at once; return results, or errors."""

    async def main():
        pool = WorkerPool(workers, width)
        try:
            await pool.start()
            assert pool.width == width * len(workers)
            return await asyncio.gather(
                *(pool.result(Document(text, name)) for name, text in documents.items()),
                return_exceptions=True,
            )
        finally:
            await pool.aclose()

    return asyncio.run(asyncio.wait_for(main(), 60))


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=4).filter(lambda losses: losses[0] == 5),
    st.integers(0, 30),
)
def test_every_document_is_done_once_as_long_as_one_worker_is_left(losses, count):
    """A worker is lost after so many documents; the first one never is."""
    workers = [Fake(lost_after=10**9 if n == 0 else lost) for n, lost in enumerate(losses)]
    documents = {f"d{n}": f"text {n}" for n in range(count)}
    results = run(workers, documents)
    assert [result["summary"] for result in results] == list(documents.values())
    assert sorted(name for worker in workers for name in worker.done) == sorted(documents)
    assert all(worker.peak <= 2 for worker in workers)


def test_work_goes_to_the_least_busy():
    workers = [Fake(seconds=0.001), Fake(seconds=0.001)]
    run(workers, {f"d{n}": "text" for n in range(40)})
    assert min(len(worker.done) for worker in workers) > 10


def test_a_document_that_fails_is_not_tried_elsewhere():
    workers = [Fake(), Fake()]
    (error,) = run(workers, {"a": ""})
    assert isinstance(error, InputError)
    assert not any(worker.down for worker in workers)


def test_when_all_are_lost_the_error_says_so():
    results = run([Fake(lost_after=1), Fake(lost_after=1)], {f"d{n}": "text" for n in range(9)})
    assert sum(isinstance(result, dict) for result in results) == 2
    assert {type(result) for result in results} == {dict, ServerDown}


@pytest.mark.parametrize("trouble", [ServerDown("it is down"), TimedOut("it took too long")])
def test_a_run_starts_without_those_that_are_down(trouble):
    down = Fake(down=trouble)
    (result,) = run([down, Fake()], {"a": "text"})
    assert result["summary"] == "text"
    assert down.starts == 1
    assert down.done == []


def test_a_lost_worker_is_started_again_and_comes_back():
    worker = Fake(lost_after=0)

    async def main():
        pool = WorkerPool([worker], 1)
        await pool.start()
        with pytest.raises(ServerDown):
            await pool.result(Document("text"))
        worker.down, worker.lost_after = None, 10**9
        await worker.again.wait()
        await asyncio.sleep(0)  # the pool takes note of it
        result = await pool.result(Document("text"))
        await pool.aclose()
        return result

    assert asyncio.run(asyncio.wait_for(main(), 30))["summary"] == "text"


def test_a_pool_of_none_that_can_be_had_is_an_error():
    with pytest.raises(ServerDown, match="first"):
        run([Fake(down=ServerDown("first")), Fake(down=ServerDown("second"))], {})
    with pytest.raises(ModelMissing, match="no such model"):
        run([Fake(), Fake(down=ModelMissing("no such model"))], {})


def test_workers_with_different_models_are_an_error():
    with pytest.raises(ModelMissing, match="different models"):
        run([Fake("a"), Fake("b")], {})
