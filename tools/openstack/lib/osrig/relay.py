# SPDX-License-Identifier: Apache-2.0
"""Let servers reach services on the host's loopback.

Usage: python -m osrig.relay NAMESPACE PORT=HOST:PORT...

It listens in the namespace, which holds the gateways' addresses, and connects
outside of it. With "-HOST_PORT=ADDRESS:PORT" it works the other way round: it
listens on 127.0.0.1:HOST_PORT and connects in the namespace.
"""

import asyncio
import ctypes
import os
import socket
import sys

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def enter(path):
    with open(path) as file:
        if _libc.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), path)


def socket_in(namespace):
    """A socket belongs for life to the namespace that it was made in."""
    if not namespace:
        return socket.socket()
    home = os.open('/proc/self/ns/net', os.O_RDONLY)
    try:
        enter(f'/run/netns/{namespace}')
        return socket.socket()
    finally:
        _libc.setns(home, CLONE_NEWNET)
        os.close(home)


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def handler(target, namespace):
    async def serve(reader, writer):
        other = socket_in(namespace)
        other.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(other, target)
        except OSError:
            other.close()
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection(sock=other)
        await asyncio.gather(
            copy(reader, far_writer), copy(far_reader, writer)
        )

    return serve


async def main():
    namespace, *rules = sys.argv[1:]
    servers = []
    for rule in rules:
        back = rule.startswith('-')
        port, target = rule.lstrip('-').split('=')
        host, target_port = target.rsplit(':', 1)
        listener = socket_in(None if back else namespace)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('127.0.0.1' if back else '0.0.0.0', int(port)))
        serve = handler((host, int(target_port)), namespace if back else None)
        servers.append(await asyncio.start_server(serve, sock=listener))
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
