"""Logs and traces: they say what happens, and never what a text says."""

import io
import json
import logging

import pytest
import structlog
from api_service import make, serving

from api import logs
from pipeline.errors import ServerFault
from pipeline.testing import ScriptedModel, first_words

SECRET = "Popocatepetl"
TEXT = f"{SECRET} is a mountain. It smokes now and then."


@pytest.fixture
def log():
    stream = io.StringIO()
    logs.configure(stream)
    return stream


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_exception_is_logged_without_its_text(log):
    for write in (structlog.get_logger("api").exception, logging.getLogger("other").exception):
        try:
            raise ValueError(f"cannot read {SECRET}")
        except ValueError:
            write("failed")
    assert SECRET not in log.getvalue()
    for line in lines(log):
        assert (line["event"], line["error"], line["level"]) == ("failed", "ValueError", "error")
        assert line["places"][0].endswith("test_an_exception_is_logged_without_its_text")


def test_a_failing_call_is_logged_without_what_the_server_said(tmp_path):
    log = io.StringIO()

    def failing(call):
        if call.attempt == 0 and not seen:
            seen.append(call)
            raise ServerFault(f"the server failed at {call.user}")
        raise RuntimeError(call.user)

    seen = []
    with serving(make(ScriptedModel(failing), tmp_path), log=log) as client:
        response = client.post("/summarize", json={"text": TEXT}, headers={"X-Request-ID": "r1"})
    assert response.status_code == 500
    assert SECRET not in log.getvalue()
    (retry,) = [line for line in lines(log) if line["event"] == "retry"]
    assert retry["error"] == "ServerFault"
    (failure,) = [line for line in lines(log) if line["event"] == "request failed"]
    assert (failure["error"], failure["request_id"]) == ("RuntimeError", "r1")
    assert any("mapreduce.py" in place for place in failure["places"])


def test_each_request_is_one_line(tmp_path):
    log = io.StringIO()
    with serving(make(ScriptedModel(first_words(5)), tmp_path), log=log) as client:
        client.post("/summarize?q=" + SECRET, json={"text": TEXT})
        client.get(f"/{SECRET}")
    found = [line for line in lines(log) if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in found] == [
        ("POST", "/summarize", 200),
        ("GET", "unknown", 404),
    ]
    assert SECRET not in log.getvalue()


def test_what_a_stop_did_is_said(tmp_path):
    log = io.StringIO()
    model = ScriptedModel(first_words(5), delay=lambda call: 60)
    with serving(make(model, tmp_path), log=log) as client:
        client.post("/jobs", json={"text": TEXT})
        while not model.in_flight:
            pass
    (said,) = [line for line in lines(log) if line["event"] == "stopped"]
    assert (said["jobs_parked"], said["jobs_finished"], said["requests_ended"]) == (1, 0, 0)


def test_traces_have_one_span_for_each_call(tmp_path):
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    model = ScriptedModel(first_words(20), context=700, name="ollama:tiny")
    text = " ".join(f"{SECRET} {i} tells of sand, water and wind." for i in range(400))
    service = make(model, tmp_path, tracers=provider, telemetry=True)
    with serving(service) as client:
        assert client.post("/summarize", json={"text": text}).status_code == 200
    spans = exporter.get_finished_spans()
    calls = [span for span in spans if span.name == "chat tiny"]
    (request,) = [span for span in spans if span.name == "POST /summarize"]
    assert len(calls) == len(model.calls) > 2
    for call in calls:
        assert call.context.trace_id == request.context.trace_id
        assert call.attributes["gen_ai.operation.name"] == "chat"
        assert call.attributes["gen_ai.provider.name"] == "ollama"
        assert call.attributes["gen_ai.request.model"] == "tiny"
        assert call.attributes["gen_ai.usage.input_tokens"] > 0
        assert call.attributes["gen_ai.usage.output_tokens"] > 0
        assert call.attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert SECRET not in " ".join(span.to_json() for span in spans)
