# SPDX-License-Identifier: Apache-2.0
"""Run commands of OpenStack's client as copies of a process that imported it.

Usage: python -m osrig.clients SOCKET, until it is ended. What it is asked on
the socket is what tools/openstack/commands/openstack sends: the three standard
files, and a line of JSON with the arguments and the environment. The answer is
the exit status, a byte.
"""

import importlib
import json
import os
import signal
import socket
import sys

#: Plugins are imported when a command needs them; those of the guide do.
_LATER = (
    'keystoneauth1.identity.generic',
    'keystoneclient.v3.client',
    'openstack.connection',
    'openstackclient.identity.v3.endpoint',
    'openstackclient.identity.v3.role',
    'openstackclient.identity.v3.service',
    'openstackclient.identity.v3.user',
    'openstackclient.network.v2.network',
    'openstackclient.network.v2.subnet',
    'openstackclient.shell',
    'troveclient.osc.v1.database_instances',
    'troveclient.osc.v1.datastores',
    'troveclient.v1.client',
)


def run(connection: socket.socket) -> int:
    """Be the command that is asked for."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile('rb') as lines:
        order = json.loads(lines.readline())
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(order['environment'])
    shell = importlib.import_module('openstackclient.shell')
    status = shell.main(order['arguments'])
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def answer(connection: socket.socket) -> None:
    status = 1
    try:
        status = run(connection) or 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    finally:
        connection.sendall(bytes([status & 0xFF]))
        os._exit(0)


def main() -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        # They wait until all is imported.
        listening.listen(16)
        for module in _LATER:
            importlib.import_module(module)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            connection, _ = listening.accept()
            with connection:
                if not os.fork():
                    listening.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    answer(connection)


main()
