# SPDX-License-Identifier: Apache-2.0
"""A driver that has only bytes, and an agent that backs them up."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import pathlib
from typing import Any
from unittest import mock

import fixtures

from trove.common import context as trove_context
from trove.guestagent import backups
from trove.guestagent import monotonic_time
from trove.guestagent import reporter
from trove.guestagent import supervisor
from trove.guestagent.datastores import backup
from trove.guestagent.datastores import base as datastores
from trove.objectstore import base as stores
from trove.objectstore import local
from trove.tests import base
from trove.tests.fixtures import waiting
from trove.tests.unit.guestagent import fakes


class Stream:
    """Pieces of data, and what is known at their end."""

    suffix = '.bin'

    def __init__(self, pieces: list[Any]) -> None:
        self.metadata: dict[str, str] = {}
        self._pieces = pieces

    def read(self, size: int) -> bytes:
        piece = self._pieces.pop(0) if self._pieces else b''
        if callable(piece):
            piece = piece()
        if not piece:
            self.metadata['lsn'] = '7'
        return piece


class Driver(fakes.Driver):
    capabilities = fakes.Driver.capabilities | {
        datastores.Capability.BACKUP,
        datastores.Capability.VERIFICATION,
    }

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[Any] = [b'all ', b'of it']
        self.requests: list[backup.Request] = []
        self.dropped = 0
        self.verified: list[bytes] = []
        self.last: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def backup(self, request: backup.Request) -> Iterator[Stream]:
        self.requests.append(request)
        yield Stream(self.pieces)
        self.last()

    def scratch(self) -> pathlib.Path:
        return pathlib.Path('/tmp')

    def drop_scratch(self) -> None:
        self.dropped += 1

    def verify_backup(
        self, chain: Sequence[backup.Link], directory: pathlib.Path
    ) -> None:
        for link in chain:
            self.verified.append(b''.join(link.read()))
        self.last()


class BackupsTestCase(base.TestCase):
    """An agent without an endpoint, and a directory for its backups."""

    make_driver: type[Driver] = Driver

    def setUp(self) -> None:
        super().setUp()
        self.driver = self.make_driver()
        self.addCleanup(self.driver.end)
        self.conductor = mock.Mock()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.directory = self.top / 'store'
        self.access = {'driver': 'local', 'directory': str(self.directory)}
        self.supervisor = supervisor.Supervisor(
            self.driver, self.top, lambda: None, 'this boot'
        )
        self.addCleanup(self.supervisor.stop)
        self.supervisor.start()
        self.config(guest_id='the instance', tenant_id='the project')
        self.context = trove_context.TroveContext(user_id='they')
        self.backups = self.agent()

    def agent(self) -> backups.Backups:
        sent = monotonic_time.MonotonicTime(None)
        made = backups.Backups(
            self.supervisor,
            reporter.Reporter(self.conf, self.conductor, sent),
            self.top,
        )
        self.addCleanup(made.stop)
        return made

    def prepared(self) -> None:
        self.supervisor.prepare(datastores.Preparation(memory_mb=512))

    def create(self, backup_id: str = 'b1', **info: Any) -> None:
        self.backups.create(
            self.context, {'id': backup_id, **info}, self.access
        )

    def reports(self) -> list[dict[str, Any]]:
        calls = self.conductor.update_backup.call_args_list
        return [dict(call.kwargs) for call in calls]

    def outcome(self, backup_id: str = 'b1') -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            for report in self.reports():
                if report['backup_id'] == backup_id and (
                    report['state'] != 'BUILDING'
                ):
                    return report
            return None

        return waiting.until(ended, f'{backup_id} has ended')

    def failure(self) -> str:
        return self.conductor.notify_exc_info.call_args.kwargs['message']

    def left(self) -> list[str]:
        """What is in the store, finished or not."""
        return [p.name for p in self.directory.rglob('*') if p.is_file()]

    def store(self) -> stores.Store:
        return local.LocalStore(self.directory)
