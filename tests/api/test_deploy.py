"""The service with a real PostgreSQL and a real nginx, and the promises about dead processes.

Both come from the system's packages (postgresql, nginx); these tests skip where they are missing.
"""

import contextlib
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from api_service import free_port, process, until

from api.jobs import JobStore
from api.orders import Order
from api.settings import ServiceSettings
from eval.bench.simulation import SIMULATOR, simulated

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
JOBS = 20


@pytest.fixture(scope="module")
def postgres():
    """The URL of a PostgreSQL server of our own."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
        Path(path).parent for path in [shutil.which("initdb")] if path
    ]
    pytest.importorskip("psycopg")
    if not found:
        pytest.skip("no PostgreSQL is installed")
    user = "postgres" if os.name == "posix" and os.geteuid() == 0 else None  # it refuses root
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, user)
        options = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL}
        initdb = [found[-1] / "initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "tests"]
        subprocess.run(initdb, check=True, **options)
        port = free_port()
        command = [found[-1] / "postgres", "-D", f"{folder}/data", "-k", folder, "-p", str(port)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, **options) as server:
            try:
                yield _ready(f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres")
            finally:
                server.terminate()


def _ready(url):
    import psycopg

    def answers():
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url.replace("+psycopg", "")).close()
            return True
        return False

    until(answers, 30)
    return url


def texts(count):
    return [
        " ".join(f"Report {job} says {i} in {secrets.token_hex(3)}." for i in range(500))
        for job in range(count)
    ]


def submit(client, count):
    def send(text):
        return client.post("/jobs", json={"text": text}).headers["location"]

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(send, texts(count)))


def results(client, places):
    def all_done():
        found = [client.get(place).json() for place in places]
        assert not [job for job in found if job["state"] == "failed"]
        return found if all(job["state"] == "done" for job in found) else None

    return [job["result"] for job in until(all_done, 120)]


def answered(simulation):
    return [row["prompt_sha"] for row in simulation.requests() if row["status"] == 200]


def planned(found):
    return sum(r["calls"]["map"] + r["calls"]["merge"] for r in found)


def recorded(folder):
    """Count the calls that are finished: those on disk."""
    with contextlib.closing(sqlite3.connect(folder / "calls.sqlite3")) as db:
        return db.execute("SELECT count(*) FROM replies").fetchone()[0]


SETTINGS = {"rate_limit": "", "jobs": JOBS, "lease_seconds": 3, "context": 2048, "concurrency": 8}


def test_twenty_jobs_survive_a_kill(simulation, tmp_path):
    simulation.reset()
    with process(tmp_path, url=simulation.url, **SETTINGS) as first:
        places = submit(first.client, JOBS)
        until(lambda: len(answered(simulation)) > 40, 60)
        first.running.kill()
        first.running.wait()
    finished, sent = recorded(tmp_path), len(simulation.requests())
    with process(tmp_path, url=simulation.url, **SETTINGS) as second:
        found = results(second.client, places)
    assert len(found) == JOBS
    print(f"{planned(found)} calls planned, {finished} finished when the process was killed")
    assert len(simulation.requests()) - sent == planned(found) - finished


def running(service):
    """How many jobs a process runs now; 0 before its first."""
    found = re.search(r'runs_running{kind="job"} (\d+)', service.client.get("/metrics").text)
    return int(found[1]) if found else 0


def test_twenty_jobs_of_two_processes_survive_the_kill_of_one(simulation, tmp_path, postgres):
    simulation.reset(speed=10)
    settings = SETTINGS | {"jobs": JOBS // 2, "jobs_url": postgres, "concurrency": 4}
    with (
        process(tmp_path, url=simulation.url, **settings) as first,
        process(tmp_path, url=simulation.url, **settings) as second,
    ):
        places = submit(first.client, JOBS)
        until(lambda: min(running(first), running(second)) > 2, 60)
        until(lambda: len(answered(simulation)) > 20, 60)
        assert running(first) > 2
        first.running.kill()
        first.running.wait()
        found = results(second.client, places)
    assert len(found) == JOBS
    sent = Counter(answered(simulation))
    again = sum(sent.values()) - len(sent)
    print(f"{planned(found)} calls planned, {again} answered twice")
    assert again <= 4  # those of the killed process that were under way, and so not finished


def test_the_store_of_jobs_on_postgresql(postgres):
    settings = ServiceSettings(jobs_url=postgres, lease_seconds=0.3, keep_hours=1e-9)
    stores = [JobStore(settings, f"process {i}") for i in range(4)]
    with ThreadPoolExecutor(8) as pool:
        same = set(
            pool.map(lambda i: stores[i % 4].create("x", Order("t"), "key", "f").id, range(16))
        )
        assert len(same) == 1
        made = same | {stores[0].create("x", Order("t\u00e9"), None, "f").id for _ in range(40)}
        taken = [job.id for found in pool.map(lambda s: s.lease(20), stores) for job in found]
    assert len(taken) == len(set(taken))
    time.sleep(0.4)
    again = [job for store in stores for job in store.lease(100)]
    assert {job.id for job in again} == made
    for store in stores:
        for name in store.renew(made):
            store.finish(name, "done", [("finished", {})], result={})
    assert stores[0].expire() == len(made)
    for store in stores:
        store.close()


def nginx_configuration(folder, ports, port):
    """deploy/nginx.conf with other ports, in a file that nginx can be started with."""
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for old, new in zip(("11434", "11435", "11500"), (*ports, port), strict=True):
        text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    path = folder / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}{text}}}\n"
    )
    return path


@pytest.fixture
def behind_nginx(tmp_path):
    """nginx before two simulated servers, the second of which is four times as fast."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("no nginx is installed")
    if not SIMULATOR.exists():
        pytest.skip("no simulated server beside the project")
    port = free_port()
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(simulated(slots=2, model_ctx=2048, speed=speed))
            for speed in (5, 20)
        ]
        ports = [re.search(r":(\d+)$", server.url)[1] for server in servers]
        configuration = nginx_configuration(tmp_path, ports, port)
        running = stack.enter_context(
            subprocess.Popen([nginx, "-c", configuration, "-p", tmp_path, "-e", "stderr"])
        )
        stack.callback(running.terminate)

        def answers():
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"http://127.0.0.1:{port}/api/version").status_code == 200
            return False

        until(answers)
        yield f"http://127.0.0.1:{port}", servers


def test_nginx_shares_calls_between_servers(behind_nginx, tmp_path):
    url, servers = behind_nginx
    with process(tmp_path, url=url, rate_limit="", context=2048, concurrency=4) as service:
        found = results(service.client, submit(service.client, 4))
        calls = [len(answered(server)) for server in servers]
        print(f"calls of the slow and of the fast server: {calls}")
        assert sum(r["read"]["verified"] for r in found) == planned(found)
        assert calls[1] > 1.3 * calls[0] > 0
        text = texts(1)[0]
        with service.client.stream(
            "POST", "/summarize", json={"text": text}, headers={"Accept": "text/event-stream"}
        ) as response:
            lines = response.iter_lines()
            next(lines)
            until(lambda: sum(server.journal()["running"] for server in servers) > 1)
        until(lambda: sum(server.journal()["running"] for server in servers) == 0, 1)


def test_a_server_that_fails_behind_nginx_costs_no_summary(behind_nginx, tmp_path):
    url, servers = behind_nginx
    with process(tmp_path, url=url, rate_limit="", context=2048, concurrency=4) as service:
        servers[0].reset(f_503=1.0, faults_until=99)
        found = results(service.client, submit(service.client, 3))
    assert all(not r["read"]["stand_ins"] for r in found)
    assert len(answered(servers[1])) == planned(found) + 1  # and one to confirm how it counts
