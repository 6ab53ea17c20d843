# SPDX-License-Identifier: Apache-2.0
"""The examples of the guides do what the guides say."""

from __future__ import annotations

import importlib.util
import pathlib
import re
import sys
from typing import Any

import fixtures

from trove.cmd import rpc as rpc_command
from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.tests import base
from trove.tests.fixtures import broker as brokers

_DOC = pathlib.Path(__file__).parents[3] / 'doc/source'
_EXAMPLES = _DOC / 'contributor/examples'
_ADMIN = _DOC / 'admin/examples'


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(
        name, _EXAMPLES / f'{name}.py'
    )
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class CellarTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.cellar = load('cellar')
        self.addCleanup(sys.modules.pop, 'cellar')
        self.context = trove_context.TroveContext()

    def given(self, revision):
        """A client, and a cellar of a revision that it knows of."""
        manager = self.cellar.Manager()
        transport = rpc.Transport(
            self.conf,
            {'guestagent': lambda peer: revision},
            connection=brokers.Broker().connection('test'),
        )
        first = revision.partition(',')[0]
        transport.server(manager, host='x', peer='x', version=first).start()
        return transport, self.cellar.API(transport, 'x')

    def refused(self, function, *args, **kwargs):
        error = self.assertRaises(
            exception.PeerTooOld, function, self.context, *args, **kwargs
        )
        return error.what, error.needs

    def test_a_method_that_was_added(self):
        _, old = self.given('1.0')
        _, new = self.given('1.4')

        self.assertEqual(
            ('list_shelves', '1.1'), self.refused(old.list_shelves)
        )
        self.assertEqual(['A'], new.list_shelves(self.context))

    def test_an_argument_that_may_be_left_out(self):
        _, old = self.given('1.1')
        old.store(self.context, 'port', note='a gift')
        self.assertEqual('A', old.fetch(self.context, 'port'))
        self.assertIn('Omitted note', self.logs.output)

    def test_an_argument_that_may_not(self):
        _, old = self.given('1.1')

        self.assertEqual(
            ('store with temperature', '1.2'),
            self.refused(old.store, 'port', temperature=12),
        )

    def test_an_argument_that_was_retired(self):
        _, old = self.given('1.2')
        _, new = self.given('1.3')
        for cellar in old, new:
            cellar.store(self.context, 'port')
            self.assertEqual('A', cellar.fetch(self.context, 'port'))

        self.assertEqual('A', old.fetch(self.context, 'port', hurry=True))
        self.assertRaises(
            exception.PeerTooNew, new.fetch, self.context, 'port', hurry=True
        )

    def test_a_result_that_changed(self):
        for revision in '1.0', '1.4':
            _, cellar = self.given(revision)
            cellar.store(self.context, 'port')
            self.assertEqual(
                'A', self.cellar.where_is(cellar, self.context, 'port')
            )

    def test_a_new_major(self):
        transport, old = self.given('1.4,2.0')
        new = self.cellar.API2(transport, 'x')
        self.assertTrue(new.can_send_version('2.0'))

        broker = brokers.Broker()
        transport = rpc.Transport(
            self.conf,
            {'guestagent': lambda peer: '1.4,2.0'},
            connection=broker.connection('test'),
        )
        self.cellar.serve(transport, 'x').start()
        self.assertEqual(
            ['A'],
            self.cellar.API(transport, 'x').list_shelves(self.context),
        )
        self.assertEqual(
            1, self.cellar.API2(transport, 'x').fetch(self.context, 'port')
        )

        transport, _ = self.given('1.4')
        self.assertEqual(
            ('fetch', '2.0'),
            self.refused(self.cellar.API2(transport, 'x').fetch, 'port'),
        )


class RehearseTest(base.TestCase):
    """The page for operators shows what the command says."""

    #: How long it took, which is another time each time.
    SECONDS = re.compile(r'It took [\d.]+ s')

    def run_rpc(self, *arguments):
        self.conf.reset()
        stdout = fixtures.StringStream('stdout')
        stderr = fixtures.StringStream('stderr')
        with (
            stdout,
            stderr,
            fixtures.MockPatch('oslo_log.log.setup'),
            fixtures.MonkeyPatch('sys.stdout', stdout.stream),
            fixtures.MonkeyPatch('sys.stderr', stderr.stream),
        ):
            rpc_command.main(list(arguments), self.conf)
            stdout.stream.seek(0)
            return stdout.getDetails()['stdout'].as_text()

    def check(self, name):
        shown = (_ADMIN / f'{name}.txt').read_text('utf-8')
        command, _, output = shown.partition('\n')
        program, *arguments = command.removeprefix('# ').split()
        self.assertEqual('trove-rpc', program)
        arguments = [
            str(_ADMIN / each) if each.endswith('.yaml') else each
            for each in arguments
        ]

        said = self.run_rpc(*arguments)

        self.assertEqual(
            self.SECONDS.sub('', output),
            self.SECONDS.sub('', said),
        )

    def test_the_plan(self):
        self.check('rehearse')

    def test_the_plan_without_guests(self):
        self.check('rehearse-guests-stay')

    def test_the_run(self):
        self.check('rehearse-run')
