# SPDX-License-Identifier: Apache-2.0
"""A broker, a database and conductors, ours and release 26.0's."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import signal
import uuid

import psutil
import pymysql
import sqlalchemy as sa

from benchmarks import _wire
from trove.common import crypto
from trove.conf import conductor
from trove.db import models
from trove.db import session
from trove.objects.instance import states
from trove.tests.fixtures import database
from trove.tests.fixtures import processes
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import released as releases

TOPIC = 'trove-conductor'
PROJECT = 'measured'
_CONTROL_KEY = 'k' * 32
#: Of a conductor of ours by default.
_WORKERS: int = conductor.DEFAULT_OPTS[0].default
_HEALTHY = states.ServiceStatus.from_description('healthy')


@dataclasses.dataclass
class Place:
    """What both conductors work with.

    :ivar keys: of the guests, by their identifiers
    :ivar encrypted: whether conductors that are made have keys
    """

    broker: rabbitmq.RabbitMQ
    maria: database.MariaDB
    directory: pathlib.Path
    keys: dict[str, str] = dataclasses.field(default_factory=dict)
    encrypted: bool = False

    @property
    def guests(self) -> list[str]:
        return list(self.keys)

    def make_guests(self, number: int) -> None:
        """Write the rows that both conductors need of an instance."""
        self.maria.configure()
        with session.writer() as db:
            for _ in range(number):
                guest = str(uuid.uuid4())
                self.keys[guest] = crypto.generate_key()
                for row in _rows(guest, self.keys[guest]):
                    db.add(row)


def _rows(guest: str, key: str) -> list[models.Base]:
    return [
        models.Instance(
            id=guest,
            name=guest,
            tenant_id=PROJECT,
            encrypted_key=crypto.encrypt_released(key, _CONTROL_KEY),
        ),
        models.ServiceStatus(
            instance_id=guest,
            status_id=_HEALTHY.code,
            status_description=_HEALTHY.description,
        ),
    ]


class Reader:
    """Looks into the database, past everything that is measured."""

    def __init__(self, place: Place) -> None:
        self._connection = pymysql.connect(
            unix_socket=place.maria.server.socket,
            user='root',
            autocommit=True,
            database=sa.make_url(place.maria.url).database,
        )

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def written(self, sent: float) -> int:
        """Of how many guests the heartbeat of this time is there."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                'SELECT COUNT(*) FROM conductor_lastseen '
                "WHERE method_name = 'heartbeat' AND sent >= %s",
                (sent - 0.001,),
            )
            return int(cursor.fetchone()[0])


class Conductor:
    """A conductor: a process and its workers.

    :param consumers: how many workers take messages when all are there
    """

    def __init__(
        self,
        place: Place,
        name: str,
        command: list[str],
        consumers: int,
        env: dict[str, str] | None = None,
    ) -> None:
        self.place = place
        self._consumers = consumers
        self.config = place.directory / f'{name}.conf'
        self.config.write_text(
            '[DEFAULT]\n'
            f'transport_url = {place.broker.url}\n'
            f'enable_secure_rpc_messaging = {place.encrypted}\n'
            f'inst_rpc_key_encr_key = {_CONTROL_KEY}\n'
            f'taskmanager_rpc_encr_key = {_CONTROL_KEY}\n'
            '[database]\n'
            f'connection = {place.maria.url}\n'
        )
        self.process = processes.Process(
            name,
            [*command, '--config-file', str(self.config)],
            place.directory / f'{name}.log',
            ready=self._takes,
            env=env,
            timeout=60,
        )

    def _takes(self) -> bool:
        with _wire.Broker(self.place.broker.url) as broker:
            return broker.consumers(TOPIC) >= self._consumers

    def family(self) -> list[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def send_signal(self, number: signal.Signals) -> None:
        for member in self.family():
            member.send_signal(number)

    def cpu(self) -> float:
        times = [member.cpu_times() for member in self.family()]
        return sum(each.user + each.system for each in times)


def ours(place: Place) -> Conductor:
    return Conductor(
        place,
        'ours',
        processes.program('trove-conductor'),
        _WORKERS,
    )


def released(place: Place) -> Conductor:
    command = str(releases.python(26).parent / 'trove-conductor')
    # Its own packages only.
    return Conductor(
        place, 'released', [command], os.cpu_count() or 1, {'PYTHONPATH': ''}
    )
