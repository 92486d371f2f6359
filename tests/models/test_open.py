"""The table of providers: what is built in, what other packages bring, and what is broken.

`pipeline.models.auto` is opened here too.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ollama_server import ScriptedOllama

from pipeline.errors import InputError, ModelMissing, ServerDown
from pipeline.models.no_model import NoModel
from pipeline.models.open import PROVIDERS, find_provider, list_models, open_model
from pipeline.settings import load_settings
from pipeline.testing import ScriptedModel

ROOT = Path(__file__).parents[2]
NOBODY = "127.0.0.1:9"  # the port of a service that discards, and that nobody runs
ECHO = """
from pipeline.models.base import ModelInfo
from pipeline.models.provider import Provider
from pipeline.testing import ScriptedModel, echo

class EchoProvider(Provider):
    forms = ("echo", "echo:NAME")

    def open(self, name, settings):
        return ScriptedModel(echo, name=f"echo:{name}" if name else "echo")

    def models(self, settings):
        return [ModelInfo("echo", context=2048)]
"""
BROKEN = {
    "that cannot be imported": "import a_module_that_nobody_has",
    "without the class": "class Other: pass",
    "that is no provider": "class EchoProvider: pass",
    "that says nothing of its names": (
        "from pipeline.models.provider import Provider\n"
        "class EchoProvider(Provider):\n"
        "    def open(self, name, settings): ..."
    ),
    "that cannot be made": (
        "from pipeline.models.provider import Provider\n"
        "class EchoProvider(Provider):\n"
        "    forms = ('echo',)\n"
        "    def __init__(self): raise RuntimeError('no\\nlicence')\n"
        "    def open(self, name, settings): ..."
    ),
}


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install packages as pip does, into a folder on the path: a module, and what it brings."""

    def install(code, name="echo"):
        module = f"{name}_provider_of_{tmp_path.name}".replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"py_llama_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: py-llama-{name}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(
            f"[py_llama.providers]\n{name} = {module}:EchoProvider\n"
        )
        return tmp_path

    monkeypatch.syspath_prepend(tmp_path)
    return install


def settings(**more):
    return load_settings(ollama_host=NOBODY, **more)


# What is built in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "form", "name"),
    [
        ("ollama:tiny:1b", "ollama:NAME", "tiny:1b"),
        ("openai:tiny", "openai:NAME", "tiny"),
        ("embedded", "embedded", ""),
        ("embedded:a/b.gguf", "embedded", "a/b.gguf"),
        ("auto", "auto", ""),
    ],
)
def test_a_model_is_found_by_the_word_that_its_name_begins_with(model, form, name):
    provider, rest = find_provider(model)
    assert provider.forms[0] == form
    assert rest == name


@pytest.mark.parametrize(
    "model", ["gpt", "gpt:4", "", ":", "ollama", "ollama:", "openai", "auto:x"]
)
def test_an_unknown_name_is_told_which_there_are(model):
    with pytest.raises(InputError) as caught:
        open_model(settings(model=model))
    assert str(caught.value) == (
        f"there is no model {model!r}: write ollama:NAME, embedded, embedded:FILE.gguf, "
        "openai:NAME or auto"
    )


def test_without_a_model_none_is_looked_for():
    assert isinstance(open_model(settings(model="gpt", strategy="extractive")), NoModel)


@pytest.mark.parametrize(
    ("model", "where", "command"),
    [
        ("ollama:tiny", "The Ollama server at http://127.0.0.1:9", "ollama pull tiny"),
        ("openai:tiny", "The model server at http://host:8080/v1", None),
        (
            "embedded",
            "The model in this process",
            'pip install "py-llama-backend[embedded]"',
        ),
        ("embedded:a.gguf", "The model in this process", None),
        (
            "auto",
            "The Ollama server at http://127.0.0.1:9, or else the model in this process,",
            "ollama pull tinyllama",
        ),
    ],
)
def test_a_provider_says_where_a_model_is_and_how_to_get_it(model, where, command):
    here = settings(openai_base_url="http://me:secret@host:8080/v1")
    provider, name = find_provider(model)
    assert provider.where(name, here) == where
    assert provider.how_to_get(name) == command


def test_a_probe_asks_the_servers_for_the_model():
    with ScriptedOllama() as server:
        provider, _ = find_provider("ollama:tiny")
        provider.probe("tiny", load_settings(ollama_host=server.url))
        provider.probe("tiny", load_settings(ollama_host=[NOBODY, server.url]))
        with pytest.raises(ModelMissing, match="ollama pull big"):
            provider.probe("big", load_settings(ollama_host=server.url))
    with pytest.raises(ServerDown):
        provider.probe("tiny", settings())
    for model in ("embedded", "auto"):
        provider, name = find_provider(model)
        provider.probe(name, settings())


def test_the_lists_of_all_providers_are_one():
    names = [
        info.name.partition(":")[0] for info in list_models(settings(openai_base_url=NOBODY_V1))
    ]
    assert names == ["ollama", "embedded", "openai"]


NOBODY_V1 = f"http://{NOBODY}/v1"


def test_asking_what_there_is_imports_no_library_that_runs_models():
    code = (
        "import sys\n"
        "from pipeline.models.open import find_provider\n"
        "ours = ('ollama', 'openai', 'embedded', 'auto')\n"
        "assert not any(f'pipeline.models.{name}' in sys.modules for name in ours)\n"
        "for model in ('ollama:x', 'openai:x', 'embedded', 'auto'): find_provider(model)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"langchain_core", "langchain_ollama", "langchain_openai", "openai"}
    assert not loaded & {"xllamacpp", "jinja2", "tiktoken"}


def test_only_the_table_and_the_providers_name_a_provider():
    for path in [*(ROOT / "api").rglob("*.py"), ROOT / "pipeline" / "models" / "provider.py"]:
        for key in PROVIDERS:
            assert f'"{key}"' not in path.read_text("utf-8").replace('"ollama" in "ollama:', ""), (
                path
            )


# What other packages bring ------------------------------------------------------------------------


def test_a_package_can_bring_a_provider(install):
    install(ECHO)
    model = open_model(settings(model="echo:loud"))
    assert isinstance(model, ScriptedModel)
    assert model.name == "echo:loud"
    assert asyncio.run(model.complete("", "Hello!", max_tokens=9)).text == "Hello!"
    assert open_model(settings(model="echo")).name == "echo"
    provider, name = find_provider("echo")
    assert provider.where(name, settings()) == "The model in this process"
    assert provider.how_to_get(name) is None
    provider.probe(name, settings())


def test_what_it_brings_is_listed_and_named_to_who_asks_for_another(install):
    install(ECHO)
    assert list_models(settings())[-1].name == "echo"
    with pytest.raises(InputError, match=r"embedded:FILE\.gguf, .*, echo or echo:NAME$"):
        open_model(settings(model="gpt"))


def test_a_package_takes_no_provider_of_ours_away(install):
    install(ECHO, name="embedded")
    assert type(find_provider("embedded")[0]).__module__ == "pipeline.models.embedded.provider"
    assert [info.name for info in list_models(settings())] == ["ollama:tinyllama", "embedded"]


@pytest.mark.parametrize("code", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_package_is_named_in_one_line_and_breaks_nothing_else(code, install):
    install(code, name="broken")
    install(ECHO)
    with pytest.raises(
        ModelMissing, match="provider broken of the package py-llama-broken"
    ) as told:
        open_model(settings(model="broken"))
    assert "\n" not in str(told.value)
    assert open_model(settings(model="echo")).name == "echo"
    *_, broken, echo = list_models(settings())
    assert (broken.name, broken.hint) == ("broken", str(told.value))
    assert echo.name == "echo"
    with pytest.raises(InputError, match=r"echo or echo:NAME; the provider broken .* \(.*\)$"):
        open_model(settings(model="gpt"))


@pytest.mark.parametrize("fault", ["int(name)", "open(name).read()", "{}[name]"])
def test_a_provider_that_fails_to_open_a_model_is_named_in_one_line(fault, install):
    install(ECHO.replace("return ScriptedModel", f"{fault}; return ScriptedModel"))
    with pytest.raises(ModelMissing, match=r"^the provider echo of the package .* \(.*\)$") as told:
        open_model(settings(model="echo:lo\nud"))
    assert "\n" not in str(told.value)
    assert open_model(settings(strategy="extractive")).name


def test_what_a_provider_says_of_a_model_is_passed_on(install):
    install(
        ECHO.replace(
            "return ScriptedModel", "raise ServerDown(name); return ScriptedModel"
        ).replace("\nclass", "from pipeline.errors import ServerDown\n\nclass")
    )
    with pytest.raises(ServerDown, match=r"^loud$"):
        open_model(settings(model="echo:loud"))


def test_a_list_that_fails_hides_no_other(install):
    install(ECHO.replace('[ModelInfo("echo", context=2048)]', "1 / 0"))
    echo = list_models(settings())[-1]
    assert echo.name == "echo"
    assert "ZeroDivisionError" in echo.hint


def test_the_commands_take_what_packages_bring(install):
    folder = install(ECHO)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)]),
        "OLLAMA_HOST": NOBODY,
    }

    def run(*arguments):
        command = [sys.executable, "-m", "pipeline", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, cwd=folder
        )

    assert "echo" in run("models").stdout
    (folder / "a.txt").write_text("Rivers carry sand to the sea. The sea makes beaches of it.")
    done = run("summarize", "--no-cache", "--model", "echo", "a.txt")
    assert done.returncode == 0, done.stderr
    assert "sand" in done.stdout
    (module,) = folder.glob("echo_*.py")
    module.write_text(ECHO.replace("return ScriptedModel", "int(name); return ScriptedModel"))
    failed = run("summarize", "--model", "echo:loud", "a.txt")
    assert failed.returncode == 4
    assert failed.stderr.startswith("py-llama: the provider echo of the package py-llama-echo ")
    assert failed.stderr.count("\n") == 1
