"""llama.cpp's own HTTP server, in a process that can be killed.

Run as a program, with the path of a GGUF, it prints its address and serves until its standard
input is closed.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SLOTS = 2
SLOT_CONTEXT = 2048  # tokens


@contextlib.contextmanager
def serve(weights: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """Yield the address of a server, and its process."""
    command = [sys.executable, __file__, str(weights)]
    calm = {
        **os.environ,
        "OMP_WAIT_POLICY": "passive",
    }  # see pipeline.models.embedded.model
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=calm
    ) as process:
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def main(weights: str) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * SLOT_CONTEXT
    params.n_batch = 128  # a request that is given up ends after the batch that is being read
    params.verbosity = -1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
