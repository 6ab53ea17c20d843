# SPDX-License-Identifier: Apache-2.0
"""Every message between a released Trove and this one, both ways."""

from __future__ import annotations

from typing import Any

from trove.common import exception
from trove.guestagent import heartbeat
from trove.guestagent import monotonic_time
from trove.peers import versions
from trove.tests.fixtures import released
from trove.tests.functional.interop import base
from trove.tests.functional.interop import exchange
from trove.tests.functional.interop import ours
from trove.tests.functional.interop import samples


class Checks:
    """What is checked with each release."""

    def serve_ours(self, interface: str, endpoint: ours.Endpoint) -> None:
        server = self.transport(interface, sending=False).server(
            endpoint, host='ours', peer=self.peer_id(interface)
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)

    def serve_theirs(self, interface: str) -> dict[str, Any]:
        described = self.peer.do('describe', interface=interface)
        served = described['served']
        if interface == 'conductor':
            self.peer.do('serve_conductor')
            return served
        self.peer.do('answer', answers={m: ours.answer(m) for m in served})
        key = self.instance_key
        if interface == 'taskmanager':
            key = self.peer.task_key
        declared = versions.CLIENTS[interface].interface
        self.peer.do(
            'serve',
            interface=interface,
            topic=declared.topic(self.conf, self.peer_id(interface)),
            host=self.instance,
            key=key,
        )
        return served

    def check_their_clients(self, encrypted: bool) -> None:
        self.prepare(encrypted)
        for interface in versions.CLIENTS:
            exchange.TheirClients(self, interface).run()
        self.check_outcomes('theirs', encrypted)

    def check_our_clients(self, encrypted: bool) -> None:
        self.prepare(encrypted)
        for interface in versions.CLIENTS:
            try:
                exchange.OurClients(self, interface).run()
            finally:
                self.peer.do('stop', interface=interface)
        self.assertEqual([], self.peer.do('received'))
        self.assertEqual([], self.problems, '\n'.join(self.problems))
        self.check_what_the_conductor_wrote()
        expected = {name: self.revision(name) for name in versions.CLIENTS}
        self.assertEqual(expected, self.found)
        self.check_outcomes('ours', encrypted)

    def check_what_the_conductor_wrote(self) -> None:
        """Their conductor has done in its database what it was told."""
        [status] = self.peer.select(
            'service_statuses', instance_id=self.instance
        )
        [backup] = self.peer.select('backups', id=self.instance)
        [root] = self.peer.select('root_enabled_history', id=self.instance)
        [fault] = self.peer.select(
            'instance_faults', instance_id=self.instance
        )
        # That of release 8 asks the guest; the first message names nobody.
        user = base.USER['user_id'] if self.release >= 11 else None
        self.assertEqual(
            ('running', 0.5, 'COMPLETED', user),
            (
                status['status_description'],
                *(backup['size'], backup['state'], root['user']),
            ),
        )
        self.assertEqual(samples.value('message'), fault['message'])

    def test_their_clients_in_the_clear(self) -> None:
        self.check_their_clients(encrypted=False)

    def test_their_clients_encrypted(self) -> None:
        self.check_their_clients(encrypted=True)

    def test_our_clients_in_the_clear(self) -> None:
        self.check_our_clients(encrypted=False)

    def test_our_clients_encrypted(self) -> None:
        self.check_our_clients(encrypted=True)

    def check_a_healthy_guest(self, encrypted: bool) -> None:
        self.prepare(encrypted)
        self.serve_theirs('conductor')
        self.config(guest_id=self.instance, tenant_id='a-project')
        beats = heartbeat.Heartbeat(
            self.conf,
            self.transport('conductor', sending=True),
            '1.5',
            lambda: 'healthy',
            monotonic_time.MonotonicTime(None),
        )

        self.reported: list[tuple[str, str]] = []
        for _ in range(2):
            beats.beat()

        # Conductors before release 13 have no word for it.
        known = self.release >= 13
        words = ['healthy'] * 2 if known else ['healthy'] + ['running'] * 2
        self.wait(lambda: len(self.seen()) >= len(words), 'they are reported')
        self.peer.do('stop', interface='conductor')
        [status] = self.peer.select(
            'service_statuses', instance_id=self.instance
        )
        self.assertEqual(
            (words, words[-1], '' if known else 'ValueError'),
            (
                [word for word, _ in self.reported],
                status['status_description'],
                ''.join(error.partition(':')[0] for _, error in self.reported),
            ),
        )

    def seen(self) -> list[tuple[str, str]]:
        """The words that came to the conductor, and how it failed."""
        for each in self.peer.do('received'):
            payload = each['args']['payload']
            self.reported.append(
                (payload['service_status'], each['error'] or '')
            )
        return self.reported

    def test_a_healthy_guest_in_the_clear(self) -> None:
        self.check_a_healthy_guest(encrypted=False)

    def test_a_healthy_guest_encrypted(self) -> None:
        self.check_a_healthy_guest(encrypted=True)

    def test_what_does_not_open_is_refused_and_written_down(self) -> None:
        self.prepare(encrypted=True)
        wrong = self.peer.do(
            'encrypted', text='wrong', key=self.peer.store_key
        )
        self.peer.update('instances', self.instance, encrypted_key=wrong)
        self.endpoints = {
            name: ours.Endpoint(client.interface)
            for name, client in versions.CLIENTS.items()
        }
        for name, endpoint in self.endpoints.items():
            self.serve_ours(name, endpoint)
        needed = ['instance_id'] + ['user'] * (self.release < 11)
        for key in None, 'wrong':
            self.peer.do(
                'configure',
                options={
                    'instance_rpc_encr_key': key,
                    'taskmanager_rpc_encr_key': key,
                },
            )
            self.refused('conductor', 'report_root', needed)
            self.refused('taskmanager', 'restart', ['instance_id'])
        self.refused('guestagent', 'create_database', ['databases'])
        result = self.refused('guestagent', 'restart', [])
        self.assertStartsWith('GuestError: ', result['failure'])
        self.peer.do(
            'configure',
            options={'taskmanager_rpc_encr_key': self.peer.task_key},
        )

    def test_a_sender_that_may_only_seal_sends_them_nothing(self) -> None:
        # Given: they would drop what they cannot open, and say nothing.
        self.prepare(encrypted=True)
        self.config(rpc_seal_minimum='authenticated')
        for interface, method, values in (
            ('guestagent', 'create_user', {'users': [base.USER]}),
            ('taskmanager', 'restart', {'instance_id': self.instance}),
            ('conductor', 'report_root', {'instance_id': self.instance}),
        ):
            self.serve_theirs(interface)
            client = versions.CLIENTS[interface](
                self.transport(interface, sending=True),
                self.peer_id(interface),
            )

            error = self.assertRaises(
                exception.PeerTooOld,
                getattr(client, method),
                self.context,
                **values,
            )

            self.assertIn('rpc_seal_minimum', error.remedy)
            self.peer.do('stop', interface=interface)
        self.assertEqual([], self.peer.do('received'))

    def assertStartsWith(self, start: str, text: str) -> None:
        self.assertEqual(start, text[: len(start)], text)

    def refused(
        self, interface: str, method: str, names: list[str]
    ) -> dict[str, Any]:
        """Have something sent that must not be carried out."""
        result: dict[str, Any] = self.peer.do(
            'send',
            interface=interface,
            method=method,
            values={name: self.value(name) for name in names},
            context=base.USER,
            instance=self.peer_id(interface),
        )
        self.wait(lambda: self.rejected, f'{method} is refused')
        [rejection] = self.rejected
        self.rejected.clear()
        self.assertEqual(
            (interface, method, 'seal'),
            (rejection.interface, rejection.method, rejection.cause),
        )
        self.assertEqual([], self.endpoints[interface].received())
        return result


for _release in released.chosen():
    _name = f'Release{_release}Test'
    globals()[_name] = type(
        _name,
        (Checks, base.InteropTestCase),
        {'release': _release, '__module__': __name__},
    )
