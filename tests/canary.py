"""A server on this machine that must never be asked for anything."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CANARY_SAYS = "A secret of this machine."


@contextlib.contextmanager
def listening():
    """A server on this machine that answers everything, and remembers it."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"<html><body><p>{CANARY_SAYS}</p></body></html>".encode())

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
