"""py-llama serve: start the service, or make an API key for it."""

from __future__ import annotations

import click


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("-m", "--model", help="The model for requests that name none.")
@click.option("--insecure", is_flag=True, help="Listen beyond this machine without any API key.")
@click.option("--new-key", metavar="NAME", help="Make an API key for a client, and stop.")
def serve(
    host: str | None,
    port: int | None,
    *,
    model: str | None,
    insecure: bool,
    new_key: str | None,
) -> int:
    """Answer summaries over HTTP: POST /summarize, and more under /docs.

    It listens on this machine alone unless told otherwise, and elsewhere only with
    API keys. It is configured in the table [serve] of py-llama.toml, or by
    PY_LLAMA_SERVE_PORT and so on in the environment.

    Exit status: 0 stopped; 1 the address is taken; 2 wrong usage.
    """
    from api.settings import load_service_settings
    from pipeline.settings import load_settings

    if new_key is not None:
        _print_key(new_key)
        return 0
    settings = load_settings(model=model)
    service = load_service_settings(host=host, port=port, insecure=insecure or None)

    from api.server import run

    return run(settings, service)


def _print_key(name: str) -> None:
    from api.keys import hash_key, new_key

    key = new_key()
    click.echo(f"The key, shown this once:\n  {key}\nFor py-llama.toml:\n\n[serve.api_keys]")
    click.echo(f'{name} = "{hash_key(key)}"')
