# SPDX-License-Identifier: Apache-2.0
"""The demonstration: an instance, its data, and a rolling upgrade.

Like a user, it uses the released python-troveclient over REST, and psycopg
for the database. One step reaches into the system, as no user could: it
replaces the guest agent by an older version.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import secrets
import time
from typing import Any

from keystoneauth1 import session as keystone_session
from keystoneauth1 import token_endpoint
import psycopg
from troveclient.apiclient import exceptions as client_exceptions
from troveclient.v1 import client as trove_client
from troveclient.v1 import diagnostics

from trove.cloud.local import processes
from trove.common import exception
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.objects.guest import guest_versions
from trove.standalone import demo_backups
from trove.standalone import demo_life
from trove.standalone import progress as progresses
from trove.standalone import system as systems

check = progresses.check
wait = progresses.wait

DATABASE = 'shop'
CLERK = 'clerk'
ROWS = [(1, 'apples'), (2, 'pears'), (3, "quinces with 'quotes'")]

#: The version of a guest agent of the previous release.
OLD = '1.3'
NEW = str(guest_api.API.interface.latest)

#: The first version with diagnostics.
NEEDED = '1.4'

_OUTWARD = ('sent', 'left out', 'refused')

#: The control plane reads the versions of guest agents every second, and looks
#: after archived logs as often, which shortens the demonstration.
OPTIONS = """
[DEFAULT]
service_report_interval = 1
[taskmanager]
log_archive_interval = 3
[upgrade_levels]
refresh_interval = 1
"""

Step = tuple[str, Callable[['Demo'], None]]


def connect(endpoint: str) -> Any:
    """Return the released client, with a fixed token instead of Keystone."""
    auth = token_endpoint.Token(endpoint, systems.USER)
    return trove_client.Client(
        session=keystone_session.Session(auth=auth), auth=auth
    )


class Demo:
    """The steps, with their shared state.

    :param system: not started yet
    """

    def __init__(
        self, system: systems.System, progress: progresses.Progress
    ) -> None:
        self.system = system
        self.progress = progress
        self.client: Any = None
        self.instance_id = ''
        self.address = ''
        self.password = secrets.token_urlsafe(12)
        self.events: list[rpc.Event] = []
        self._stack = contextlib.ExitStack()

    def run(self) -> None:
        """Run all steps.

        :raises CheckFailed: a step did not give the expected result
        """
        with self._stack:
            self._stack.enter_context(rpc.observe(self._observe))
            for title, step in STEPS:
                with self.progress.step(title):
                    self._do(step)

    def _do(self, step: Callable[[Demo], None]) -> None:
        try:
            step(self)
        except (progresses.CheckFailed, exception.TroveError):
            raise
        except Exception as error:
            # Any error of the client, of psycopg or of the network means
            # that the demonstration has failed.
            raise progresses.CheckFailed(
                f'{type(error).__name__}: {error}'
            ) from error

    # The steps

    def start(self) -> None:
        self._stack.callback(self.system.stop)
        self.system.start()
        self.client = connect(self.system.endpoint)
        versions = self.client.datastore_versions.list(systems.DATASTORE)
        check(versions, 'no version of PostgreSQL is registered')
        self.note(f'REST API: {self.system.endpoint}')
        self.note(f'Datastore: {systems.DATASTORE} {versions[0].name}')

    def create(self) -> None:
        flavor = min(self.client.flavors.list(), key=lambda f: f.ram)
        instance = self.client.instances.create(
            'first',
            flavor_id=flavor.str_id,
            volume={'size': 1},
            databases=[{'name': 'stock'}],
            users=[
                {
                    'name': 'owner',
                    'password': self.password,
                    'databases': [{'name': 'stock'}],
                }
            ],
            datastore=systems.DATASTORE,
        )
        self.instance_id = instance.id
        self.note(f'Instance {instance.id}, flavor {flavor.name}, 1 GiB')
        self.wait_active()
        self.address = self.show().addresses[0]['address']
        names = self.names(self.client.databases)
        check('stock' in names, f'database stock is not among {names}')
        self.query('stock', 'owner', 'SELECT 1')
        self.note(f'ACTIVE; PostgreSQL listens on {self.address}')

    def accounts(self) -> None:
        self.client.databases.create(self.instance_id, [{'name': DATABASE}])
        wait(
            lambda: DATABASE in self.names(self.client.databases),
            f'database {DATABASE} is listed',
        )
        self.client.users.create(
            self.instance_id,
            [
                {
                    'name': CLERK,
                    'password': self.password,
                    'databases': [{'name': DATABASE}],
                }
            ],
        )
        wait(
            lambda: CLERK in self.names(self.client.users),
            f'user {CLERK} is listed',
        )
        granted = [
            database.name
            for database in self.client.users.list_access(
                self.instance_id, CLERK
            )
        ]
        check(granted == [DATABASE], f'{CLERK} has access to {granted}')

    def write(self) -> None:
        with self.database(DATABASE, CLERK) as connection:
            connection.execute('CREATE TABLE fruit (id int, name text)')
            with connection.cursor() as cursor:
                cursor.executemany('INSERT INTO fruit VALUES (%s, %s)', ROWS)
        self.check_rows()
        server = self.query(DATABASE, CLERK, 'SHOW server_version')
        self.note(
            f'{len(ROWS)} rows written and read back; PostgreSQL '
            f'{server[0][0]}'
        )

    def age(self) -> None:
        self.exchange(OLD)
        self.note(
            f'Its heartbeat announced version {OLD}; the latest is {NEW}'
        )

    def restart(self) -> None:
        sent = len(self.events)
        self.client.instances.restart(self.instance_id)
        self.wait_active()
        events = [e for e in self.events[sent:] if e.method == 'restart']
        self.tell(e for e in events if e.interface == 'guestagent')
        check(
            [(e.outcome, e.version) for e in events]
            [-2:] == [('left out', '1.0'), ('sent', '1.0')],
            f'restart was not sent as of 1.0 without reason: {events}',
        )
        self.check_rows()

    def refuse(self) -> None:
        sent = len(self.events)
        try:
            self.diagnose()
        except client_exceptions.Conflict as error:
            check(error.http_status == 409, f'it was {error.http_status}')
            text = str(error)
        else:
            raise progresses.CheckFailed('it was not refused')
        events = self.events[sent:]
        check(
            [e.outcome for e in events] == ['refused'],
            f'something was sent: {events}',
        )
        expected = f'speaks {OLD}', f'needs version {NEEDED}', 'Nothing was'
        for words in expected:
            check(words in text, f'"{words}" is not in the error: {text}')
        status = self.show().status
        check(status == 'ACTIVE', f'the status of the instance is {status}')
        self.check_rows()
        self.tell(events)
        self.note('HTTP 409; the user reads:')
        self.note(text)
        self.note('Nothing was sent, the instance is ACTIVE as before')

    def upgrade(self) -> None:
        self.exchange(None)
        self.note(f'Its heartbeat announced version {NEW}')

    def diagnose_again(self) -> None:
        sent = len(self.events)
        found = self.diagnose()
        check(found.vmRss > 0, 'the answer has no memory usage of the agent')
        self.tell(self.events[sent:])
        self.note(
            f'Trove {found.version}; the process that it shares has '
            f'{found.threads} threads and {found.vmRss // 1024} MiB'
        )
        self.check_rows()
        self.note('The rows are still there')

    def delete(self) -> None:
        self.client.instances.delete(self.instance_id)
        wait(self.is_gone, 'the instance is gone')
        left = self.processes()
        check(not left, f'these processes are still running: {left}')
        self.note('Instance, processes and files are gone')

    def stop(self) -> None:
        self.system.stop()
        left = self.processes()
        check(not left, f'these processes are still running: {left}')

    # Helpers

    def note(self, text: str) -> None:
        self.progress.note(text)

    def show(self) -> Any:
        return self.client.instances.get(self.instance_id)

    def names(self, collection: Any) -> list[str]:
        return [each.name for each in collection.list(self.instance_id)]

    def wait_active(self) -> None:
        def active() -> bool:
            instance = self.show()
            if instance.status == 'ERROR':
                fault = getattr(instance, 'fault', {})
                raise progresses.CheckFailed(
                    f'the instance is in ERROR: {fault.get("message")}'
                )
            return bool(instance.status in ('ACTIVE', 'HEALTHY'))

        wait(active, 'the instance is ACTIVE')

    def is_gone(self) -> bool:
        try:
            self.show()
        except client_exceptions.NotFound:
            servers = self.system.state_dir / 'cloud' / 'servers'
            return not any(servers.iterdir())
        return False

    def database(
        self, database: str, user: str
    ) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=self.address,
            dbname=database,
            user=user,
            password=self.password,
            connect_timeout=10,
        )

    def query(
        self, database: str, user: str, text: Any
    ) -> list[tuple[Any, ...]]:
        with self.database(database, user) as connection:
            return connection.execute(text).fetchall()

    def execute(self, text: str) -> None:
        with self.database(DATABASE, CLERK) as connection:
            connection.execute(text.encode())

    def ask(self, text: str) -> str:
        """Return the only value of an answer."""
        ((value,),) = self.query(DATABASE, CLERK, text.encode())
        return str(value)

    def check_rows(self) -> None:
        found = self.query(
            DATABASE, CLERK, 'SELECT id, name FROM fruit ORDER BY id'
        )
        check(found == ROWS, f'the rows are {found} instead of {ROWS}')

    def diagnose(self) -> Any:
        manager = diagnostics.DiagnosticsInterrogator(self.client)
        return manager.get(self.instance_id)

    def exchange(self, version: str | None) -> None:
        """Restart the guest agent with this version of the interface."""
        guests = self.system.guests
        guests.serve_as(self.instance_id, version)
        guests.restart(self.instance_id)
        wanted = version or NEW
        wait(
            lambda: guest_versions.guest_version(self.instance_id) == wanted,
            f'the guest agent has announced version {wanted}',
        )
        # The cached cap expires after a second, see OPTIONS.
        forgotten = time.monotonic() + 1.1
        wait(lambda: time.monotonic() > forgotten, 'the old cap has expired')
        self.wait_active()

    def tell(self, events: Any) -> None:
        for event in events:
            if event.outcome == 'left out':
                words = f'omitted {", ".join(event.arguments)}'
            elif event.outcome == 'refused':
                words = f'refused, it needs version {event.version}'
            else:
                words = f'sent as of version {event.version}'
            self.note(f'{event.method}: {words}')

    def processes(self) -> list[str]:
        return [
            f'{processes.name(identity)} ({identity.pid})'
            for identity in processes.belonging_to(self.system.state_dir)
        ]

    def _observe(self, event: rpc.Event) -> None:
        # Events of the guest agents, which share this process, are skipped.
        if event.interface == 'guestagent' and event.outcome in _OUTWARD:
            self.events.append(event)


STEPS: list[Step] = [
    (
        'Start API, task manager and conductor in this process',
        Demo.start,
    ),
    ('Create a database instance with python-troveclient', Demo.create),
    ('Create a database and a user on it', Demo.accounts),
    ('Connect with psycopg as that user, write rows', Demo.write),
    (
        f'Replace the guest agent by an older one, of interface {OLD}',
        Demo.age,
    ),
    ('Restart the instance: older arguments, same meaning', Demo.restart),
    ('Request diagnostics, which it does not know: refused', Demo.refuse),
    ('Upgrade the guest agent', Demo.upgrade),
    ('Request diagnostics again', Demo.diagnose_again),
    ('Back it up, in full and then what changed', demo_backups.back_up),
    (
        'Drop the table, restore the second before into a new instance',
        demo_backups.restore,
    ),
    ('Attach a configuration group, detach it', demo_life.configure),
    ('Make a replica, read the rows there', demo_life.replicate),
    ('Promote it, write there, read at the old primary', demo_life.promote),
    ('Upgrade it to another datastore version', demo_life.upgrade),
    ('Delete the instance', Demo.delete),
    ('Stop everything, check for leftovers', Demo.stop),
]
