"""An ASGI application served by uvicorn in a thread of this process: for the demo's stand-ins and for tests."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

START_SECONDS = 60.0  # until requests are answered; a tenth of a second is usual


class Serving:
    """Listens on 127.0.0.1; port 0 takes a free one."""

    def __init__(self, application: Any, *, port: int = 0) -> None:
        self.application = application
        self._port = port
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Serve, and return the address once requests are answered. Raises RuntimeError after 60 s."""
        import uvicorn

        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        config = uvicorn.Config(self.application, log_config=None, access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        run = lambda: self._server.run(sockets=[listener])
        self._thread = threading.Thread(target=run, name="serving", daemon=True)
        self._thread.start()
        end = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > end or not self._thread.is_alive():
                raise RuntimeError(f"the server did not start within {START_SECONDS:.0f} s")
            time.sleep(0.01)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def stop(self) -> None:
        """Stop accepting and close what is open."""
        if self._server is not None:
            self._server.should_exit = True
            self._server.force_exit = True
        if self._thread is not None:
            self._thread.join(timeout=10)
