"""How long a simulator stays when nobody asks it for anything: a process left behind ends by itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from simulator.admin import AdminDoor

if TYPE_CHECKING:
    import socket

    import uvicorn

    from simulator.admin import Commands
    from simulator.venue import Venue

_FORBIDDEN = 403


class Attendance:
    """Ends a server after `linger_s` real seconds without an admin request; 0: it stays."""

    def __init__(self, linger_s: int) -> None:
        self._linger_s = linger_s
        self._asked = asyncio.Event()

    def note(self) -> None:
        """Take note of a request."""
        self._asked.set()

    async def serve(self, http: uvicorn.Server, listener: socket.socket) -> None:
        """Serve until the server is stopped, or until nobody has asked for too long."""
        watch = asyncio.create_task(self._end_when_alone(http))
        try:
            await http.serve(sockets=[listener])
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def _end_when_alone(self, http: uvicorn.Server) -> None:
        if not self._linger_s:
            return
        with suppress(TimeoutError):
            while True:
                self._asked.clear()
                await asyncio.wait_for(self._asked.wait(), self._linger_s)
        http.should_exit = True


class AttendedDoor(AdminDoor):
    """An admin door that tells of every request that comes with the token."""

    def __init__(self, venue: Venue, route_names: frozenset[str], commands: Commands, attendance: Attendance) -> None:
        super().__init__(venue, route_names, commands)
        self._attendance = attendance

    def answer(self, method: str, path: str, body: bytes, token: str, ip: str) -> tuple[int, dict[str, Any]]:
        """Carry out one request, and stay because of it."""
        status, answer = super().answer(method, path, body, token, ip)
        if status != _FORBIDDEN:
            self._attendance.note()
        return status, answer
