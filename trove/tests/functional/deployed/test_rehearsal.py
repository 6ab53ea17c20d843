# SPDX-License-Identifier: Apache-2.0
"""What a rehearsal foretells is what the running services do.

A deployment of the release before, with guests of six revisions, is upgraded
step by step in the order that ``trove-rpc rehearse`` gives; after each step
it refuses and leaves out what was foretold, and nothing else.
"""

from __future__ import annotations

import configparser
import json
import os
import sys
from typing import Any

from troveclient import exceptions as trove_exceptions
import yaml

from trove.common import rpc
from trove.objects import database
from trove.peers import connection
from trove.peers import versions
from trove.rehearsal import inventory as inventories
from trove.rehearsal import roles
from trove.rpcadmin import facts
from trove.tests.fixtures import command_server
from trove.tests.fixtures import deployment
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting
from trove.tests.functional.deployed import test_faults

#: What the control plane is of at first, and so what it sends.
RELEASE = '2026.2'
OLD = {name: str(r) for name, r in roles.of_release(RELEASE).items()}

GUESTS = ('1.0', '1.0/stein', '1.1', '1.2', '1.3', '1.5')

_IN_VAIN = facts.IN_VAIN['guestagent']

#: By method: what an operator asks a guest for directly.
ASKED = {'get_diagnostics': 'diagnostics', 'get_hwinfo': 'hwinfo'}


class OldDeployment(deployment.Deployment):
    """A deployment whose services are of a release, until upgraded."""

    def _service(
        self, name: str, host: str = 'one', ready: Any = None
    ) -> processes.Service:
        service = super()._service(name, host, ready)
        self._pin(service, OLD)
        if name != 'trove-api':
            kind = name.removeprefix('trove-')
            self._new = {**getattr(self, '_new', {}), service: service.command}
            service.command = [
                *(sys.executable, '-m', 'trove.tests.fixtures.old_service'),
                *(name, OLD[kind], '--config-file', str(service.config)),
            ]
        return service

    def upgrade(self, service: processes.Service) -> None:
        """Start what is installed in its place; its pins go with it."""
        service.stop()
        self._pin(service, {})
        service.command = self._new.get(service, service.command)
        service.start()

    def _pin(self, service: processes.Service, pins: dict[str, str]) -> None:
        parser = configparser.RawConfigParser()
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read(service.config)
        for name in OLD:
            parser.remove_option('upgrade_levels', name)
        for name, value in pins.items():
            parser.set('upgrade_levels', name, value)
        with service.config.open('w') as target:
            parser.write(target)


class RehearsalTest(test_faults.GuestTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.transport: rpc.Transport | None = None

    def make_deployment(self) -> deployment.Deployment:
        return self.useFixture(OldDeployment())

    def make_guests(self) -> dict[str, Any]:
        """An instance for each revision, by the name of its guests."""
        made = {}
        for revision in GUESTS:
            self.deployment.serve_as(revision)
            made[revision] = self.create(f'guest of {revision}')
            waiting.until(
                self.server_directory(made[revision].id).exists,
                'its server is made',
                timeout=self.TIMEOUT,
            )
            self.deployment.serve_as(revision, made[revision].id)
        self.deployment.serve_as(None)
        return {
            revision: self.wait_active(instance.id)
            for revision, instance in made.items()
        }

    def write_inventory(self, instances: dict[str, Any]) -> str:
        """The file of this deployment, as an operator writes it."""
        conductor = versions.INTERFACES['conductor'].latest.name
        document = {
            'format': inventories.FORMAT,
            'services': [
                {
                    'kind': kind,
                    'name': name,
                    'release': RELEASE,
                    # Those of ours as of it report, and so are not taken
                    # for dead by each other.
                    'announces': True,
                }
                for name, kind in (
                    *(('conductor', 'conductor'), ('tm1', 'taskmanager')),
                    *(('tm2', 'taskmanager'), ('api', 'api')),
                )
            ],
            'guests': [
                {
                    'name': revision,
                    'instances': [instance.id],
                    # Agents of ours that serve an older revision.
                    'revisions': {
                        'guestagent': revision,
                        'conductor': conductor,
                    },
                    'announces': True,
                }
                for revision, instance in instances.items()
            ],
        }
        path = self.deployment.directory / 'inventory.yaml'
        path.write_text(yaml.safe_dump(document))
        return str(path)

    def rehearse(self, path: str) -> dict[str, Any]:
        done = command_server.run(
            'trove-rpc',
            [
                *('--config-file', str(self.deployment.conductor.config)),
                *('rehearse', '--file', path, '--guide-order', '-f', 'json'),
                *('--run', '--plans', '1', '--guests', '1'),
            ],
            dict(os.environ),
            timeout=1200,
        )
        self.assertEqual(1, done.returncode, done.stderr)
        report = json.loads(done.stdout)
        # In miniature it has happened as it will here.
        self.assertTrue(report['passed'], report['run'])
        return dict(report)

    def upgrade(self, name: str, instances: dict[str, Any]) -> None:
        services = {
            'conductor': self.deployment.conductor,
            'tm1': self.deployment.task_managers[0],
            'tm2': self.deployment.task_managers[1],
            'api': self.deployment.api,
        }
        if name in services:
            self.deployment.upgrade(services[name])
            return
        instance = instances[name]
        self.deployment.serve_as(None, instance.id)
        self.agent(instance.id).terminate()

    # What really happens.

    def unsayable(
        self, revisions: dict[str, str], instances: dict[str, Any]
    ) -> set[tuple[str, str]]:
        """What a process cannot say to each guest, by the caps it has.

        It is one of the control plane: over the same broker, and with the
        same database as the services.

        :param revisions: what it is of
        """
        transport = self.transport
        assert transport is not None
        self.config(
            guestagent=revisions['guestagent'], group='upgrade_levels'
        )
        transport.refresh()
        interface = versions.INTERFACES['guestagent']
        own = interface.as_of(interface.revision(revisions['guestagent']))
        found = set()
        for name, instance in instances.items():
            client = versions.CLIENTS['guestagent'](transport, instance.id)
            for name_of, known in own.items():
                method = interface.methods[name_of]
                required = {
                    each.name: 'x'
                    for each in method.arguments.values()
                    if each.default is rpc.REQUIRED
                }
                if not client.can_send(name_of, **required):
                    found.add((name, name_of))
                    continue
                found |= {
                    (name, f'{name_of}({argument})')
                    for argument in known.arguments
                    if argument not in required
                    and not client.can_send(
                        name_of, **required, **{argument: 'x'}
                    )
                }
        return found

    def refused(self, instance: Any) -> set[str]:
        """Of what is asked of a guest directly, what is a conflict."""
        found = set()
        for method, path in ASKED.items():
            try:
                self.admin.client.get(f'/mgmt/instances/{instance.id}/{path}')
            except trove_exceptions.Conflict as error:
                self.assertIn('Upgrade', str(error))
                found.add(method)
        return found

    def left_out(self, instance: Any) -> bool:
        """Restart it; whether the reason was left out on the way."""
        text = (
            'Omitted reason from guestagent restart to the guest agent of '
            f'instance {instance.id},'
        )
        before = self.logged(text)
        pid = self.postmaster(instance.id).pid
        self.member.instances.restart(instance.id)
        self.wait_active(instance.id)
        self.assertNotEqual(pid, self.postmaster(instance.id).pid)
        return self.logged(text) > before

    def logged(self, text: str) -> int:
        return sum(
            each.log.read_text().count(text)
            for each in self.deployment.task_managers
        )

    # What was foretold.

    def foretold(
        self, step: dict[str, Any], sender: str, *outcomes: str
    ) -> set[tuple[str, str]]:
        return {
            (group['concerns'], what)
            for group in step['findings']
            if group['sender'] == sender
            and group['interface'] == 'guestagent'
            and group['outcome'] in outcomes
            for what in group['what']
        }

    def check(
        self,
        step: dict[str, Any],
        of: dict[str, dict[str, str]],
        instances: dict[str, Any],
    ) -> None:
        """Hold a step against what happens after it."""
        place = f'step {step["number"]}, {step["name"]}'
        for sender in 'api', 'taskmanager':
            self.wait_unsayable(
                place,
                of[sender],
                instances,
                self.foretold(step, sender, 'refused', 'left out'),
            )
        if of['api'] == OLD:
            return
        told = self.foretold(step, 'api', 'refused')
        for name, instance in instances.items():
            self.assertEqual(
                {what for who, what in told if who == name and what in ASKED},
                self.refused(instance),
                f'{place}: what guest {name} is asked for',
            )

    def wait_unsayable(
        self,
        place: str,
        revisions: dict[str, str],
        instances: dict[str, Any],
        told: set[tuple[str, str]],
    ) -> None:
        """Wait until the caps are such that only this cannot be said."""
        found: set[tuple[str, str]] = set()

        def as_foretold() -> bool:
            nonlocal found
            found = self.supported(self.unsayable(revisions, instances))
            return found == told

        try:
            waiting.until(
                as_foretold, place, timeout=3 * self.TIMEOUT, interval=0.5
            )
        except waiting.TimedOut:
            self.assertEqual(sorted(told), sorted(found), place)

    def supported(
        self, found: set[tuple[str, str]]
    ) -> set[tuple[str, str]]:
        """Without what no datastore supports, as the command shows it."""
        return {
            (name, what)
            for name, what in found
            if what.partition('(')[0] not in _IN_VAIN
        }

    def check_restarts(
        self, step: dict[str, Any], names: list[str], instances: Any
    ) -> None:
        told = self.foretold(step, 'taskmanager', 'left out')
        for name in names:
            self.assertEqual(
                (name, 'restart(reason)') in told,
                self.left_out(instances[name]),
                f'after {step["name"]}: the reason for guest {name}',
            )

    def test_each_step_does_what_was_foretold(self) -> None:
        # Given: a deployment of the release before, and its rehearsal.
        instances = self.make_guests()
        self.connect_as_service()
        report = self.rehearse(self.write_inventory(instances))
        order = [step['name'] for step in report['steps']]
        self.assertEqual(
            ['conductor', 'tm1', 'tm2', 'api', *GUESTS[:-1]], order
        )
        of = {'api': OLD, 'taskmanager': OLD}
        new = dict.fromkeys(OLD, 'latest')

        for step in report['steps']:
            # When: the step is made.
            self.upgrade(step['name'], instances)
            if step['kind'] in of:
                of[step['kind']] = new

            # Then: what comes of it is what was foretold.
            self.check(step, of, instances)
            if step['name'] == 'api':
                self.check_restarts(step, list(GUESTS), instances)
            elif step['kind'] == 'guest':
                self.check_restarts(step, [step['name']], instances)

        self.assertEqual([], report['steps'][-1]['findings'])

    def connect_as_service(self) -> None:
        """Speak to the guests as one of the services does."""
        self.conf.reset()
        self.conf(
            ['--config-file', str(self.deployment.conductor.config)],
            project='trove',
        )
        database.configure(self.conf)
        self.addCleanup(database.dispose)
        self.transport = connection.transport(self.conf)
        self.addCleanup(self.transport.close)
