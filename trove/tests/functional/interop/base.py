# SPDX-License-Identifier: Apache-2.0
"""The broker and the released processes, shared by the tests of a run."""

from __future__ import annotations

import atexit
from collections.abc import Callable
import secrets
from typing import Any

from trove.common import context as trove_context
from trove.common import rpc
from trove.peers import releases
from trove.peers import versions
from trove.tests import base
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting
from trove.tests.functional.interop import ours
from trove.tests.functional.interop import outcomes
from trove.tests.functional.interop import released
from trove.tests.functional.interop import samples

USER = {
    'user_id': 'a-user',
    'project_id': 'a-project',
    'roles': ['member'],
    'request_id': 'req-interop',
}

_broker: rabbitmq.RabbitMQ | None = None
_peers: dict[tuple[int, bool], released.Released] = {}


def broker() -> rabbitmq.RabbitMQ:
    """The broker of this process, started by the first who asks."""
    global _broker
    if _broker is None:
        made = rabbitmq.RabbitMQ()
        made.setUp()
        atexit.register(made.cleanUp)
        _broker = made
    return _broker


def peer(release: int, encrypted: bool) -> released.Released:
    """The process of a release, started by the first who asks."""
    key = release, encrypted
    if key not in _peers:
        made = released.Released(release, broker().url, encrypted)
        made.setUp()
        # Registered later than the broker's end, so it is done before it.
        atexit.register(made.cleanUp)
        _peers[key] = made
    return _peers[key]


class InteropTestCase(base.TestCase):
    """One release on one side and this tree on the other."""

    release: int
    timeout = 240

    def prepare(self, encrypted: bool) -> None:
        """Get both sides ready for an instance that nobody has used."""
        self.peer = peer(self.release, encrypted)
        self.instance_key = secrets.token_urlsafe(24) if encrypted else None
        self.instance = self.peer.instance(self.instance_key)
        self.config(
            taskmanager_queue=f'taskmanager.{self.instance}',
            conductor_queue=f'conductor.{self.instance}',
        )
        self.peer.do(
            'configure',
            options={
                'taskmanager_queue': self.conf.taskmanager_queue,
                'conductor_queue': self.conf.conductor_queue,
                'guest_id': self.instance,
                'instance_rpc_encr_key': self.instance_key,
            },
        )
        self.rejected: list[rpc.Rejection] = []
        self.found: dict[str, str | None] = {}
        self.problems: list[str] = []
        self.context = trove_context.TroveContext(**USER)
        self.outcomes = outcomes.Outcomes()

    def revision(self, interface: str) -> str:
        """What the release is found to be by asking; see the histories."""
        if interface == 'conductor':
            # Its revisions cannot be told apart without running something.
            return '1.0'
        series = releases.SERIES[self.release]
        [found] = [
            revision.name
            for revision in versions.CLIENTS[interface].interface.history
            if series in revision.releases
        ]
        return found

    def transport(self, interface: str, sending: bool) -> rpc.Transport:
        """Our side of an interface: of the guest, or of the control plane."""
        keys = None
        if self.instance_key is not None:
            guest = sending == (interface == 'conductor')
            keys = ours.Keys(
                self.peer.task_key,
                self.instance,
                self.instance_key,
                self.instance if guest else None,
            )

        def keep(_peer: str | None, revision: str | None) -> None:
            self.found[interface] = revision

        transport = rpc.Transport(
            self.conf,
            url=broker().url,
            keep={interface: keep},
            keys=keys,
            rejected=self.rejected.append,
        )
        self.addCleanup(transport.close)
        return transport

    def value(self, name: str) -> Any:
        """A value for an argument; of what the peer's database has."""
        if name in ('instance_id', 'backup_id'):
            return self.instance
        if name == 'serialized_notification':
            return {**samples.value(name), 'instance_id': self.instance}
        return samples.value(name)

    def peer_id(self, interface: str) -> str | None:
        return self.instance if interface == 'guestagent' else None

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        return waiting.until(condition, what, timeout=15, interval=0.005)

    def check_outcomes(self, direction: str, encrypted: bool) -> None:
        """Compare what was found with what the docs say."""
        self.assertEqual([], self.problems, '\n'.join(self.problems))
        name = outcomes.name_of(direction, encrypted)
        found = self.outcomes.section()
        known = outcomes.load(self.release).get(name)
        if found != known:
            outcomes.save(self.release, name, found)
        self.assertEqual(
            known,
            found,
            f'Release {self.release}, {name}: not what the docs say. The new '
            'outcomes have been written down; see "git diff" and commit them '
            'if they are right.',
        )
