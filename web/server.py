"""The page's HTTP server: a thread of its own on a port of its own, whose end never waits for a client."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from domain.errors import ExitCode, SetupError
from domain.reason import reason

if TYPE_CHECKING:
    from starlette.types import ASGIApp

log = logging.getLogger("web")

NEXT_PORTS = 20
"""How many ports after the wanted one are tried where it need not be that one."""

_PORT_HIGHEST = 65535
_CLIENTS_MAX = 64
_BACKLOG = 64
_KEEP_ALIVE_S = 5
_GRACE_S = 0.5


class WebServer:
    """Serves an application until it is stopped; used once."""

    def __init__(self, app: ASGIApp, host: str, port: int, *, exact: bool) -> None:
        """Take what is to be served, and where; `exact`: at no other port. Port 0 is any free one."""
        self._host = host
        self._port = port
        self._exact = exact
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                loop="asyncio",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                limit_concurrency=_CLIENTS_MAX,
                timeout_keep_alive=_KEEP_ALIVE_S,
                backlog=_BACKLOG,
            )
        )
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Return the port that is served; right once `start` has returned."""
        return self._port

    @property
    def url(self) -> str:
        """Return where a browser finds the page; right once `start` has returned."""
        return f"http://{self._host}:{self._port}/"

    def start(self) -> None:
        """Take the port, then serve from a thread; raises `SetupError` where no port can be had."""
        listener = self._bind()
        self._port = listener.getsockname()[1]
        # A daemon: neither a page that hangs nor a client may keep the bot from ending.
        self._thread = threading.Thread(target=self._serve, args=(listener,), name="web", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Close the port and every connection; returns whether the thread ended within the time."""
        if self._thread is None:
            return True
        self._server.ask_to_end()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _bind(self) -> socket.socket:
        last = self._port if self._exact or self._port == 0 else min(self._port + NEXT_PORTS, _PORT_HIGHEST)
        for port in range(self._port, last + 1):
            try:
                return _listen(self._host, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    fault = reason("port_refused", port=port, problem=error.strerror or str(error))
                    raise SetupError(ExitCode.PORT, fault) from error
        if last == self._port:
            raise SetupError(ExitCode.PORT, reason("port_taken", port=self._port))
        raise SetupError(ExitCode.PORT, reason("ports_taken", port=self._port, last=last))

    def _serve(self, listener: socket.socket) -> None:
        try:
            self._server.run(sockets=[listener])
        except (Exception, SystemExit):  # the top of a thread: without its page the bot trades on
            log.exception("the page's server ended by itself; the bot goes on without it")
        finally:
            listener.close()


class _Server(uvicorn.Server):
    """Waits to be told to end instead of looking ten times a second, and gives clients a short grace."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None

    def ask_to_end(self) -> None:
        """End soon; may be called from any thread, at any time, more than once."""
        # Set before looking: whichever of the two threads comes second sees what the first has done.
        self.should_exit = True
        if self._loop is not None and self._end is not None:
            with suppress(RuntimeError):  # the loop is closed: it has ended already
                self._loop.call_soon_threadsafe(self._end.set)

    async def main_loop(self) -> None:
        """Serve until asked to end."""
        self._end = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more clients, let answers on their way finish, then cut."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_GRACE_S)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        # Connections are taken down by the loop's next turn.
        await asyncio.sleep(0)


class _Protocol(H11Protocol):
    """HTTP/1.1 for a client that also has to ask in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # narrower upstream
        """Let whoever asks nothing go, like whoever asks nothing more."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)


def _listen(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio sends small answers without delay on such sockets only.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A port that was served a moment ago can be had again; one that is being served cannot.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
