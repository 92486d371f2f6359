"""One model on several servers: a call goes where there is room, and what fails rests.

Each server has slots of its own. One that cannot be reached, does not answer in time or fails
again and again is set aside; its calls go to the others. While it rests it is asked a question of
one token now and then, and comes back with its first answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pipeline.errors import BadAnswer, ModelMissing, ModelUnavailable, Passing, TimedOut
from pipeline.models.checks import PROBE_SYSTEM, PROBE_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.models import ChatModel
    from pipeline.types import Reply

FAILURES = 3  # in a row, after which a server rests; one alone may be the call's fault
REST, LONGEST_REST = 1.0, 60.0  # seconds between two questions; they double

Open: TypeAlias = "Callable[[], ChatModel]"
Trouble: TypeAlias = Passing | ModelUnavailable


@dataclass(eq=False)
class Server:
    """A server of a fleet. `model` is None until it could be opened."""

    address: str
    open: Open
    model: ChatModel | None = None
    in_flight: int = 0
    failures: int = 0
    trouble: Trouble | None = None  # why it rests

    @property
    def load(self) -> float:
        """The share of its slots that are taken."""
        return self.in_flight / self.model.concurrency if self.model else 1.0


def open_fleet(servers: Mapping[str, Open], rest: float = REST) -> Fleet:
    """Open a model on each of several servers, by their addresses.

    One that cannot be had rests.

    Raises:
        ModelUnavailable: none can be had, or they hold different models of that name.
    """
    members = [Server(address, opener) for address, opener in servers.items()]
    for member in members:
        try:
            member.model = member.open()
        except ModelUnavailable as error:
            member.trouble = error
    return Fleet(members, rest)


class Fleet:
    """A model on several servers; see `pipeline.models.ChatModel`."""

    def __init__(self, servers: Sequence[Server], rest: float) -> None:
        opened = [server.model for server in servers if server.model is not None]
        if not opened:
            raise next(server.trouble for server in servers if server.trouble)
        self._servers = servers
        self._model = opened[0]
        self._rest = rest
        self._freed = asyncio.Event()
        self._revivals: dict[Server, asyncio.Task[None]] = {}
        self.warnings: list[str] = []
        for server in servers:
            if server.model is not None:
                self._check(server.address, server.model)
            elif server.trouble is not None:
                self.warnings.append(f"{server.trouble}; the other servers do its work")

    @property
    def name(self) -> str:
        """As the servers name it."""
        return self._model.name

    @property
    def digest(self) -> str:
        """The same on all servers."""
        return self._model.digest

    @property
    def context(self) -> int:
        """The same on all servers."""
        return self._model.context

    @property
    def exact(self) -> bool:
        """Whether all servers count as we do."""
        return all(server.model.exact for server in self._servers if server.model)

    @property
    def concurrency(self) -> int:
        """The slots of all servers, those that rest included."""
        slots = [server.model.concurrency for server in self._servers if server.model]
        return sum(slots) + max(slots) * (len(self._servers) - len(slots))

    @property
    def options(self) -> Mapping[str, object]:
        """The same on all servers."""
        return self._model.options

    def count(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt."""
        return self._model.count(system, user)

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt."""
        return self._model.count_text(text)

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
        errors: dict[Server, Trouble] = {}
        told = _Told(emit)
        while True:
            server, model = await self._room(errors)
            try:
                reply = await model.complete(
                    system, user, max_tokens=max_tokens, attempt=attempt, emit=emit and told
                )
            except (Passing, ModelUnavailable) as error:
                self._note_failure(server, error)
                errors[server] = error
                if told.anything:  # who listens must learn that the answer begins anew
                    raise
            else:
                server.failures = 0
                self._learn(model)
                return reply
            finally:
                server.in_flight -= 1
                self._freed.set()

    async def _room(self, errors: Mapping[Server, Trouble]) -> tuple[Server, ChatModel]:
        """Take a slot of the least busy server that has not failed this call, once there is one.

        Raises:
            Passing: the others rest.
            ModelUnavailable: likewise, and none of the servers can be had.
        """
        self._revive_those_at_rest()
        while True:
            left = [server for server in self._servers if not server.trouble]
            left = [server for server in left if server not in errors]
            if not left:
                raise _mildest([*errors.values(), *(s.trouble for s in self._servers if s.trouble)])
            server = min(left, key=lambda server: server.load)
            if server.model is not None and server.load < 1:
                server.in_flight += 1
                return server, server.model
            self._freed.clear()
            await self._freed.wait()

    def _note_failure(self, server: Server, error: Trouble) -> None:
        server.failures += 1
        if isinstance(error, ModelUnavailable | TimedOut) or server.failures >= FAILURES:
            server.trouble = error
            self._revive_those_at_rest()

    def _revive_those_at_rest(self) -> None:
        for server in self._servers:
            if server.trouble and server not in self._revivals:
                self._revivals[server] = asyncio.create_task(self._revive(server))

    async def _revive(self, server: Server) -> None:
        """Ask a server that rests now and then, until it answers."""
        rest = self._rest
        while server.trouble:
            await asyncio.sleep(rest)
            rest = min(2 * rest, LONGEST_REST)
            try:
                await self._probe(server)
            except (Passing, ModelUnavailable) as error:
                server.trouble = error
            else:
                server.trouble, server.failures = None, 0
        del self._revivals[server]
        self._freed.set()

    async def _probe(self, server: Server) -> None:
        if server.model is None:
            model = await asyncio.to_thread(server.open)
            self._check(server.address, model)
            server.model = model
        with contextlib.suppress(BadAnswer):  # whatever it says, it answers
            await server.model.complete(PROBE_SYSTEM, PROBE_TEXT, max_tokens=1)

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
        self.warnings += [text for text in model.warnings if text not in self.warnings]

    async def aclose(self) -> None:
        """Close the connections to all servers."""
        for revival in list(self._revivals.values()):
            revival.cancel()
        for server in self._servers:
            if server.model is not None:
                await server.model.aclose()


@dataclass
class _Told:
    """Hands pieces of an answer on, and knows whether there were any."""

    emit: Callable[[str], None] | None
    anything: bool = False

    def __call__(self, piece: str) -> None:
        self.anything = True
        if self.emit is not None:
            self.emit(piece)


def _mildest(errors: Sequence[Trouble]) -> Trouble:
    """Return an error that may pass, if there is one: it does not end the run."""
    return next((error for error in errors if isinstance(error, Passing)), errors[0])
