# SPDX-License-Identifier: Apache-2.0
"""The shared deployment, and what tests do with it again and again."""

from __future__ import annotations

import atexit
from collections.abc import Callable
import contextlib
import json
import os
import pathlib
import subprocess
from typing import Any

from keystoneauth1 import exceptions as auth_exceptions
import psycopg
import requests
from troveclient import exceptions as trove_exceptions

from trove.guestagent.datastores import programs
from trove.guestagent.datastores.postgresql import binaries
from trove.tests import base
from trove.tests.fixtures import command_server
from trove.tests.fixtures import deployment
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import stores

_shared: deployment.Deployment | None = None
_instances: dict[str, Any] = {}


def shared_deployment() -> deployment.Deployment:
    """The deployment of this process, made by the first who asks."""
    global _shared
    if _shared is None:
        made = deployment.Deployment()
        made.setUp()
        atexit.register(end_shared_deployment)
        _shared = made
    return _shared


def end_shared_deployment() -> None:
    """End it if there is one."""
    global _shared
    if _shared is not None:
        made, _shared = _shared, None
        _instances.clear()
        made.cleanUp()


class DeployedTestCase(base.TestCase):
    """A test of real services, over REST and at the databases."""

    #: Seconds for anything that a user waits for; a limit for broken code.
    TIMEOUT = 60.0
    timeout = 1800
    FLAVOR = '1'
    OTHER_FLAVOR = '2'

    def setUp(self) -> None:
        super().setUp()
        self.deployment = self.make_deployment()
        self.deployment.mend()
        self._attached = False
        self._log_starts: dict[pathlib.Path, int] = {}
        self.addOnException(self._attach_logs)
        for path in self._logs():
            with contextlib.suppress(FileNotFoundError):
                self._log_starts[path] = path.stat().st_size
        users = self.deployment.keystone
        self.member = self.deployment.client(users.member)
        self.other = self.deployment.client(users.other)
        self.admin = self.deployment.client(users.admin)

    def make_deployment(self) -> deployment.Deployment:
        """The one that it works with."""
        return shared_deployment()

    def _logs(self) -> list[pathlib.Path]:
        # Directories of databases come and go meanwhile; unlike rglob, this
        # pays no attention to that.
        return sorted(
            pathlib.Path(parent, name)
            for parent, _, names in os.walk(self.deployment.directory)
            for name in names
            if name.endswith('.log')
        )

    def _attach_logs(self, exc_info: object) -> None:
        if self._attached:
            return
        self._attached = True
        for path in self._logs():
            start = self._log_starts.get(path, 0)
            text = processes.tail(path, start)
            if text.strip():
                name = str(path.relative_to(self.deployment.directory))
                detail = processes.text_detail(text)
                self.addDetail(name, detail)

    # What a user does.

    def create(self, name: str = 'test', **values: Any) -> Any:
        """Ask for an instance; it is deleted at the end of the test."""
        instance = self.member.instances.create(
            name,
            flavor_id=values.pop('flavor_id', self.FLAVOR),
            volume=values.pop('volume', {'size': 1}),
            datastore=values.pop('datastore', self.deployment.DATASTORE),
            **values,
        )
        self.addCleanup(self.delete, instance.id)
        return instance

    def create_active(self, name: str = 'test', **values: Any) -> Any:
        return self.wait_active(self.create(name, **values).id)

    def instance(self, key: str = 'common') -> Any:
        """An instance that tests share: leave it ACTIVE, clean up."""
        if key not in _instances:
            instance = self.member.instances.create(
                key,
                flavor_id=self.FLAVOR,
                volume={'size': 1},
                datastore=self.deployment.DATASTORE,
            )
            _instances[key] = instance.id
        try:
            return self.wait_active(_instances[key])
        except AssertionError:
            # Broken by another test: the next one gets a new one.
            del _instances[key]
            raise

    def delete(self, instance_id: str) -> None:
        """Delete an instance in whatever state, and see it gone."""

        def gone() -> bool:
            try:
                if self.member.instances.get(instance_id).status != 'SHUTDOWN':
                    self.member.instances.delete(instance_id)
            except trove_exceptions.NotFound:
                return True
            except trove_exceptions.Forbidden:
                for each in self.replicas_of(instance_id):
                    self.delete(each)
            except trove_exceptions.ClientException:
                # Busy: it cannot be deleted yet.
                return False
            return False

        self.deployment.mend()
        waiting.until(
            gone,
            f'instance {instance_id} is deleted',
            timeout=self.TIMEOUT,
            interval=0.3,
            ignore=(trove_exceptions.NotFound,),
        )

    def replicas_of(self, instance_id: str) -> list[str]:
        shown = self.member.instances.get(instance_id)
        return [each['id'] for each in getattr(shown, 'replicas', ())]

    def is_gone(self, instance_id: str) -> bool:
        try:
            self.member.instances.get(instance_id)
        except trove_exceptions.NotFound:
            return True
        return False

    def wait(
        self,
        instance_id: str,
        condition: Callable[[Any], object],
        what: str,
        timeout: float | None = None,
    ) -> Any:
        """Show the instance until ``condition`` holds for it."""
        last: list[Any] = []

        def holds() -> bool:
            last[:] = [self.member.instances.get(instance_id)]
            return bool(condition(last[0]))

        try:
            waiting.until(
                holds,
                f'instance {instance_id} {what}',
                timeout=timeout or self.TIMEOUT,
                interval=0.1,
                ignore=(
                    trove_exceptions.ClientException,
                    requests.RequestException,
                ),
            )
        except waiting.TimedOut as error:
            seen = last[0].to_dict() if last else 'nothing'
            raise waiting.TimedOut(f'{error} It is {seen}') from None
        return last[0]

    def wait_active(self, instance_id: str) -> Any:
        instance = self.wait(
            instance_id,
            lambda i: i.status == 'ERROR'
            or (i.status, i.operating_status) == _GOOD,
            'is ACTIVE and HEALTHY',
        )
        self.assertEqual(
            _GOOD,
            (instance.status, instance.operating_status),
            getattr(instance, 'fault', None),
        )
        return instance

    def wait_error(self, instance_id: str) -> Any:
        return self.wait(
            instance_id, lambda i: i.status == 'ERROR', 'is in ERROR'
        )

    def connect(
        self,
        instance: Any,
        user: str,
        password: str,
        database: str = 'postgres',
    ) -> psycopg.Connection[Any]:
        """Connect to the instance's database as its user does.

        It is closed at the end of the test.
        """
        connection = psycopg.connect(
            host=address_of(instance),
            port=5432,
            user=user,
            password=password,
            dbname=database,
            connect_timeout=60,
            autocommit=True,
        )
        self.addCleanup(connection.close)
        return connection

    def connects(self, *arguments: Any) -> bool:
        """Say whether :meth:`connect` works now."""
        try:
            self.connect(*arguments).close()
        except psycopg.Error:
            return False
        return True

    def eventually(
        self,
        condition: Callable[[], object],
        what: str,
        timeout: float | None = None,
    ) -> Any:
        return waiting.until(
            condition,
            what,
            timeout=timeout or self.TIMEOUT,
            interval=0.1,
            ignore=(
                trove_exceptions.ClientException,
                requests.RequestException,
                # What python-troveclient makes of the former.
                auth_exceptions.ConnectFailure,
            ),
        )

    def run_openstack(
        self, *arguments: str, admin: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run the ``openstack`` command as a user does, by password."""
        keystone = self.deployment.keystone
        user = keystone.admin if admin else keystone.member
        return command_server.run(
            'openstack',
            list(arguments),
            {**os.environ, **keystone.environment(user)},
        )

    def openstack(self, *arguments: str) -> Any:
        """Return what a command says; the test fails if it does."""
        done = self.run_openstack(*arguments, '-f', 'json')
        if done.returncode:
            self.fail(f'{arguments}: {done.stdout}{done.stderr}')
        return json.loads(done.stdout)

    def offer_datastore(self, name: str, number: str) -> None:
        """Register a datastore and one version, unless they are there."""
        manage = self.deployment.manage
        manage('datastore_update', name, '')
        version = (name, number, name, 'local', '', '1')
        manage('datastore_version_update', *version)
        manage('datastore_update', name, number)

    def load_rules(self) -> None:
        """Load the rules for parameters that the server itself lists."""
        found = programs.Programs(
            binaries.KIND, stores.wheel_bin_dir(), (18, 0)
        )
        path = self.deployment.directory / 'catalogue'
        path.write_text(binaries.catalogue(found))
        self.deployment.manage(
            'db_load_datastore_config_catalogue',
            self.deployment.DATASTORE,
            self.deployment.VERSION,
            str(path),
        )

    # What the machine shows.

    def server_directory(self, instance_id: str) -> pathlib.Path:
        return self.deployment.state_dir / 'servers' / instance_id

    def volume_directory(self, instance_id: str) -> pathlib.Path:
        return self.deployment.state_dir / 'volumes' / instance_id

    def postmaster_pid(self, instance_id: str) -> int:
        """The process of the database.

        :raises OSError, ValueError: it is not there (yet)
        """
        volume = self.volume_directory(instance_id)
        (path,) = volume.rglob('postmaster.pid')
        return int(path.read_text().partition('\n')[0])

    def processes_of(self, instance_id: str) -> list[Any]:
        """The guest agent and the database of an instance."""
        return processes.mentioning(instance_id)


_GOOD = ('ACTIVE', 'HEALTHY')


def address_of(instance: Any) -> str:
    """The address that a user connects to."""
    addresses = {a['type']: a['address'] for a in instance.addresses}
    return str(addresses.get('public') or addresses['private'])
