"""Counting tokens as an OpenAI-compatible server does.

What the server can count it is asked to count: llama.cpp renders a prompt at `/apply-template` and
counts at `/tokenize`, vLLM does both at `/tokenize`. Counts are exact there, at a request each.
Other servers (LM Studio, OpenAI itself) tell neither their vocabulary nor their context, so tokens
are estimated with a margin.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.errors import ServerFault
from pipeline.models.adapter import REPEAT_LAST_N
from pipeline.models.counting import PromptCounter, plain_prompt
from pipeline.tokens.tokenizer import estimate_tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.models.adapter import Sampling
    from pipeline.models.openai.server import Server

# An answer's bound is for the answer, not for thinking before it.
_TEMPLATE = {"chat_template_kwargs": {"enable_thinking": False}}
_KEPT_COUNTS = 512
# What SentencePiece vocabularies call their control tokens; "<|…|>" and role markers are known.
_CONTROL_TOKEN = re.compile(r"<(?=/?(?:s|bos|eos|pad|unk|mask|sep|cls)>)")


class Counter(PromptCounter, Protocol):
    """Counts as a server does, and knows what else that server takes.

    `context` is None where the server does not say.
    """

    context: int | None

    def parameters(self, sampling: Sampling) -> dict[str, object]:
        """Return what goes into a request beyond OpenAI's own parameters."""


def choose_counter(server: Server, name: str) -> Counter:
    """Return the best counter that the server can serve."""
    if "prompt" in server.post("/apply-template", _chat("system", "user")):
        settings = server.get("/props").get("default_generation_settings") or {}
        return LlamaCppCounter(server, settings.get("n_ctx"))
    said = server.post("/tokenize", {"model": name, **_chat("system", "user")})
    if "count" in said:
        return _VllmCounter(server, name, said.get("max_model_len"))
    return _Estimator()


def _chat(system: str, user: str) -> dict[str, object]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return {"messages": messages, **_TEMPLATE}


class _Neutral:
    """Neutralizes texts for a server whose vocabulary is not known here."""

    def __init__(self) -> None:
        self._tokenizer = estimate_tokenizer()

    def neutralize(self, text: str) -> str:
        """Return the text with nothing in it that a server would take for more than text."""
        return _CONTROL_TOKEN.sub("‹", self._tokenizer.neutralize(text))


class _ServerCounter(_Neutral):
    """Counts at the server's `/tokenize`, and remembers the last counts."""

    exact = True

    def __init__(self, server: Server, context: int | None) -> None:
        super().__init__()
        self.context = context
        self._server = server
        self._tokens = lru_cache(maxsize=_KEPT_COUNTS)(self._tokenize)
        # SentencePiece puts a space before a text. It stays apart from a line break, so behind one
        # a text is counted as in the middle of a prompt.
        self._break = self._tokens("\n")

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt.

        Raises:
            ServerDown: the server that counts is gone.
            Transient: it could not be asked; so does `count_prompt`.
        """
        text = self.neutralize(text)
        return self._tokens(text) if self._break == 1 else self._tokens(f"\n{text}") - self._break

    def _tokenize(self, text: str) -> int:
        raise NotImplementedError

    def _post(self, path: str, body: Mapping[str, object], key: str) -> Any:  # noqa: ANN401 - JSON
        said = self._server.post(path, body)
        if key not in said:
            raise ServerFault(f"{self._server.url} does not count tokens any more")
        return said[key]


class LlamaCppCounter(_ServerCounter):
    """Counts with llama.cpp's server."""

    def count_prompt(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt."""
        prompt = self._post("/apply-template", _chat(system, user), "prompt")
        return self._count(prompt, add_special=True)

    def _tokenize(self, text: str) -> int:
        return self._count(text, add_special=False)

    def _count(self, text: str, *, add_special: bool) -> int:
        body = {"content": text, "add_special": add_special, "parse_special": True}
        return len(self._post("/tokenize", body, "tokens"))

    def parameters(self, sampling: Sampling) -> dict[str, object]:
        """Return llama.cpp's own parameters."""
        return {
            "repeat_penalty": sampling.repeat_penalty,
            "repeat_last_n": REPEAT_LAST_N,
            "cache_prompt": True,
            **_TEMPLATE,
        }


class _VllmCounter(_ServerCounter):
    """Counts with vLLM's server."""

    def __init__(self, server: Server, model: str, context: int | None) -> None:
        self._model = model
        super().__init__(server, context)

    def count_prompt(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt."""
        return int(self._post("/tokenize", {"model": self._model, **_chat(system, user)}, "count"))

    def _tokenize(self, text: str) -> int:
        body = {"model": self._model, "prompt": text, "add_special_tokens": False}
        return int(self._post("/tokenize", body, "count"))

    def parameters(self, sampling: Sampling) -> dict[str, object]:
        """Return vLLM's own parameters."""
        return {"repetition_penalty": sampling.repeat_penalty, **_TEMPLATE}


class _Estimator(_Neutral):
    """Estimates, for a server that does not count."""

    exact = False
    context: int | None = None

    def count_prompt(self, system: str, user: str) -> int:
        """Estimate the tokens of the whole rendered prompt."""
        return self._tokenizer.count_prompt(plain_prompt(system, user))

    def count_text(self, text: str) -> int:
        """Estimate the tokens that a text takes in the middle of a prompt."""
        return self._tokenizer.count_text(self.neutralize(text))

    def parameters(self, sampling: Sampling) -> dict[str, object]:
        """Return nothing: such a server may refuse what it does not know."""
        return {}
