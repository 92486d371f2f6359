"""The chat template of a GGUF file: the prompt that it makes, and how many tokens that has."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.models.counting import LocalCounter, local_counter, plain_prompt
from pipeline.models.embedded.gguf import gguf_metadata
from pipeline.tokens.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.models.embedded.weights import Weights
    from pipeline.tokens.tokenizer import Tokenizer


def prompt_counter(path: Path, weights: Weights, folder: Path, warnings: list[str]) -> LocalCounter:
    """Return what counts the prompts of a GGUF; an estimate, with a warning, where it must be."""
    from jinja2 import TemplateError

    def load() -> Tokenizer:
        return load_tokenizer(weights.digest, lambda: gguf_metadata(path), folder)

    def render(system: str, user: str) -> str:
        return render_chat(weights.template, system, user, bos=weights.bos, eos=weights.eos)

    def render_without_bos(system: str, user: str) -> str:
        return render(system, user).removeprefix(weights.bos)

    counter = local_counter(render, load, TemplateError, warnings)
    if counter.exact and counter.tokenizer.count_prompt(""):
        return replace(counter, render=render_without_bos)  # llama.cpp puts it first itself, once
    return counter


def render_chat(template: str, system: str, user: str, *, bos: str, eos: str) -> str:
    """Render the prompt that a GGUF's chat template makes of one system and one user message.

    Raises:
        jinja2.TemplateError: the template is broken, or refuses such messages.
    """
    if not template:
        return plain_prompt(system, user)
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return _compiled(template)(
        messages=messages,
        bos_token=bos,
        eos_token=eos,
        add_generation_prompt=True,
        **TEMPLATE_ARGUMENTS,
    )


TEMPLATE_ARGUMENTS = {"enable_thinking": False}  # an answer's bound is for the answer


@lru_cache(maxsize=8)
def _compiled(template: str) -> Callable[..., str]:
    from jinja2 import TemplateError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = time.strftime
    return environment.from_string(template).render
