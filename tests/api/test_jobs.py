"""The store of jobs: leased by one process at a time, each once, and expired with their events."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from api_service import TEXT

from api.jobs import JobStore, KeyReused, LeaseLost, TooManyJobs
from api.orders import Order
from api.settings import ServiceSettings


@pytest.fixture
def store(tmp_path):
    made = []

    def make_store(owner="one", **changes):
        url = f"sqlite:///{tmp_path / 'jobs.sqlite3'}"
        made.append(JobStore(ServiceSettings(jobs_url=url, **changes), owner))
        return made[-1]

    yield make_store
    for each in made:
        each.close()


def test_a_lease_that_ends_lets_another_process_take_over(store):
    dead, alive = store("dead", lease_seconds=0.2), store("alive", lease_seconds=0.2)
    name = dead.create("ann", Order(TEXT), None, "f").id
    assert [taken.id for taken in dead.lease(5)] == [name]
    assert alive.lease(5) == []
    assert dead.renew({name}) == {name}
    time.sleep(0.25)
    (taken,) = alive.lease(5)
    assert (taken.id, taken.tries, taken.order) == (name, 2, Order(TEXT))
    assert dead.renew({name}) == set()
    with pytest.raises(LeaseLost):
        dead.add_events(name, [("planned", {"done": 0, "total": 3})])
    dead.finish(name, "done", [], result={"from": "the dead"})
    alive.add_events(name, [("planned", {"done": 1, "total": 3})])
    alive.finish(name, "done", [("finished", {})], result={"from": "the living"})
    row = alive.get("ann", name)
    assert (row.state, json.loads(row.result)) == ("done", {"from": "the living"})
    assert [(event.number, event.name) for event in alive.events_after(name, 0)] == [
        (1, "planned"),
        (2, "finished"),
    ]


def test_many_processes_take_each_job_once(store):
    stores = [store(f"process {i}") for i in range(4)]
    made = {stores[0].create("ann", Order(TEXT), None, "f").id for _ in range(40)}

    def take(one):
        found = []
        while taken := one.lease(3):
            found += taken
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = [job.id for found in pool.map(take, stores) for job in found]
    assert sorted(taken) == sorted(made)


def test_finished_jobs_expire_with_their_events(store):
    kept = store(keep_hours=1)
    old = kept.create("ann", Order(TEXT), None, "f").id
    kept.cancel("ann", old)
    assert kept.expire() == 0
    soon = store(keep_hours=1e-9)
    name = soon.create("ann", Order(TEXT), None, "f").id
    soon.cancel("ann", name)
    time.sleep(0.01)
    assert soon.expire() == 1
    assert soon.get("ann", name) is None
    assert soon.events_after(name, 0) == []
    assert soon.get("ann", old) is not None


def test_keys_and_numbers_are_held_by_the_database(store):
    one = store(jobs_per_client=1)
    row = one.create("ann", Order(TEXT), "key", "f")
    assert one.create("ann", Order(TEXT), "key", "f").id == row.id
    with pytest.raises(KeyReused):
        one.create("ann", Order(TEXT), "key", "g")
    with pytest.raises(TooManyJobs):
        one.create("ann", Order(TEXT), None, "f")
    assert one.create("bob", Order(TEXT), "key", "g").id != row.id


def test_an_abandoned_job_is_not_kept_by_its_lease(store):
    one = store("one", lease_seconds=0.1)
    name = one.create("ann", Order(TEXT), None, "f").id
    one.lease(1)
    assert one.renew(set()) == set()
    time.sleep(0.15)
    assert [taken.id for taken in one.lease(1)] == [name]
