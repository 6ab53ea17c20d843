# SPDX-License-Identifier: Apache-2.0
"""Addresses of the local servers, out of 127.0.0.0/8.

Every address of that network is one of this machine, so each server has its
own and its database listens on the standard port.
"""

from __future__ import annotations

from collections.abc import Iterator
import hashlib
import ipaddress
import json
import pathlib
import socket
from typing import Any

from trove.cloud.local import files
from trove.cloud.local import locks
from trove.common import exception

_LOOPBACK = ipaddress.IPv4Network('127.0.0.0/8')


def parse_network(text: str) -> ipaddress.IPv4Network:
    """Return the network that an option gives.

    :raises ConfigurationError: it is none, or is not a local one
    """
    try:
        network = ipaddress.IPv4Network(text)
        if network.subnet_of(_LOOPBACK):
            return network
        problem = 'it is not inside 127.0.0.0/8'
    except ValueError as error:
        problem = str(error)
    raise exception.ConfigurationError(
        option='[cloud_local] network',
        value=text,
        remedy=f'{problem}. Use a network such as 127.42.0.0/16.',
    )


def is_free(address: str, port: int) -> bool:
    """Return whether a server could listen on this port of the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections that were closed a moment ago do no harm.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError:
            return False
    return True


class Addresses:
    """The table of who has which address, kept in a file.

    :param directory: where the file and its lock are; it must exist
    """

    def __init__(
        self, directory: pathlib.Path, network: str, probe_port: int
    ) -> None:
        self._table = directory / 'addresses.json'
        self._lock = directory / 'addresses.lock'
        self._network = parse_network(network)
        self._port = probe_port
        # Another state directory of this machine begins elsewhere, so that
        # both seldom want the same address at the same moment.
        digest = hashlib.sha256(str(directory.resolve()).encode()).digest()
        self._offset = int.from_bytes(digest[:4], 'big')

    def get(self, instance_id: str) -> str | None:
        """Return the address of an instance, None when it has none."""
        address: str | None = self._read()['given'].get(instance_id)
        return address

    def allocate(self, instance_id: str) -> str:
        """Return the address of an instance, a new one when it has none.

        :raises CloudError: no address is free
        """
        with locks.held(self._lock):
            table = self._read()
            given = table['given']
            if instance_id in given:
                return str(given[instance_id])
            taken = set(given.values())
            for address in self._candidates(table.get('last')):
                if address not in taken and is_free(address, self._port):
                    break
            else:
                raise exception.CloudError(
                    action='find a free address',
                    reason=f'in network {self._network}, {len(taken)} '
                    'addresses are assigned to instances, and port '
                    f'{self._port} is in use on all others. Stop the process '
                    'that uses it (maybe a database server on all addresses), '
                    'or set [cloud_local] network to another network.',
                )
            given[instance_id] = address
            table['last'] = address
            self._write(table)
            return address

    def release(self, instance_id: str) -> None:
        with locks.held(self._lock):
            table = self._read()
            if table['given'].pop(instance_id, None) is not None:
                self._write(table)

    def _candidates(self, last: str | None) -> Iterator[str]:
        # Round and round: one given back is not given away soon, since a
        # client may still try to connect to its former owner.
        first = int(self._network.network_address) + 1
        count = max(self._network.num_addresses - 2, 1)
        if last and ipaddress.IPv4Address(last) in self._network:
            start = int(ipaddress.IPv4Address(last)) - first + 1
        else:
            start = self._offset
        for step in range(count):
            yield str(ipaddress.IPv4Address(first + (start + step) % count))

    def _read(self) -> dict[str, Any]:
        try:
            table: dict[str, Any] = json.loads(
                self._table.read_text()
            )
        except FileNotFoundError:
            return {'given': {}}
        return table

    def _write(self, table: object) -> None:
        files.write(self._table, json.dumps(table, indent=1))
