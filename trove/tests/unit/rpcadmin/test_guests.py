# SPDX-License-Identifier: Apache-2.0
"""trove-rpc guests: list, upgrade and rollback."""

from __future__ import annotations

import inspect
import pathlib
from unittest import mock

from trove import version
from trove.guestagent import api
from trove.guestagent.api import history
from trove.objects import service as services
from trove.objects.guest import guest_versions
from trove.peers import versions
from trove.tests.fixtures import wheels
from trove.tests.unit.rpcadmin import base

_INTERFACE = api.API.interface


class Agent:
    """A guest agent behind the broker, which takes no time."""

    def __init__(self):
        self.runs, self.before = '', None
        self.wrong = self.failed = None
        self.orders = []

    def get_agent(self, context):
        return {
            'state': 'running',
            'package': self.runs,
            'previous': self.before,
            'release': '27.1.0',
            'doing': None,
            'failed': self.failed,
            'reason': self.wrong,
        }

    def upgrade_agent(self, context, package):
        self.orders.append(package)
        if self.wrong:
            self.failed = package['sha256']
        elif package is None:
            self.runs, self.before = self.before or '', None
        else:
            self.runs, self.before = package['sha256'], self.runs
        return self.get_agent(context)


def _served(method):
    """What the contract asks of a method, doing nothing."""
    served = mock.Mock()
    context = inspect.Parameter(
        'context', inspect.Parameter.POSITIONAL_OR_KEYWORD
    )
    served.__signature__ = method.signature.replace(
        parameters=[context, *method.signature.parameters.values()]
    )
    return served


class GuestsTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.path = pathlib.Path(self.directory) / 'trove-27.1-any.whl'
        self.digest = self.write()
        self.transport = self.memory_transport()
        for kind in ('conductor', 'taskmanager'):
            latest = str(versions.INTERFACES[kind].latest)
            services.report(
                f'trove-{kind}', 'one', {kind: latest}, version.release()
            )

    def make_transport(self, conf):
        return self.memory_transport(
            discover={'guestagent': guest_versions.guest_version}
        )

    def write(self, revision=None):
        """Write the package; of an agent that serves a revision."""
        source = pathlib.Path(history.__file__).read_text()
        if revision is not None:
            source = f"REVISIONS = (rpc.Revision('{revision}', 'Text.'),)"
        return wheels.write(
            self.path,
            '27.1',
            whole=False,
            files={'trove/guestagent/api/history.py': source},
        )

    def guest(self, version='1.5 27.0.0', wrong=None):
        instance = self.ready().id
        self.beat(instance, version=version)
        agent = Agent()
        agent.wrong = wrong
        manager = mock.Mock(spec_set=['interface', *_INTERFACE.methods])
        manager.interface = _INTERFACE
        for name, method in _INTERFACE.methods.items():
            served = getattr(agent, name, None) or _served(method)
            setattr(manager, name, served)
        server = self.transport.server(manager, host=instance, peer=instance)
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return instance, agent

    def upgrade(self, *arguments):
        given = [
            *('guests', 'upgrade', '--pause', '0'),
            *('--package', str(self.path), '--url', self.path.as_uri()),
        ]
        return self.run_rpc(*given, *arguments)

    def test_all_that_can_be(self):
        # Given guests of this release, of a former one, and one that is away
        (a, first), (b, second) = self.guest(), self.guest()
        old, _ = self.guest('1.3')
        silent = self.ready().id

        status = self.upgrade('--all', '--limit', '40')

        self.assertEqual(0, status, self.error)
        expected = {
            'url': self.path.as_uri(),
            'sha256': self.digest,
            'seconds': 40,
        }
        self.assertEqual([expected], first.orders)
        self.assertEqual([expected], second.orders)
        self.assertIn(f'{old}: skipped, its agent is of version 1.3', self.out)
        self.assertIn(f'{silent}: skipped', self.out)
        self.assertIn('2 guests done', self.out)
        # And what they run can be seen, and again does nothing.
        self.assertEqual(0, self.upgrade(a, b), self.error)
        self.assertEqual(1, len(first.orders))
        (listed,) = self.json('guests', 'list', a)
        self.assertEqual(
            (a, 'running', self.digest, 'image'),
            tuple(
                listed[name]
                for name in ('Instance', 'State', 'Package', 'Previous')
            ),
        )

    def test_a_failure_stops_it_and_takes_the_others_back(self):
        (a, first), (b, _), (c, third) = (
            self.guest(),
            self.guest(wrong='it was taken back'),
            self.guest(),
        )

        status = self.upgrade(a, b, c, '--wave', '1', '--roll-back')

        self.assertEqual(1, status)
        self.assertIn(f'{b}: it was taken back', self.out)
        self.assertIn('Taking 1 guests back', self.out)
        self.assertEqual('', first.runs)
        self.assertEqual([], third.orders)
        self.assertIn('1 failed, see above; 1 done, 1 left', self.error)

    def test_only_those_of_this_command_are_taken_back(self):
        (a, first), (b, second), (c, _) = (
            self.guest(),
            self.guest(),
            self.guest(wrong='it was taken back'),
        )
        self.assertEqual(0, self.upgrade(a), self.error)

        self.assertEqual(
            1, self.upgrade(a, b, c, '--wave', '1', '--roll-back')
        )

        self.assertIn('Taking 1 guests back', self.out)
        self.assertEqual(self.digest, first.runs)
        self.assertEqual('', second.runs)

    def test_some_may_fail_and_some_are_left_out(self):
        (a, _), (b, _), (c, third), (d, fourth) = (
            self.guest(),
            self.guest(wrong='it was taken back'),
            self.guest(),
            self.guest(),
        )

        some = ['--wave', '1', '--max-failures', '1', '--exclude', d]
        status = self.upgrade(a, b, c, d, '--roll-back', *some)

        self.assertEqual(1, status)
        self.assertEqual(self.digest, third.runs)
        self.assertEqual([], fourth.orders)
        self.assertNotIn('Taking', self.out)

    def test_an_unknown_one_cannot_be_left_out(self):
        a, agent = self.guest()

        for given in (a,), ('--all',):
            self.assertEqual(2, self.upgrade(*given, '--exclude', 'i-9'))
            self.assertIn('--exclude has the value i-9', self.error)
        self.assertEqual([], agent.orders)

    def test_back_from_a_package(self):
        (a, first), (_, second) = self.guest(), self.guest()
        self.assertEqual(0, self.upgrade(a), self.error)

        back = ('guests', 'rollback', '--sha256', self.digest, '--pause', '0')
        self.assertEqual(0, self.run_rpc(*back, '--all'), self.error)

        self.assertEqual('', first.runs)
        self.assertEqual([], second.orders)

    def test_an_agent_that_serves_less_is_rehearsed(self):
        a, agent = self.guest()
        self.write('1.3')

        self.assertEqual(1, self.upgrade(a))

        self.assertIn('rotate_key would be refused: ', self.out)
        self.assertIn('Nothing was ordered', self.error)
        self.assertEqual([], agent.orders)

        self.assertEqual(0, self.upgrade(a, '--force'), self.error)
        self.assertEqual(1, len(agent.orders))

    def test_an_agent_of_the_future_waits_for_the_control_plane(self):
        a, agent = self.guest()
        self.write('9.9')

        self.assertEqual(2, self.upgrade(a))

        self.assertIn('serves version 9.9', self.error)
        self.assertEqual([], agent.orders)

    def test_wrong_packages_and_urls(self):
        a, agent = self.guest()
        self.assertEqual(2, self.upgrade(a, '--sha256', '0' * 64))
        self.assertIn(self.digest, self.error)

        self.assertEqual(1, self.upgrade(a, '--url', 'ftp://host/x'))
        self.assertIn('"url"', self.error)

        self.path.write_bytes(b'PK nonsense')
        self.assertEqual(2, self.upgrade(a))
        self.assertIn('is no wheel of Trove', self.error)
        self.path.unlink()
        self.assertEqual(2, self.upgrade(a))
        self.assertIn('cannot read', self.error)
        self.assertEqual([], agent.orders)

    def test_a_guest_that_cannot_is_named(self):
        a, _ = self.guest('1.3')

        self.assertEqual(1, self.upgrade(a))
        self.assertIn('needs version 1.5', self.out)

        (listed,) = self.json('guests', 'list', a)
        self.assertIn('needs version 1.5', listed['Reason'])
