"""What can go wrong, as one tree.

PyLlamaError
├── InputError             the request cannot be met as it was made        exit 2
│   ├── BudgetError        the context is too small for what was asked
│   ├── LanguageError      the summary cannot be in the language that was asked for
│   └── DocumentError      a file or an address gives no text
│       ├── NoText         there is nothing in it
│       ├── Unsupported    its format is not read here
│       ├── TooLarge       reading it would take too much memory or time
│       └── Unreachable    nothing answers at the address, or it may not be asked
├── ModelUnavailable       no call can succeed; the run stops              exit 4
│   ├── ServerDown         nothing answers at the address
│   └── ModelMissing       the server does not have the model
└── CallFailed             one call failed; the run goes on without it
    ├── Transient          the same call may succeed a little later
    │   ├── ServerBusy     the server's queue is full
    │   ├── ServerFault    the server failed: a crash, HTTP 5xx, an error line in a stream
    │   ├── StreamBroken   the answer stopped before its end
    │   └── TimedOut       no answer within the time limit
    ├── BadAnswer          the model answered, but not with a summary
    │   ├── EmptyAnswer    with nothing
    │   ├── LoopedAnswer   with the same words over and over
    │   ├── EchoedAnswer   with the prompt's own text
    │   └── StrayAnswer    with something else than the text is about
    ├── PromptCut          the server read less than was sent
    └── Refused            the server will not take this request: HTTP 4xx

Messages are one line: what is wrong, then what to do about it.
"""


class PyLlamaError(Exception):
    """Any error that this package raises on purpose."""


class InputError(PyLlamaError):
    """The request cannot be met as it was made: an empty text, a bad number, a bad file."""


class BudgetError(InputError):
    """The context window cannot hold the prompt, a summary and three sources at once.

    `most_words` is how long a summary could be; None where its length is not what is wrong.
    """

    most_words: int | None = None


class LanguageError(InputError):
    """A summary of a text's own sentences cannot be in another language than the text."""


class DocumentError(InputError):
    """A file or an address gives no text. `problem` says why without naming it."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}")
        self.name = name
        self.problem = problem


class NoText(DocumentError):
    """There is nothing in a document to summarize."""


class Unsupported(DocumentError):
    """The format of a file is not read here, or not without the extra [formats]."""


class TooLarge(DocumentError):
    """Reading a document would take more memory or time than it may."""


class Unreachable(DocumentError):
    """Nothing answers at an address, it answers with an error, or it may not be asked."""


class ModelUnavailable(PyLlamaError):
    """No call can succeed, so the run stops at once."""


class ServerDown(ModelUnavailable):
    """Nothing answers at the model server's address."""


class ModelMissing(ModelUnavailable):
    """The server answers but does not have the model, or the model cannot be loaded."""


class CallFailed(PyLlamaError):
    """One call failed. The run retries, splits the source, or stands in for it."""


class Transient(CallFailed):
    """A failure that may pass: the same call is worth sending again."""


class ServerBusy(Transient):
    """The server's queue is full (HTTP 429 or 503)."""


class ServerFault(Transient):
    """The server failed while answering: a crashed runner, HTTP 5xx, an error in the stream."""


class StreamBroken(Transient):
    """The connection dropped, or the answer ended without saying that it was done."""


class TimedOut(Transient):
    """No complete answer within the time limit for one call."""


class BadAnswer(CallFailed):
    """The model answered, but what it wrote is no summary; another seed may help."""


class EmptyAnswer(BadAnswer):
    """Nothing, or nothing but white space."""


class LoopedAnswer(BadAnswer):
    """The same words over and over, with nothing worth keeping before them."""


class EchoedAnswer(BadAnswer):
    """The prompt or the source, word for word, instead of a summary."""


class StrayAnswer(BadAnswer):
    """The answer is about something else than the text, or none of its sentences is supported."""


class PromptCut(CallFailed):
    """The server read fewer tokens than the prompt has: part of the text was dropped silently."""


class Refused(CallFailed):
    """The server will not take this request (HTTP 4xx); sending it again would not help."""
