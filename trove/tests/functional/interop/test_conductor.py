# SPDX-License-Identifier: Apache-2.0
"""What released guests report, up to the database of our conductor."""

from __future__ import annotations

from typing import Any

from trove.common import crypto
from trove.conductor import service
from trove.db import models
from trove.db import session
from trove.objects import root
from trove.objects.guest import heartbeats
from trove.objects.instance import states
from trove.objects.rejected import journal
from trove.tests.fixtures import database
from trove.tests.fixtures import released
from trove.tests.functional.interop import base
from trove.tests.functional.interop import samples

_CONTROL_KEY = 'c' * 32


class Checks:
    """What is checked with each release."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.SQLiteDatabase()).configure(self.conf)

    def given_conductor(self, encrypted: bool) -> None:
        self.prepare(encrypted)
        self.config(
            transport_url=base.broker().url,
            enable_secure_rpc_messaging=encrypted,
            taskmanager_rpc_encr_key=_CONTROL_KEY,
            inst_rpc_key_encr_key=_CONTROL_KEY,
        )
        with session.writer() as db:
            db.add(
                models.Instance(
                    id=self.instance,
                    name='theirs',
                    tenant_id=base.USER['project_id'],
                    encrypted_key=self.instance_key
                    and crypto.encrypt_released(
                        self.instance_key, _CONTROL_KEY
                    ),
                )
            )
        conductor = service.Conductor(self.conf)
        self.addCleanup(conductor.stop)
        conductor.start()

    def when_reported(self, method: str, **values: Any) -> None:
        notification = dict(samples.value('serialized_notification'))
        del notification['notification_classname']
        notification['instance_id'] = self.instance
        result = self.peer.do(
            'send',
            interface='conductor',
            method=method,
            values=values,
            context=base.USER,
            notification=notification,
        )
        self.assertIsNone(result['failure'])

    def status(self) -> states.ServiceStatus | None:
        found = heartbeats.heartbeat(self.instance)
        return None if found is None else found.status

    def faults(self) -> list[str]:
        with session.reader() as db:
            return [
                row.message
                for row in db.query(models.InstanceFault).filter_by(
                    instance_id=self.instance
                )
            ]

    def check_reports(self, encrypted: bool) -> None:
        self.given_conductor(encrypted)

        self.when_reported(
            'heartbeat',
            instance_id=self.instance,
            payload={'service_status': 'running'},
            sent=1790000000.25,
        )
        # Only guests of release 8 say who did it.
        user = {'user': 'them'} if self.release < 11 else {}
        self.when_reported('report_root', instance_id=self.instance, **user)
        self.when_reported(
            'notify_exc_info',
            message='no room for bücher',
            exception=['Traceback:', '  OSError'],
        )

        self.wait(
            lambda: self.status() is states.ServiceStatus.RUNNING,
            'the heartbeat is written down',
        )
        self.wait(lambda: root.history(self.instance), 'root is')
        self.wait(self.faults, 'the failure is')
        self.assertEqual(['no room for bücher'], self.faults())
        self.assertEqual([], journal.list_(state=None))

    def test_in_the_clear(self) -> None:
        self.check_reports(encrypted=False)

    def test_encrypted(self) -> None:
        self.check_reports(encrypted=True)

    def test_of_another_instance_is_refused(self) -> None:
        self.given_conductor(encrypted=True)
        with session.writer() as db:
            db.add(models.Instance(id='other', tenant_id='another'))

        self.when_reported(
            'heartbeat',
            instance_id='other',
            payload={'service_status': 'crashed'},
            sent=1.0,
        )

        [row] = self.wait(journal.list_, 'it is written down')
        self.assertEqual(('seal', self.instance), (row.cause, row.sender))
        self.assertIsNone(heartbeats.heartbeat('other').sent)


for _release in released.chosen():
    _name = f'ConductorOfRelease{_release}Test'
    globals()[_name] = type(
        _name,
        (Checks, base.InteropTestCase),
        {'release': _release, '__module__': __name__},
    )
