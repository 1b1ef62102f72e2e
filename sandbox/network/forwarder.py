"""Runs *inside* a set-up's network namespace: carries loopback connections to the egress proxy's unix socket.

Stands alone (standard library only), because its source is handed to a Python in the sandbox:
`python3 -c SOURCE SOCKET PORT [COMMAND ...]`. With a command it runs that beside itself and ends with its exit code;
without, it serves for ever. It decides nothing: the allow-list is the proxy's.
"""

from __future__ import annotations

import asyncio
import os
import sys


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def forward(path: str, port: int, command: list[str]) -> int:
    """Serve on 127.0.0.1:`port` until `command` ends (for ever without one); returns its exit code."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            proxy_reader, proxy_writer = await asyncio.open_unix_connection(path)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(_pump(reader, proxy_writer), _pump(proxy_reader, writer))
        finally:
            writer.close()
            proxy_writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", port, backlog=256):
        if not command:
            print("ready", flush=True)  # noqa: T201 - whoever started it waits for this line
            await asyncio.Event().wait()
        process = await asyncio.create_subprocess_exec(*command)
        code = await process.wait()
        return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.stdout.flush()
    os._exit(asyncio.run(forward(sys.argv[1], int(sys.argv[2]), sys.argv[3:])))
