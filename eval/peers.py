"""Other people's summarizers on the same model server (extra [peers]).

Each is set up as well as it allows: the same context, chunk size and lengths as ours, chunks
counted with the model's own vocabulary where the library lets one say how, and its own prompts.
They run on Ollama models. What they cannot do is part of what is compared: none of them checks
that the server read the whole prompt.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from eval.records import Output
from eval.systems import about_model
from pipeline.errors import InputError, ServerDown
from pipeline.models.ollama.server import parse_host

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from langchain_core.documents import Document as LangChainDocument
    from langchain_core.runnables import Runnable
    from langchain_ollama import ChatOllama

    from eval.tasks import Item
    from pipeline.core.events import Emit
    from pipeline.core.summarizer import Summarizer
    from pipeline.settings import Settings

    Usage: TypeAlias = dict[str, int]  # prompt_tokens and output_tokens
    Ask: TypeAlias = Callable[[str, str | None], Awaitable[tuple[str, Usage | None]]]


@dataclass(frozen=True)
class Peer:
    """A peer, opened with a model. `ours` lends the counting and the budget."""

    name: str
    ours: Summarizer
    chunk_tokens: int
    ask: Ask

    @property
    def about(self) -> dict[str, Any]:
        """Its name, model and lengths."""
        return {"name": self.name, **about_model(self.ours), "chunk_tokens": self.chunk_tokens}

    async def summarize(self, item: Item, seed: int, emit: Emit) -> Output:
        """Summarize a document; whatever the peer raises is a failure of this document."""
        import httpx

        started = time.perf_counter()
        try:
            summary, usage = await self.ask(item.document, item.query)
        except (httpx.ConnectError, ConnectionError) as error:
            raise ServerDown(f"the Ollama server is gone: {error}") from error
        except Exception as error:  # noqa: BLE001 - a peer may raise anything
            problem = f"{type(error).__name__}: {error}"
            return Output(item.id, seed, item.digest, "failed", error=problem)
        seconds = time.perf_counter() - started
        return Output(
            item.id, seed, item.digest, "done", summary.strip(), seconds=seconds, usage=usage
        )

    async def aclose(self) -> None:
        """Close the model that lends its counting."""
        await self.ours.model.aclose()


def open_peer(name: str, ours: Summarizer, settings: Settings) -> Peer:
    """Open a peer on the model that `ours` runs on.

    Raises:
        InputError: the extra is missing, or the model is not one of Ollama.
    """
    if not ours.model.name.startswith("ollama:"):
        raise InputError(f"{name} runs on Ollama models, not on {ours.model.name}")
    budget = ours.budget()
    chunk_tokens = min(ours.chunk_tokens or budget.source, budget.source)
    makers = {
        "langchain-map-reduce": _langchain_map_reduce,
        "langchain-refine": _langchain_refine,
        "llamaindex-tree": _llamaindex_tree,
    }
    try:
        ask = makers[name](ours, settings, chunk_tokens)
    except ImportError as error:
        raise InputError(
            f"{name} needs {error.name}: pip install 'py-llama-backend[peers]'"
        ) from None
    return Peer(name, ours, chunk_tokens, ask)


def _langchain_map_reduce(ours: Summarizer, settings: Settings, chunk_tokens: int) -> Ask:
    from langchain_classic.chains.summarize import load_summarize_chain

    budget = ours.budget()
    chain = load_summarize_chain(
        _chat_ollama(ours, settings, budget.summary),
        chain_type="map_reduce",
        reduce_llm=_chat_ollama(ours, settings, budget.answer),
        token_max=chunk_tokens,
    )

    return _asking(chain, ours, chunk_tokens)


def _langchain_refine(ours: Summarizer, settings: Settings, chunk_tokens: int) -> Ask:
    from langchain_classic.chains.summarize import load_summarize_chain

    budget = ours.budget()
    # The summary so far goes along with each chunk, so both share the room of one.
    room = max(chunk_tokens - budget.answer, chunk_tokens // 3)
    chain = load_summarize_chain(_chat_ollama(ours, settings, budget.answer), chain_type="refine")

    return _asking(chain, ours, room)


def _asking(chain: Runnable[dict[str, Any], dict[str, Any]], ours: Summarizer, tokens: int) -> Ask:
    """Ask a chain of LangChain's about a text, in chunks of at most so many tokens."""
    from langchain_core.callbacks import get_usage_metadata_callback

    async def ask(text: str, query: str | None) -> tuple[str, Usage | None]:
        if query is not None:
            raise ValueError("LangChain's default prompts take no question")
        with get_usage_metadata_callback() as meter:
            answer = await chain.ainvoke({"input_documents": _split(text, ours, tokens)})
        used = meter.usage_metadata.values()
        usage = {
            "prompt_tokens": sum(each["input_tokens"] for each in used),
            "output_tokens": sum(each["output_tokens"] for each in used),
        }
        return str(answer["output_text"]), usage

    return ask


def _chat_ollama(ours: Summarizer, settings: Settings, answer: int) -> ChatOllama:
    from langchain_ollama import ChatOllama

    count = ours.model.count_text
    return ChatOllama(
        model=ours.model.name.removeprefix("ollama:"),
        base_url=parse_host(settings.ollama_hosts[0]),
        num_predict=answer,
        # Without this, LangChain counts with GPT-2's vocabulary, which it downloads.
        custom_get_token_ids=lambda text: list(range(count(text))),
        client_kwargs={"timeout": settings.timeout},
        **_options(ours),
    )


def _options(ours: Summarizer) -> dict[str, Any]:
    return {key: value for key, value in ours.model.options.items() if key in _TAKEN}


_TAKEN = {"num_ctx", "temperature", "seed", "repeat_penalty", "repeat_last_n"}


def _split(text: str, ours: Summarizer, tokens: int) -> list[LangChainDocument]:
    from langchain_core.documents import Document
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=tokens, chunk_overlap=0, length_function=ours.model.count_text
    )
    return [Document(part) for part in splitter.split_text(text)]


def _llamaindex_tree(ours: Summarizer, settings: Settings, chunk_tokens: int) -> Ask:
    from llama_index.core.indices.prompt_helper import PromptHelper
    from llama_index.core.response_synthesizers import TreeSummarize
    from llama_index.llms.ollama import Ollama

    model, budget = ours.model, ours.budget()
    synthesizer = TreeSummarize(
        llm=Ollama(
            model=model.name.removeprefix("ollama:"),
            base_url=parse_host(settings.ollama_hosts[0]),
            context_window=model.context,
            request_timeout=settings.timeout,
            additional_kwargs={**_options(ours), "num_predict": budget.answer},
        ),
        prompt_helper=PromptHelper(
            context_window=model.context,
            num_output=budget.answer,
            chunk_overlap_ratio=0,
            chunk_size_limit=chunk_tokens,
            tokenizer=lambda text: list(range(model.count_text(text))),
        ),
        use_async=True,
    )

    async def ask(text: str, query: str | None) -> tuple[str, Usage | None]:
        question = query or f"Summarize the text in about {ours.words} words."
        return str(await synthesizer.aget_response(question, [text])), None

    return ask
