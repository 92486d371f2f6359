"""Renders the Go template of an Ollama model, so that a prompt can be counted before it is sent.

Models bring their chat template in the language of Go's text/template. This is an evaluator of the
part of it that they use: text, comments and trimming; if, with, range, else, end, continue, break;
variables; fields of the dot and of $; pipelines, parentheses and literals; and the functions at the
end of this file. Whatever else a template holds raises `UnsupportedTemplate`.

Parsing turns each piece of a template into a Python function of the scope: an expression returns a
value, a node writes text.
"""

from __future__ import annotations

import json
import operator
import re
from collections import ChainMap, defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pipeline.errors import PyLlamaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Value: TypeAlias = Any  # what templates compute with; Go's nil is None
    Expression: TypeAlias = Callable[["_Scope"], Value]
    Node: TypeAlias = Callable[["_Scope"], None]


class UnsupportedTemplate(PyLlamaError):
    """The template goes beyond what is understood here, so its prompts can only be estimated."""


def render(template: str, system: str, user: str) -> str:
    """Return the prompt that Ollama's `/api/chat` makes of one system and one user message.

    Raises:
        UnsupportedTemplate: the template cannot be rendered with certainty.
    """
    items = list(_items(template))
    fields = {field.lower() for item in items if isinstance(item, list) for field in _fields(item)}
    if fields & {"think", "thinklevel", "isthinkset"}:
        raise UnsupportedTemplate("the template depends on the server's thinking mode")
    # A template without messages is for one turn, and ends where the model's answer begins.
    one_turn = "messages" not in fields
    values: dict[str, Value] = defaultdict(lambda: None, System=system, Response="")
    if one_turn:
        values["Prompt"] = user
    else:
        values["Messages"] = [_message("system", system), _message("user", user)]
    try:
        scope = _Scope(values, ChainMap({"$": values}), [])
        _Parser(items, stop_at_response=one_turn).template()(scope)
        return "".join(scope.written)
    except (IndexError, KeyError, TypeError, ValueError, _Jump) as error:
        raise UnsupportedTemplate(f"the template cannot be rendered: {error!r}") from error


def _message(role: str, content: str) -> dict[str, Value]:
    return {"Role": role, "Content": content, "Images": [], "ToolCalls": []}


# From text to items: a stretch of text, or the list of an action's tokens -------------------------

_ACTION = re.compile(
    r"\{\{(?P<left>-(?=\s))?"
    r'(?P<code>\s*/\*.*?\*/\s*|(?:"(?:\\.|[^"\\\n])*"|`[^`]*`|[^"`{}])*?)'
    r"(?P<right>(?<=\s)-)?\}\}",
    re.DOTALL,
)
_TOKEN = re.compile(
    r'"(?:\\.|[^"\\\n])*"|`[^`]*`'  # a literal text
    r"|-?\d+(?![\w.])"  # an integer
    r"|\$\w*(?:\.\w+)*|(?:\.\w+)+|\."  # a variable or the dot, and its fields
    r"|[A-Za-z_]\w*"  # a function or a keyword
    r"|:=|[=,()|]"
)
_GO_SPACE = " \t\r\n"


def _items(template: str) -> Iterator[str | list[str]]:
    at, trim = 0, False
    for action in _ACTION.finditer(template):
        yield _text(template[at : action.start()], left=trim, right=bool(action["left"]))
        if not action["code"].lstrip().startswith("/*"):
            yield _tokens(action["code"])
        at, trim = action.end(), bool(action["right"])
    yield _text(template[at:], left=trim)


def _text(text: str, *, left: bool, right: bool = False) -> str:
    if "{{" in text:
        raise UnsupportedTemplate("the template has an action that cannot be read")
    text = text.lstrip(_GO_SPACE) if left else text
    return text.rstrip(_GO_SPACE) if right else text


def _tokens(code: str) -> list[str]:
    tokens: list[str] = _TOKEN.findall(code)
    if not tokens or _TOKEN.sub("", code).strip():
        raise UnsupportedTemplate(f"the template has an action that cannot be read: {code.strip()}")
    return tokens


def _fields(tokens: Sequence[str]) -> Iterator[str]:
    for token in tokens:
        if token[0] in "$.":
            yield from token.split(".")[1:]


# From items to nodes ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scope:
    """The dot, the variables of this block and of those around it, and what is written so far."""

    dot: Value
    names: ChainMap[str, Value]
    written: list[str]

    def inner(self, dot: Value) -> _Scope:
        return _Scope(dot, self.names.new_child(), self.written)

    def bind(self, name: str, sign: str, value: Value) -> None:
        """Declare a variable in this block (":="), or set the one that is visible ("=")."""
        if sign == ":=":
            self.names[name] = value
        else:
            self.names[name]  # raises KeyError where there is none
            next(names for names in self.names.maps if name in names)[name] = value


class _Jump(Exception):
    """Leaves the rest of a round of a range; says whether with all the rounds after it."""

    def __init__(self, *, out: bool) -> None:
        super().__init__("break or continue outside of a range")
        self.out = out


class _Parser:
    """Parses items into nodes. With `stop_at_response` nothing after the field Response stays."""

    def __init__(self, items: Sequence[str | list[str]], *, stop_at_response: bool) -> None:
        self._items = iter(items)
        self._stop_at_response = stop_at_response
        self._stopped = False

    def template(self) -> Node:
        node, closing = self._block()
        if closing:
            raise ValueError(f"{closing[0]} without a beginning")
        return node

    def _block(self) -> tuple[Node, list[str]]:
        """Parse up to the "else" or "end" that closes a block, and return that too."""
        nodes: list[Node] = []
        closing: list[str] = []
        for item in self._items:
            if item[0:1] in (["else"], ["end"]):
                closing = list(item)
                break
            stopped = self._stopped
            node = _writer(item) if isinstance(item, str) else self._action(item)
            if not stopped:
                nodes.append(node)

        def write(scope: _Scope) -> None:
            for node in nodes:
                node(scope)

        return write, closing

    def _action(self, tokens: list[str]) -> Node:
        if tokens[0] in ("if", "with", "range"):
            return self._branch(tokens[0], tokens[1:])
        if tokens in (["continue"], ["break"]):
            return _jump(out=tokens == ["break"])
        if self._stop_at_response and any(
            "Response" in t.split(".") for t in tokens if t[0] == "."
        ):
            self._stopped = True
        names, sign, expression = _statement(tokens)

        def act(scope: _Scope) -> None:
            value = expression(scope)
            for name in names:
                scope.bind(name, sign, value)
            if not names:
                scope.written.append(_printed(value))

        return act

    def _branch(self, kind: str, tokens: list[str]) -> Node:
        names, sign, subject = _statement(tokens)
        body, closing = self._block()
        otherwise = _writer("")
        if closing[:2] in (["else", "if"], ["else", "with"]):
            otherwise, closing = self._branch(closing[1], closing[2:]), ["end"]
        elif closing == ["else"]:
            otherwise, closing = self._block()
        if closing != ["end"]:
            raise ValueError(f"{kind} without an end")

        def choose(scope: _Scope) -> None:
            value = subject(scope)
            inner = scope.inner(value if kind == "with" and value else scope.dot)
            for name in names:
                inner.bind(name, sign, value)
            (body if value else otherwise)(inner)

        def repeat(scope: _Scope) -> None:
            values = _list(subject(scope))
            for index, value in enumerate(values):
                inner = scope.inner(value)
                inner.names.update(zip(reversed(names), (value, index), strict=False))
                try:
                    body(inner)
                except _Jump as jump:
                    if jump.out:
                        break
            if not values:
                otherwise(scope)

        return repeat if kind == "range" else choose


def _writer(text: str) -> Node:
    return lambda scope: scope.written.append(text)


def _jump(*, out: bool) -> Node:
    def jump(scope: _Scope) -> None:
        raise _Jump(out=out)

    return jump


def _printed(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise TypeError(f"{value!r} is not printed")


def _list(value: Value) -> list[Value]:
    if value is None or isinstance(value, list):
        return value or []
    raise TypeError(f"{value!r} is no list")


# From tokens to expressions -----------------------------------------------------------------------


def _statement(tokens: Sequence[str]) -> tuple[list[str], str, Expression]:
    """Return the variables that are set, how (":=", "=" or ""), and what they are set to."""
    sign = next((token for token in tokens if token in (":=", "=")), "")
    end = tokens.index(sign) if sign else 0
    names, rest = list(tokens[:end:2]), deque(tokens[end + 1 if sign else 0 :])
    expression = _pipeline(rest)
    if rest or any(not name.startswith("$") for name in names):
        raise ValueError(f"{' '.join(tokens)} is not understood")
    return names, sign, expression


def _pipeline(tokens: deque[str]) -> Expression:
    value = _command(tokens, None)
    while tokens and tokens[0] == "|":
        tokens.popleft()
        value = _command(tokens, value)
    return value


def _command(tokens: deque[str], piped: Expression | None) -> Expression:
    """Parse an operand, or a function with its arguments, of which a piped one is the last."""
    if tokens and tokens[0] in _FUNCTIONS:
        function = _FUNCTIONS[tokens.popleft()]
        arguments = []
        while tokens and tokens[0] not in (")", "|"):
            arguments.append(_operand(tokens))
        if piped:
            arguments.append(piped)
        return lambda scope: function(argument(scope) for argument in arguments)
    if piped:
        raise ValueError("a pipeline into what is no function")
    return _operand(tokens)


def _operand(tokens: deque[str]) -> Expression:
    word = tokens.popleft() if tokens else ""
    if word == "(":
        inside = _pipeline(tokens)
        if not tokens or tokens.popleft() != ")":
            raise ValueError("a parenthesis without its end")
        return inside
    if word[:1] in ("$", "."):
        return _path(word)
    literal = _literal(word)
    return lambda scope: literal


def _path(word: str) -> Expression:
    name, *fields = word.split(".")

    def value(scope: _Scope) -> Value:
        found = scope.names[name] if name else scope.dot
        for field in filter(None, fields):
            found = found[field]
        return found

    return value


def _literal(word: str) -> Value:
    if word in ("true", "false"):
        return word == "true"
    if word.startswith("`"):
        return word[1:-1]
    if word.startswith('"') or word.lstrip("-").isdigit():
        return json.loads(word)
    raise ValueError(f"{word or 'nothing'} where a value should be")


# Functions of the arguments' values, which and and or read only as far as they need ------------


def _and(values: Iterator[Value]) -> Value:
    value = None
    for value in values:
        if not value:
            break
    return value


def _or(values: Iterator[Value]) -> Value:
    return next(filter(None, values), False)


def _equal(first: Value, *others: Value) -> bool:
    if not others or any(type(other) is not type(first) for other in others):
        raise TypeError("eq of values of different types")
    return first in others


def _slice(values: Value, start: int, end: int | None = None) -> Value:
    end = len(values) if end is None else end
    if not 0 <= start <= end <= len(values):
        raise IndexError(f"no items from {start} to {end}")
    return values[start:end]


def _index(values: Value, index: int) -> Value:
    return _slice(values, index)[0]


def _printf(layout: str, *values: Value) -> str:
    if re.search("%[^s]|%$", layout) or any(not isinstance(value, str) for value in values):
        raise ValueError("printf of more than texts")
    return layout % values


def _strict(function: Callable[..., Value]) -> Callable[[Iterator[Value]], Value]:
    return lambda values: function(*values)


_FUNCTIONS: dict[str, Callable[[Iterator[Value]], Value]] = {
    "and": _and,
    "or": _or,
    "not": _strict(operator.not_),
    "eq": _strict(_equal),
    "ne": _strict(lambda first, second: not _equal(first, second)),
    "gt": _strict(operator.gt),
    "len": _strict(len),
    "index": _strict(_index),
    "slice": _strict(_slice),
    "printf": _strict(_printf),
}
