"""One venue's answer to one limit order: what is asked, what comes back, and a server that says nothing else."""

from __future__ import annotations

import asyncio
import sys
from email.utils import formatdate
from pathlib import Path
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

ROOT = Path(__file__).resolve().parent.parent

# Made up, as long as Bithumb's own.
ACCESS_KEY = "a" * 48
SECRET_KEY = "b" * 48
SYMBOL = "KRW-BTC"
PATH = "/v2/orders"
PRICE = "95299000"
QTY = "0.001"

ANSWER = (
    b'{"order_id":"C0101000003152500274","market":"KRW-BTC","side":"bid","order_type":"limit",'
    b'"created_at":"2026-07-04T15:49:24+09:00","stp_type":"cancel_taker"}'
)
HEADERS = {
    "Date": formatdate(usegmt=True),
    "Content-Type": "application/json",
    "Connection": "keep-alive",
    "Content-Length": str(len(ANSWER)),
}
_HEAD = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
_REPLY = f"HTTP/1.1 200 OK\r\n{_HEAD}\r\n".encode() + ANSWER


class CannedServer:
    """A server on this machine in a process of its own; it answers every request with the same order."""

    def __enter__(self) -> Self:
        """Start it, and learn its port."""
        self._process = Popen([sys.executable, "-m", "benchmarks.wire"], cwd=ROOT, stdout=PIPE, text=True)
        self.port = int(self._process.stdout.readline()) if self._process.stdout is not None else 0
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        with self._process:
            pass


class _Answerer(asyncio.Protocol):
    """One connection, kept open; it reads no more of a request than where it ends."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            _, found, length = self._read[:end].lower().partition(b"content-length:")
            whole = end + 4 + (int(length.split(b"\r\n", 1)[0]) if found else 0)
            if len(self._read) < whole:
                return
            self._read = self._read[whole:]
            self._transport.write(_REPLY)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Answerer, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
