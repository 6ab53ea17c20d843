# SPDX-License-Identifier: Apache-2.0
"""How each error of the table is provoked.

Each method is a context manager, in which the cloud is wrong; what it yields
are arguments of the request.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import threading
import uuid

from openstack import exceptions as sdk_exceptions

from trove.common import exception
from trove.tests.fixtures import waiting
from trove.tests.functional.cloud import provoking_cinder
from trove.tests.functional.cloud import provoking_neutron
from trove.tests.functional.cloud import provoking_nova
from trove.tests.functional.cloud import rig


class Provoking(
    provoking_nova.Nova, provoking_cinder.Cinder, provoking_neutron.Neutron
):
    """Given an instance that works, or a request for a new one."""

    rules = None

    @contextlib.contextmanager
    def provoke_rule(self, at, match='', **rule):
        # So many times count as ever; they tell whether it was met.
        self.rules = [{'times': 1000, 'at': at, 'match': match, **rule}]
        self.faults.write_text(json.dumps(self.rules))
        try:
            yield
        finally:
            self.rules = None

    def assert_met(self):
        """The fault, if it is one of the rig, met something."""
        if self.rules:
            left = json.loads(self.faults.read_text())
            self.assertNotEqual(self.rules, left, 'Nothing met the fault.')

    @contextlib.contextmanager
    def provoke_quota(self, service, limits, of_user=False):
        project = (
            self.project
            if of_user
            else self.operator.identity.find_project('service').id
        )
        proxy = getattr(self.operator, service)
        if service == 'network':
            # Neutron refuses less than what is used.
            known = proxy.get_quota(project, details=True)
            limits = {
                name: getattr(known, name)['used'] + more
                for name, more in limits.items()
            }
        suffix = '' if service == 'network' else '_set'
        getattr(proxy, f'update_quota{suffix}')(project, **limits)
        try:
            yield
        finally:
            reset = (
                proxy.delete_quota
                if service == 'network'
                else proxy.revert_quota_set
            )
            with contextlib.suppress(sdk_exceptions.NotFoundException):
                reset(project)

    @contextlib.contextmanager
    def provoke_token(self):
        """The token of the task manager is valid no more."""
        session = self.cloud._api.compute.session
        # One that was revoked stays in the caches of the services.
        session.auth.get_access(session)._auth_token = uuid.uuid4().hex
        yield

    @contextlib.contextmanager
    def provoke_away(self, service, seconds):
        """A service takes no request for a while."""
        self.faults.write_text(
            json.dumps(
                [{'at': f'api.{service}', 'do': 'status', 'status': 503}]
            )
        )
        timer = threading.Timer(seconds, self.faults.write_text, ('[]',))
        timer.start()
        yield
        timer.join()

    @contextlib.contextmanager
    def provoke_down(self, service):
        """The process of an API is gone, and started again later."""
        with self._ended(
            {'nova': 'nova-api', 'cinder': 'cinder-api'}.get(service, service)
        ):
            yield

    @contextlib.contextmanager
    def provoke_worker_down(self, name):
        """The process behind an API is gone, and started again later."""
        with (
            self._ended(name),
            self.options(
                usage_timeout=5, volume_time_out=5, server_delete_time_out=5
            ),
        ):
            yield

    @contextlib.contextmanager
    def _ended(self, name):
        path = pathlib.Path(rig.HOME, 'run', f'{name}.pid')
        pid = int(path.read_text())
        # Some are a master with workers, which would go on for a while.
        os.killpg(pid, signal.SIGKILL)
        # Until it is gone, its id would pass for that of one that runs.
        path.unlink()
        try:
            yield
        finally:
            up = pathlib.Path(__file__).parents[4] / 'tools/openstack/up.sh'
            subprocess.run(
                [up, name.partition('-')[0]], check=True, capture_output=True
            )
            waiting.until(self._works, f'{name} works', timeout=120)

    def _works(self):
        try:
            self.left()
        except exception.CloudError:
            return False
        return True
