import pytest
from pydantic_settings import SettingsConfigDict

from pipeline import settings as module
from pipeline.errors import InputError
from pipeline.settings import FileSettings, load_settings, read_settings


@pytest.fixture(autouse=True)
def clean_machine(tmp_path, monkeypatch):
    """A machine without configuration: the environment is what these tests are about."""
    for name in list(__import__("os").environ):
        if name.startswith("PY_LLAMA_") or name == "OLLAMA_HOST":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def user_file(text):
    path = module.user_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_defaults():
    settings = load_settings()
    assert (settings.model, settings.words, settings.concurrency) == ("auto", 150, 4)
    assert (settings.temperature, settings.seed, settings.timeout) == (0.0, 0, 300.0)
    assert settings.context is None


def test_flags_win_over_environment_over_local_file_over_user_file(tmp_path, monkeypatch):
    user_file("words = 1\ncontext = 1001\nseed = 11\nconcurrency = 5")
    (tmp_path / "py-llama.toml").write_text("words = 2\ncontext = 1002\nseed = 12")
    monkeypatch.setenv("PY_LLAMA_WORDS", "3")
    monkeypatch.setenv("PY_LLAMA_CONTEXT", "1003")
    settings = load_settings(words=4, context=None)
    assert (settings.words, settings.context) == (4, 1003)
    assert (settings.seed, settings.concurrency) == (12, 5)


def test_one_line_swaps_the_model(tmp_path):
    (tmp_path / "py-llama.toml").write_text('model = "ollama:qwen3:0.6b"')
    assert load_settings().model == "ollama:qwen3:0.6b"


def test_ollama_host_is_heard_and_ours_wins(monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "box:1")
    assert load_settings().ollama_host == "box:1"
    monkeypatch.setenv("PY_LLAMA_OLLAMA_HOST", "box:2")
    assert load_settings().ollama_host == "box:2"


def test_ollama_host_in_a_file(tmp_path):
    (tmp_path / "py-llama.toml").write_text('ollama_host = "box:3"')
    assert load_settings().ollama_host == "box:3"


def test_a_key_is_never_shown(monkeypatch):
    monkeypatch.setenv("PY_LLAMA_OPENAI_API_KEY", "sk-secret")
    assert "sk-secret" not in repr(load_settings())


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("flag", "--words: input should be greater than or equal to 1, got 0"),
        ("environment", "PY_LLAMA_WORDS: input should be a valid integer"),
        ("file", "words, in py-llama.toml or"),
        ("unknown", "there is no setting wordz, in py-llama.toml"),
        ("broken", "a configuration file is not TOML"),
    ],
)
def test_a_bad_value_is_named_with_its_source(source, text, tmp_path, monkeypatch):
    flags = {}
    if source == "flag":
        flags["words"] = 0
    elif source == "environment":
        monkeypatch.setenv("PY_LLAMA_WORDS", "many")
    else:
        lines = {"file": "words = -3", "unknown": "wordz = 3", "broken": "words = = 3"}
        (tmp_path / "py-llama.toml").write_text(lines[source])
    with pytest.raises(InputError) as error:
        load_settings(**flags)
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_of_the_file_belongs_to_settings_of_its_own(tmp_path):
    class Service(FileSettings):
        table = "serve"
        model_config = SettingsConfigDict(env_prefix="PY_LLAMA_SERVE_")
        port: int = 1

    (tmp_path / "py-llama.toml").write_text("words = 7\n[serve]\nport = 2\n")
    assert load_settings().words == 7
    assert read_settings(Service, {}).port == 2
    assert read_settings(Service, {"port": 3}).port == 3
    (tmp_path / "py-llama.toml").write_text("[serve]\nprot = 2\n")
    with pytest.raises(InputError, match=r"no setting prot, in \[serve\] of py-llama.toml"):
        read_settings(Service, {})
