"""The service's settings: checked when they are read, and by their environment variables."""

from pathlib import Path

import pytest

from api.keys import hash_key
from api.settings import ServiceSettings, default_jobs_url, load_service_settings
from pipeline.errors import InputError


def test_a_key_is_kept_as_its_hash_alone():
    assert ServiceSettings(api_keys={"ann": hash_key("a")}).api_keys["ann"] == hash_key("a")
    for wrong in ("a", hash_key("a").upper(), hash_key("a")[1:]):
        with pytest.raises(ValueError, match="the key of ann is no SHA-256"):
            ServiceSettings(api_keys={"ann": wrong})


def test_where_the_jobs_are():
    assert ServiceSettings(jobs_url="sqlite:////tmp/a.sqlite3").jobs_file == Path("/tmp/a.sqlite3")
    assert ServiceSettings(jobs_url="postgresql+psycopg://host/jobs").jobs_file is None
    assert default_jobs_url().endswith("jobs.sqlite3")


def test_flags_come_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # no py-llama.toml there
    monkeypatch.setenv("PY_LLAMA_SERVE_PORT", "9000")
    assert load_service_settings(port=None).port == 9000
    assert load_service_settings(port=9001).port == 9001
    monkeypatch.setenv("PY_LLAMA_SERVE_PORT", "many")
    with pytest.raises(InputError, match="PORT"):
        load_service_settings()
