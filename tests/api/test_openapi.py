"""The OpenAPI description is complete, and the service keeps to it under generated requests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from api_service import make, serving

from api.app import create_app
from api.keys import hash_key
from api.problems import KINDS
from api.settings import ServiceSettings
from pipeline.testing import ScriptedModel, first_words

NOT_OURS = [
    "positive_data_acceptance",  # a blank text fits the schema, and is refused
    "use_after_free",  # a cancelled job can be looked at until it expires
]

# In a form everything is text, so it cannot be told that `false` is no file.
CONFIGURATION = """
[[operations]]
include-path-regex = "/file$"
checks.negative_data_rejection.enabled = false
"""


def scripted():
    return ScriptedModel(first_words(20), context=700)


@pytest.fixture
def description(tmp_path):
    service = make(scripted(), tmp_path, api_keys={"ann": hash_key("a")})
    yield create_app(service).openapi()
    service.jobs.close()


def operations(description):
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_address_of_the_contract_is_described(description):
    assert {(path, method) for path, method, _ in operations(description)} == {
        ("/summarize", "post"),
        ("/summarize/file", "post"),
        ("/jobs", "post"),
        ("/jobs", "get"),
        ("/jobs/file", "post"),
        ("/jobs/{id}/again", "post"),
        ("/jobs/{id}/order", "get"),
        ("/jobs/{id}", "get"),
        ("/jobs/{id}", "delete"),
        ("/jobs/{id}/events", "get"),
        ("/models", "get"),
        ("/livez", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    }


def test_every_error_is_a_problem(description):
    statuses = {status for status, _ in KINDS.values()} - {405, 500}
    seen = set()
    for _, _, operation in operations(description):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                seen.add(int(status))
                (media,) = response["content"]
                assert media == "application/problem+json"
                name = response["content"][media]["schema"]["$ref"].rpartition("/")[2]
                assert name in description["components"]["schemas"]
    assert seen == statuses
    assert "HTTPValidationError" not in description["components"]["schemas"]


def test_what_needs_a_key_says_so(description):
    free = {path for path, _, operation in operations(description) if "security" not in operation}
    assert free == {"/livez", "/readyz"}


def test_the_examples_work_when_pasted(description, tmp_path):
    with serving(make(scripted(), tmp_path)) as client:
        for example in description["components"]["schemas"]["SummaryRequest"]["examples"]:
            assert client.post("/summarize", json=example).status_code == 200
            assert client.post("/jobs", json=example).status_code == 202
        assert client.get("/docs").status_code == 200


def generated(tmp_path, *options):
    """Run schemathesis against a service; return how many requests it made."""
    service = make(scripted(), tmp_path, rate_limit="", jobs_per_client=10**6)
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = Path(sys.executable).with_name("schemathesis")
    with serving(service) as client:
        done = subprocess.run(
            [
                command,
                "run",
                f"{client.base_url}/openapi.json",
                f"--exclude-checks={','.join(NOT_OURS)}",
                "--seed=1",
                "--no-color",
                *options,
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    return int(re.search(r"(\d+) generated", done.stdout)[1])


def test_generated_requests_meet_what_is_described(tmp_path):
    assert generated(tmp_path, "--phases=coverage") > 200


@pytest.mark.slow
def test_thousands_of_generated_requests_meet_what_is_described(tmp_path):
    made = generated(tmp_path, "--max-examples=150", "--max-time=240")
    print(f"{made} requests")
    assert made >= 2000


def test_the_page_on_deploying_names_every_setting():
    page = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")
    for name in ServiceSettings.model_fields:
        assert re.search(rf"\b{name}\b", page), name
