"""Renders the Go template of an Ollama model, so that a prompt can be counted before it is sent.

Models bring their chat template in the language of Go's text/template. This is an evaluator of the
part of it that they use: text, comments and trimming; if, range, with, else and end; variables;
fields of the dot and of $; pipelines, parentheses and literals; and the functions below. Whatever
else a template holds raises `UnsupportedTemplate`.

Parsing turns each piece of a template into a Python function of the scope.
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
    Node: TypeAlias = Callable[["_Scope"], str]
    Item: TypeAlias = str | list[str]  # a stretch of text, or the tokens of an action


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
    legacy = "messages" not in fields
    values: dict[str, Value] = defaultdict(lambda: None, System=system, Response="")
    if legacy:
        values["Prompt"] = user
    else:
        values["Messages"] = [_message("system", system), _message("user", user)]
    try:
        node = _Parser(items, stop_at_response=legacy).template()
        return node(_Scope(values, ChainMap({"$": values})))
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise UnsupportedTemplate(f"the template cannot be rendered: {error!r}") from error


def _message(role: str, content: str) -> dict[str, Value]:
    return {"Role": role, "Content": content, "Images": [], "ToolCalls": []}


# Text to items ------------------------------------------------------------------------------------

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


def _items(template: str) -> Iterator[Item]:
    """Cut a template into its texts, trimmed as they ask for, and its actions."""
    at, trimmed = 0, False
    for action in _ACTION.finditer(template):
        yield _text(template[at : action.start()], trimmed, bool(action["left"]))
        if not action["code"].lstrip().startswith("/*"):
            yield _tokens(action["code"])
        at, trimmed = action.end(), bool(action["right"])
    yield _text(template[at:], trimmed, False)


def _text(text: str, left: bool, right: bool) -> str:
    if "{{" in text:
        raise UnsupportedTemplate("the template has an action that cannot be read")
    text = text.lstrip(_GO_SPACE) if left else text
    return text.rstrip(_GO_SPACE) if right else text


def _tokens(code: str) -> list[str]:
    tokens = _TOKEN.findall(code)
    if not tokens or re.sub(r"\s", "", "".join(tokens)) != re.sub(r"\s", "", code):
        raise UnsupportedTemplate(f"the template has an action that cannot be read: {code.strip()}")
    return tokens


def _fields(tokens: Sequence[str]) -> Iterator[str]:
    for token in tokens:
        if token[0] in "$.":
            yield from token.split(".")[1:]


# Items to nodes -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scope:
    """The dot, and the variables of this block and of those around it."""

    dot: Value
    names: ChainMap[str, Value]

    def inner(self, dot: Value) -> _Scope:
        return _Scope(dot, self.names.new_child())

    def bind(self, name: str, sign: str, value: Value) -> None:
        """Declare a variable in this block (":="), or set the one that is visible ("=")."""
        blocks = self.names.maps[:1] if sign == ":=" else self.names.maps
        known = [names for names in blocks if sign == ":=" or name in names]
        known[0][name] = value


class _Parser:
    """Parses items into nodes.

    With `stop_at_response`, as for templates of one turn, what follows the field Response is left
    out: there the model's answer begins.
    """

    def __init__(self, items: Sequence[Item], *, stop_at_response: bool) -> None:
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
            stopped = self._stopped
            if isinstance(item, list) and item[0] in ("else", "end"):
                closing = item
                break
            node = _text_node(item) if isinstance(item, str) else self._action(item)
            if not stopped:
                nodes.append(node)
        return lambda scope: "".join(node(scope) for node in nodes), closing

    def _action(self, tokens: list[str]) -> Node:
        if tokens[0] in ("if", "with", "range"):
            return self._branch(tokens[0], tokens[1:])
        if self._stop_at_response and any(
            "Response" in t.split(".") for t in tokens if t[0] == "."
        ):
            self._stopped = True
        names, sign, expression = _statement(tokens)

        def node(scope: _Scope) -> str:
            value = expression(scope)
            for name in names:
                scope.bind(name, sign, value)
            return "" if names else _printed(value)

        return node

    def _branch(self, kind: str, tokens: list[str]) -> Node:
        names, sign, subject = _statement(tokens)
        body, closing = self._block()
        otherwise: Node = _nothing
        if closing[:2] in (["else", "if"], ["else", "with"]):
            otherwise, closing = self._branch(closing[1], closing[2:]), ["end"]
        elif closing == ["else"]:
            otherwise, closing = self._block()
        if closing != ["end"]:
            raise ValueError(f"{kind} without an end")

        def choose(scope: _Scope) -> str:
            value = subject(scope)
            inner = scope.inner(value if kind == "with" and value else scope.dot)
            for name in names:
                inner.bind(name, sign, value)
            return body(inner) if value else otherwise(inner)

        def repeat(scope: _Scope) -> str:
            texts = []
            for index, value in enumerate(_list(subject(scope))):
                inner = scope.inner(value)
                inner.names.update(zip(reversed(names), (value, index), strict=False))
                texts.append(body(inner))
            return "".join(texts) if texts else otherwise(scope)

        return repeat if kind == "range" else choose


def _text_node(text: str) -> Node:
    return lambda scope: text


def _nothing(scope: _Scope) -> str:
    return ""


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


# Tokens to expressions ----------------------------------------------------------------------------


def _statement(tokens: Sequence[str]) -> tuple[list[str], str, Expression]:
    """Return the variables that are set, how (":=", "=" or ""), and what they are set to."""
    sign = next((token for token in tokens if token in (":=", "=")), "")
    end = tokens.index(sign) if sign else 0
    rest = deque(tokens[end + 1 :] if sign else tokens)
    expression = _pipeline(rest)
    if rest or any(token[0] != "$" for token in tokens[:end:2]):
        raise ValueError(f"{' '.join(tokens)} is not understood")
    return list(tokens[:end:2]), sign, expression


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
    token = tokens.popleft() if tokens else ""
    if token == "(":
        inside = _pipeline(tokens)
        if not tokens or tokens.popleft() != ")":
            raise ValueError("a parenthesis without its end")
        return inside
    if token[:1] in ("$", "."):
        return _path(token)
    literal = _literal(token)
    return lambda scope: literal


def _path(token: str) -> Expression:
    name, *fields = token.split(".")

    def value(scope: _Scope) -> Value:
        found = scope.names[name] if name else scope.dot
        for field in filter(None, fields):
            found = found[field]
        return found

    return value


def _literal(token: str) -> Value:
    if token in ("true", "false"):
        return token == "true"
    if token.startswith("`"):
        return token[1:-1]
    if token.startswith('"') or token.lstrip("-").isdigit():
        return json.loads(token)
    raise ValueError(f"{token or 'nothing'} where a value should be")


# Functions ----------------------------------------------------------------------------------------


def _and(values: Iterator[Value]) -> Value:
    for value in values:
        if not value:
            break
    return value


def _or(values: Iterator[Value]) -> Value:
    for value in values:
        if value:
            break
    return value


def _equal(first: Value, *others: Value) -> bool:
    if not others or any(type(other) is not type(first) for other in others):
        raise TypeError("eq of values of different types")
    return first in others


def _index(values: Value, index: int) -> Value:
    if not 0 <= index < len(values):
        raise IndexError(f"no item {index}")
    return values[index]


def _slice(values: Value, start: int, end: int | None = None) -> Value:
    end = len(values) if end is None else end
    if not 0 <= start <= end <= len(values):
        raise IndexError(f"no items from {start} to {end}")
    return values[start:end]


def _eager(function: Callable[..., Value]) -> Callable[[Iterator[Value]], Value]:
    return lambda values: function(*values)


_FUNCTIONS: dict[str, Callable[[Iterator[Value]], Value]] = {
    "and": _and,
    "or": _or,
    "not": _eager(operator.not_),
    "eq": _eager(_equal),
    "ne": _eager(lambda first, second: not _equal(first, second)),
    "lt": _eager(operator.lt),
    "le": _eager(operator.le),
    "gt": _eager(operator.gt),
    "ge": _eager(operator.ge),
    "len": _eager(len),
    "index": _eager(_index),
    "slice": _eager(_slice),
}
