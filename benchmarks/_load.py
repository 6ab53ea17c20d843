# SPDX-License-Identifier: Apache-2.0
"""Clients of a REST API, in a process of their own.

Arguments: port, path, token, number of clients, of requests of each, and the
seconds after which a client gives up. Each client keeps its connection, as
python-troveclient does, and connects anew when it is closed. The answer is
JSON: the seconds that each request took, how long all of them took, and what
went wrong how often.
"""

from __future__ import annotations

import asyncio
import collections
import json
import resource
import sys
import time


class Client:
    def __init__(self, port: int, request: bytes) -> None:
        self._port = port
        self._request = request
        self._streams: (
            tuple[asyncio.StreamReader, asyncio.StreamWriter] | None
        ) = None

    async def ask(self) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                '127.0.0.1', self._port
            )
        reader, writer = self._streams
        writer.write(self._request)
        head = (await reader.readuntil(b'\r\n\r\n')).lower()
        status = head.split(None, 2)[1].decode()
        length = head.partition(b'content-length:')[2].partition(b'\r\n')[0]
        await reader.readexactly(int(length))
        if b'connection: close' in head:
            self.close()
        if status != '200':
            raise RuntimeError(status)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def work(
    client: Client, times: int, timeout: float
) -> tuple[list[float], list[str]]:
    took, errors = [], []
    for _ in range(times):
        start = time.perf_counter()
        try:
            await asyncio.wait_for(client.ask(), timeout)
        except Exception as error:  # noqa: BLE001 - it is counted
            errors.append(f'{type(error).__name__} {error}'.strip())
            client.close()
        took.append(time.perf_counter() - start)
    client.close()
    return took, errors


async def main() -> None:
    port, path, token, clients, times, timeout = sys.argv[1:]
    request = (
        f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n'
        f'X-Auth-Token: {token}\r\nAccept: application/json\r\n'
        'User-Agent: python-troveclient\r\nAccept-Encoding: gzip, deflate\r\n'
        'Connection: keep-alive\r\n\r\n'
    ).encode()
    start = time.perf_counter()
    done = await asyncio.gather(
        *(
            work(Client(int(port), request), int(times), float(timeout))
            for _ in range(int(clients))
        )
    )
    print(
        json.dumps(
            {
                'seconds': time.perf_counter() - start,
                'took': [each for took, _ in done for each in took],
                'errors': collections.Counter(
                    error for _, errors in done for error in errors
                ),
            }
        )
    )


if __name__ == '__main__':
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main())
