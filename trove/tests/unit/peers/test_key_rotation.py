# SPDX-License-Identifier: Apache-2.0
"""The rotation of a guest's key: whatever breaks, both sides go on."""

from __future__ import annotations

from collections.abc import Callable
import pathlib
from typing import Any
from unittest import mock

import fixtures

from trove.common import context as trove_context
from trove.common import crypto
from trove.common import exception
from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.guestagent import api as guest_api
from trove.guestagent import guest_keys
from trove.objects.instance import instances
from trove.objects.keys import instance_keys
from trove.peers import control_keys
from trove.rehearsal import sample_calls
from trove.tests.fixtures import waiting
from trove.tests.unit.objects import base
from trove.tests.unit.peers import keyring


class Now:
    """The keys of a process as it runs now: it may have been restarted."""

    def __init__(self, current: Callable[[], Any]) -> None:
        self._current = current

    def __getattr__(self, name: str) -> Any:
        return getattr(self._current(), name)


class RotationTestCase(keyring.KeysTestCase):
    """A control plane and a guest, and a way between them that can break."""

    def setUp(self) -> None:
        super().setUp()
        self.born = self.given_key()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config(
            guest_id=self.instance_id,
            instance_rpc_encr_key=self.born,
            # The broker in memory outlives a test.
            conductor_queue=f'conductor of {self.instance_id}',
        )
        self.config(state_dir=str(directory), group='guestagent')
        self.got: list[Any] = []
        self.restart_guest()
        self.restart_control_plane()
        self.transport = self.memory_transport(
            discover={'guestagent': lambda peer: '1.5'},
            keys=Now(lambda: self.control_keys),
            rejected=self.got.append,
        )
        to_conductor = self.memory_transport(
            discover={'conductor': lambda peer: '1.1'},
            keys=Now(lambda: self.guest_keys),
            rejected=self.got.append,
        )
        self.to_conductor = conductor_api.API(to_conductor)
        self.serve(to_conductor, guest_api.API, self.instance_id)
        self.conductor = self.serve(self.transport, conductor_api.API, None)

    def restart_guest(self) -> None:
        held = guest_keys.make(self.conf)
        assert held is not None
        self.guest_keys = held

    def restart_control_plane(self) -> None:
        self.control_keys = control_keys.make(self.conf)

    def serve(
        self,
        transport: rpc.Transport,
        client: type[rpc.Client],
        peer: str | None,
    ) -> Any:
        server = transport.server(
            sample_calls.Recorder(client.interface, self.note),
            host='here',
            peer=peer,
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return server

    def note(self, message: tuple[str, dict[str, Any]]) -> None:
        method, arguments = message
        if method == 'rotate_key':
            self.guest_keys.rotate(arguments['key'])
        self.got.append(method)

    def losing(self, what: str) -> fixtures.MonkeyPatch:
        """Lose the request to rotate, or the reply to it."""
        real = guest_api.API.rotate_key

        def rotate_key(
            api: guest_api.API, context: trove_context.TroveContext, key: str
        ) -> None:
            if what == 'reply':
                real(api, context, key)
            raise exception.PeerTimeout(
                peer='guest', method='rotate_key', timeout=1
            )

        return fixtures.MonkeyPatch(
            'trove.peers.control_keys.guest_api.API.rotate_key', rotate_key
        )

    def rotate(self) -> None:
        control_keys.rotate(self.transport, self.instance_id)

    def stored(self) -> Any:
        return instance_keys.get(self.conf, self.instance_id)

    def check_they_understand_each_other(self) -> None:
        """Both ways, with all that is remembered, and with nothing of it."""
        context = trove_context.TroveContext(project_id='p')
        for restart in (
            lambda: None,
            self.restart_control_plane,
            self.restart_guest,
        ):
            restart()
            self.got.clear()
            guest_api.API(self.transport, self.instance_id).rpc_ping(context)
            self.to_conductor.report_root(context, self.instance_id)
            waiting.until(lambda: len(self.got) > 1, 'both have arrived')
            self.assertEqual(['rpc_ping', 'report_root'], self.got)


class RotationTest(RotationTestCase):
    def test_new_key_is_in_force_on_both_sides(self) -> None:
        self.rotate()

        stored = self.stored()
        self.assertNotEqual(self.born, stored.current)
        self.assertEqual(self.born, stored.previous)
        self.assertIsNone(stored.next)
        self.assertEqual(
            stored.current, self.guest_keys.sealing('conductor', None)
        )
        self.check_they_understand_each_other()

    def test_a_guest_that_nobody_speaks_to_lets_the_old_key_go(self) -> None:
        self.rotate()

        # With the new one, so what follows is over once that is.
        self.assertEqual(['rotate_key', 'rpc_ping'], self.got)
        self.assertEqual(
            self.stored().current,
            self.control_keys.sealing('guestagent', self.instance_id),
        )
        then = guest_keys.time.time() + 100 * keyring.OVERLAP
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.guestagent.guest_keys.time.time', lambda: then
            )
        )
        self.assertNotIn(
            self.born, self.guest_keys.opening('guestagent', None)
        )

    def test_no_answer_to_the_new_key_is_no_failure(self) -> None:
        with mock.patch.object(
            guest_api.API, 'rpc_ping', side_effect=OSError('broken')
        ):
            self.rotate()

        self.assertNotEqual(self.born, self.stored().current)
        self.assertIn('did not answer', self.logs.output)

    def test_key_is_not_in_the_log(self) -> None:
        self.rotate()

        self.assertNotIn(self.stored().current, self.logs.output)

    def test_what_was_on_its_way_is_taken(self) -> None:
        self.conductor.stop()
        self.conductor.wait()
        context = trove_context.TroveContext(project_id='p')
        self.to_conductor.report_root(context, self.instance_id)
        self.rotate()
        self.got.clear()

        self.serve(self.transport, conductor_api.API, None)

        waiting.until(lambda: self.got, 'the message has arrived')
        self.assertEqual(['report_root'], self.got)
        self.check_they_understand_each_other()

    def test_request_that_was_lost(self) -> None:
        with self.losing('request'):
            self.assertRaises(exception.PeerTimeout, self.rotate)

        self.check_they_understand_each_other()
        self.rotate()
        self.check_they_understand_each_other()

    def test_reply_that_was_lost(self) -> None:
        with self.losing('reply'):
            self.assertRaises(exception.PeerTimeout, self.rotate)

        self.assertEqual(self.born, self.stored().current)
        self.check_they_understand_each_other()
        begun = self.stored().next
        self.rotate()
        self.assertEqual(begun, self.stored().current)
        self.check_they_understand_each_other()

    def test_even_long_after_a_reply_was_lost(self) -> None:
        with self.losing('reply'):
            self.assertRaises(exception.PeerTimeout, self.rotate)
        then = guest_keys.time.time() + 100 * keyring.OVERLAP
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.guestagent.guest_keys.time.time', lambda: then
            )
        )

        self.check_they_understand_each_other()
        self.rotate()
        self.check_they_understand_each_other()

    def crash_at(self, module: Any, name: str, after: bool) -> None:
        class Crash(Exception):
            pass

        real: Callable[..., Any] = getattr(module, name)

        def crash(*args: Any) -> None:
            if after:
                real(*args)
            raise Crash

        with fixtures.MonkeyPatch(f'{module.__name__}.{name}', crash):
            self.assertRaises(Crash, self.rotate)

    def test_crash_of_the_one_who_rotates_at_any_moment(self) -> None:
        for name in 'begin_rotation', 'finish_rotation':
            for after in (False, True):
                with self.subTest(f'{name} {after}'):
                    self.crash_at(instance_keys, name, after)
                    self.check_they_understand_each_other()
                    if self.stored().next or self.stored().previous is None:
                        self.rotate()
                    self.check_they_understand_each_other()
                    self.assertIsNone(self.stored().next)
                    self.forget_the_overlap()

    def forget_the_overlap(self) -> None:
        self.addCleanup(mock.patch.stopall)
        mock.patch.object(instance_keys, '_is_over', return_value=True).start()

    def test_guest_that_cannot_keep_the_key(self) -> None:
        def write_json(*_: object) -> None:
            raise OSError('no space left')

        with fixtures.MonkeyPatch(
            'trove.guestagent.guest_keys.files.write_json', write_json
        ):
            error = self.assertRaises(exception.SealError, self.rotate)

        self.assertIn('no space left', str(error))
        self.check_they_understand_each_other()
        self.rotate()
        self.check_they_understand_each_other()

    def test_two_who_rotate_at_once_give_it_one_key(self) -> None:
        outcomes = base.at_once(self.rotating, self.rotating)

        self.assertIn('done', outcomes)
        self.check_they_understand_each_other()

    def rotating(self) -> str:
        try:
            self.rotate()
        except exception.Conflict:
            return 'refused'
        return 'done'


class RefusedRotationTest(RotationTestCase):
    def test_too_soon_after_the_last_one(self) -> None:
        self.rotate()

        error = self.assertRaises(exception.Conflict, self.rotate)

        self.assertIn('rpc_key_overlap', str(error))

    def test_instance_without_a_key(self) -> None:
        self.instance_id = self.create().id

        error = self.assertRaises(exception.Conflict, self.rotate)

        self.assertIn('has no key', str(error))

    def test_instance_that_is_not_there(self) -> None:
        instances.mark_deleted(self.instance_id)

        self.assertRaises(exception.InstanceNotFound, self.rotate)

    def test_guest_that_is_too_old(self) -> None:
        transport = self.memory_transport(
            discover={'guestagent': lambda peer: '1.3'},
            keys=control_keys.make(self.conf),
        )

        error = self.assertRaises(
            exception.PeerTooOld,
            control_keys.rotate,
            transport,
            self.instance_id,
        )

        self.assertIn('1.5', str(error))
        self.assertIsNone(self.stored().next)
        self.assertEqual([], self.got)

    def test_key_of_somebody_who_does_not_know_the_old_one(self) -> None:
        forger = control_keys.ControlKeys(self.conf)
        forger.sealing = lambda interface, peer: crypto.generate_key()
        transport = self.memory_transport(
            discover={'guestagent': lambda peer: '1.5'},
            keys=forger,
        )

        self.assertRaises(
            exception.TroveError,
            guest_api.API(transport, self.instance_id).rotate_key,
            trove_context.TroveContext(),
            'E' * 32,
        )

        self.assertEqual(self.born, self.guest_keys.sealing('conductor', None))
        self.check_they_understand_each_other()
