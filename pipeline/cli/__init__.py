"""py-llama: the group of commands, and how each of them ends.

Only click is imported here, so that help is instant. The group knows its commands by name and
imports the module of the one that is called.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys

import click

from pipeline.errors import InputError, ModelUnavailable, PyLlamaError

FAILED, USAGE, STAND_INS, NO_MODEL, INTERRUPTED = 1, 2, 3, 4, 130

GARBAGE_EVERY = 100_000  # new objects; imports make many and no garbage, and looking takes 0.2 s

COMMANDS = {
    "batch": "pipeline.cli.batch:batch",
    "cache": "pipeline.cli.cache:cache",
    "config": "pipeline.cli.models:config",
    "eval": "eval.cli:evaluate",
    "models": "pipeline.cli.models:models",
    "serve": "api.cli:serve",
    "summarize": "pipeline.cli.summarize:summarize",
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="py-llama-backend")
def cli() -> None:
    """Summarize texts of any length with small local models."""


def main() -> None:
    """Run the command line; every expected failure is one line on stderr and an exit status."""
    gc.set_threshold(GARBAGE_EVERY)
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """Run the command line with these arguments, else the process's own; return its status."""
    try:
        status = cli.main(arguments, prog_name="py-llama", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.ClickException as error:
        return _complain(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _complain("interrupted", INTERRUPTED)
    except ModelUnavailable as error:
        return _complain(str(error), NO_MODEL)
    except InputError as error:
        return _complain(str(error), USAGE)
    except PyLlamaError as error:
        return _complain(str(error), FAILED)
    except BrokenPipeError:  # whoever read our output, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _complain(f"{error.filename or 'the system'}: {error.strerror or error}", FAILED)
    return status if isinstance(status, int) else 0


def _complain(message: str, status: int) -> int:
    click.echo(f"py-llama: {' '.join(message.split())}", err=True)
    return status
