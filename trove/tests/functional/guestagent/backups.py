# SPDX-License-Identifier: Apache-2.0
"""An agent in the test that is ordered backups into a directory."""

from __future__ import annotations

from collections.abc import Callable
import io
import pathlib
import tarfile
from typing import Any
from urllib import parse

from trove.common import context as trove_context
from trove.guestagent import api
from trove.guestagent import service
from trove.objectstore import local
from trove.tests.fixtures import conductors
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import base

USER = {
    '_name': 'clerk',
    '_host': '%',
    '_password': 'secret',
    '_databases': [{'_name': 'shop'}],
}


class Guest:
    """An agent with its place."""

    def __init__(self, case: BackupTestCase, place: base.Place) -> None:
        self.place = place
        self._case = case
        self.api = api.API(case.transport, place.guest_id)
        self.agent: service.GuestAgent | None = None

    def start(self) -> None:
        conf = self.place.conf()
        conf.set_override('agent_heartbeat_time', 1)
        self.agent = service.GuestAgent(conf, transport=self._case.transport)
        self._case.addCleanup(self.agent.stop)
        self.agent.start()


class BackupTestCase(base.GuestTestCase):
    """A place of its own for each test, and a store."""

    def setUp(self) -> None:
        super().setUp()
        self.context = trove_context.make_admin_context()
        self.transport = self.memory_transport(
            discover={'guestagent': lambda peer: api.API.interface.latest.name}
        )
        self.conductor = conductors.Conductor()
        server = self.transport.server(self.conductor, host='conductor')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        self.directory = self.place.path / 'store'
        self.access = {'driver': 'local', 'directory': str(self.directory)}
        self.guest = Guest(self, self.place)

    def another(self) -> Guest:
        place = base.Place(self.store)
        self.addCleanup(place.clean_up)
        return Guest(self, place)

    def prepare(self, guest: Guest, **changes: Any) -> None:
        order: dict[str, Any] = {
            'packages': [],
            'databases': [{'_name': 'shop'}],
            'memory_mb': 256,
            'users': [USER],
        }
        guest.start()
        guest.api.prepare(self.context, **(order | changes))

    def status(self, guest: Guest) -> str:
        words = [
            payload['service_status']
            for payload in self.conductor.payloads
            if payload['id'] == guest.place.guest_id
        ]
        return words[-1] if words else ''

    def wait_for_status(self, guest: Guest, word: str) -> None:
        waiting.until(
            lambda: self.status(guest) == word, f'it is {word}', timeout=120
        )

    def prepare_guest(self, **changes: Any) -> None:
        self.prepare(self.guest, **changes)
        self.wait_for_status(self.guest, 'healthy')

    def sql(self, text: str, guest: Guest | None = None) -> list[Any]:
        place = (guest or self.guest).place
        with place.session('clerk', 'secret', 'shop') as session:
            cursor = session.execute(text)
            return cursor.fetchall() if cursor.description else []

    def write(self, number: int) -> None:
        """Write a row."""
        self.sql('CREATE TABLE IF NOT EXISTS orders (number int)')
        self.sql(f'INSERT INTO orders VALUES ({number})')

    def rows(self, guest: Guest) -> list[int]:
        found = self.sql('SELECT number FROM orders ORDER BY 1', guest)
        return [number for (number,) in found]

    def order_backup(
        self, backup_id: str, parent: dict[str, Any] | None = None
    ) -> None:
        self.guest.api.create_backup(
            self.context,
            {
                'id': backup_id,
                'instance_id': self.place.guest_id,
                'backup_type': 'incremental' if parent else 'full',
                'parent': parent
                and {k: parent[k] for k in ('location', 'checksum')},
                'datastore': self.store.name,
                'datastore_version': '18',
                'storage_driver': 'local',
                'swift_container': 'backups',
            },
            store=self.access,
        )

    def outcome(self, backup_id: str) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            for report in list(self.conductor.backups):
                if report['id'] == backup_id and (
                    report.get('state', 'BUILDING') != 'BUILDING'
                ):
                    return report
            return None

        return waiting.until(ended, f'{backup_id} has ended', timeout=120)

    def verify(self, backup: dict[str, Any], **access: Any) -> dict[str, str]:
        """Have a backup verified; return how that ended."""
        reports = self.conductor.backups
        before = len(reports)
        self.guest.api.create_backup(
            self.context,
            {
                'id': backup['id'],
                'location': backup['location'],
                'checksum': backup['checksum'],
            },
            store={**self.access, 'verifies': True, **access},
        )

        def ended() -> dict[str, str] | None:
            told = [each.get('verification') for each in reports[before:]]
            return next((each for each in told if each), None)

        found: dict[str, str] = waiting.until(
            ended, 'it is verified', timeout=120
        )
        scratch = self.place.data_dir.parent / '.trove-scratch'
        self.assertFalse(scratch.exists())
        return found

    def backup(
        self, backup_id: str, parent: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        self.order_backup(backup_id, parent)
        return self.outcome(backup_id)

    def failures(self) -> str:
        return '\n'.join(said for _, said, _ in self.conductor.failures)

    def metadata(self, backup: dict[str, Any]) -> dict[str, str]:
        store = local.LocalStore(self.directory)
        return dict(store.head(backup['location']).metadata)

    def path(self, backup: dict[str, Any]) -> pathlib.Path:
        return pathlib.Path(parse.urlsplit(backup['location']).path)

    def files(self, backup: dict[str, Any]) -> list[str]:
        with tarfile.open(self.path(backup)) as archive:
            return archive.getnames()

    def left(self) -> list[str]:
        """What is in the store, finished or not."""
        return [p.name for p in self.directory.rglob('*') if p.is_file()]

    def restore(
        self, guest: Guest, backup: dict[str, Any], **changes: Any
    ) -> None:
        self.prepare(
            guest,
            backup_info={
                'id': backup['id'],
                'instance_id': self.place.guest_id,
                'location': backup['location'],
                'checksum': backup['checksum'],
                'type': backup['backup_type'],
                'storage_driver': 'local',
            },
            store=self.access,
            **changes,
        )

    def changed(
        self, backup: dict[str, Any], change: Callable[[str, bytes], bytes]
    ) -> dict[str, Any]:
        """Store a backup with other contents of its files.

        :returns: its new location and checksum
        """
        made = io.BytesIO()
        with (
            tarfile.open(self.path(backup)) as old,
            tarfile.open(fileobj=made, mode='w:gz') as new,
        ):
            for member in old:
                stream = old.extractfile(member)
                data = change(member.name, stream.read()) if stream else b''
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
        made.seek(0)
        stored = local.LocalStore(self.directory).save(
            'backups', 'changed', made, self.metadata(backup)
        )
        return {'location': stored.location, 'checksum': stored.checksum}
