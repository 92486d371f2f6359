"""The metrics count what happened."""

import pytest
from api_service import LONG, make, scripted, serving


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path, models=("other",))) as client:
        yield client


def test_metrics_count_what_happened(client):
    client.post("/summarize", json={"text": LONG})
    text = client.get("/metrics").text
    assert 'py_llama_requests_total{method="POST",route="/summarize",status="200"} 1.0' in text
    assert 'py_llama_runs_total{end="done",kind="request"} 1.0' in text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values['py_llama_calls_total{end="answered",model="scripted"}']) > 2
    assert float(values['py_llama_tokens_total{kind="prompt",model="scripted"}']) > 1000
    for stage in ("wait", "plan", "slot", "call", "run"):
        assert float(values[f'py_llama_stage_seconds_count{{stage="{stage}"}}']) >= 1
    for name in ("waiting_requests", "waiting_calls", "cache_hits_total", "retries_total"):
        assert f"py_llama_{name}" in values
