"""Replicas of one model on several servers: a call goes where there is room; what fails rests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import ModelMissing, ModelUnavailable
from pipeline.models.load_balancer import REST, LoadBalancer, Server, answers
from pipeline.models.verify import PROBE_SYSTEM, PROBE_TEXT
from pipeline.models.wrapper import ModelWrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.models.base import ChatModel, Reply


class ReplicatedModel(ModelWrapper):
    """A model on several servers, by their addresses.

    A server that cannot be had now rests, and is opened later.

    Raises:
        ModelUnavailable: none can be had, or they hold different models of that name.
    """

    def __init__(self, servers: Mapping[str, Callable[[], ChatModel]], rest: float = REST) -> None:
        self._warnings: list[str] = []
        members = [self._member(address, opener) for address, opener in servers.items()]
        opened = [member.worker for member in members if member.worker is not None]
        troubles = [member.trouble for member in members if member.trouble is not None]
        if not opened:
            raise troubles[0]
        self.model = opened[0]  # says what is the same on all of them
        self._balancer = LoadBalancer(members, rest)
        self._warnings += [f"{trouble}; the other servers do its work" for trouble in troubles]
        for address, member in zip(servers, members, strict=True):
            member.slots = member.slots or self.model.concurrency
            if member.worker is not None:
                self._check(address, member.worker)

    def _member(self, address: str, opener: Callable[[], ChatModel]) -> Server[ChatModel]:
        async def revive() -> ChatModel:
            if member.worker is None:
                model = await asyncio.to_thread(opener)
                self._check(address, model)
            else:
                model = member.worker
            await answers(model.complete(PROBE_SYSTEM, PROBE_TEXT, max_tokens=1))
            return model

        member: Server[ChatModel] = Server(None, 0, revive)
        try:
            member.worker = opener()
            member.slots = member.worker.concurrency
        except ModelUnavailable as error:
            member.trouble = error
        return member

    def _models(self) -> Iterator[ChatModel]:
        return (server.worker for server in self._balancer.servers if server.worker is not None)

    @property
    def warnings(self) -> list[str]:
        """What the servers warn of."""
        return self._warnings

    @property
    def exact(self) -> bool:
        """Whether all servers count as we do."""
        return all(model.exact for model in self._models())

    @property
    def concurrency(self) -> int:
        """The slots of all servers, those that rest included."""
        return sum(server.slots for server in self._balancer.servers)

    async def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        attempt: int = 0,
        emit: Callable[[str], None] | None = None,
    ) -> Reply:
        """Ask a server that has room, and another one where it fails; see `ChatModel.complete`."""
        told = _Told(emit)

        async def ask(model: ChatModel) -> Reply:
            reply = await model.complete(
                system, user, max_tokens=max_tokens, attempt=attempt, emit=emit and told
            )
            self._learn(model)
            return reply

        # Who has heard half an answer must learn from an error that it begins anew.
        return await self._balancer.share(ask, lambda: not told.anything, twice=emit is None)

    def _check(self, address: str, model: ChatModel) -> None:
        """Note what a server warns of.

        Raises:
            ModelMissing: it holds another model.
        """
        if model.digest != self.digest:
            raise ModelMissing(
                f"{address} holds another {self.name} than the other servers; pull the same on all"
            )
        self._learn(model)

    def _learn(self, model: ChatModel) -> None:
        self._warnings += [text for text in model.warnings if text not in self.warnings]

    async def aclose(self) -> None:
        """Close the connections to all servers."""
        await self._balancer.aclose()
        for model in self._models():
            await model.aclose()


@dataclass
class _Told:
    """Hands pieces of an answer on, and knows whether there were any."""

    emit: Callable[[str], None] | None
    anything: bool = False

    def __call__(self, piece: str) -> None:
        self.anything = True
        if self.emit is not None:
            self.emit(piece)
