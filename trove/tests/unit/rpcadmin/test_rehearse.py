# SPDX-License-Identifier: Apache-2.0
"""trove-rpc rehearse."""

from __future__ import annotations

import html.parser
import json
import os
import pathlib
import socket

import fixtures
import sqlalchemy as sa
import yaml

from trove.objects import service as services
from trove.objects.guest import guest_versions
from trove.rehearsal import inventory as inventories
from trove.tests.unit.rehearsal.deployments import deployment
from trove.tests.unit.rpcadmin import base


class RehearseTestCase(base.TestCase):
    def options(self):
        # That of the whole process: oslo.messaging knows no other.
        self.conf.reset()
        return self.conf

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, **deployed):
        """Write the file of a deployment; return its name."""
        path = self.path('deployment.yaml')
        inventories.save(deployment(**deployed), path)
        return path

    def report(self, *arguments, status=1):
        found = self.run_rpc('rehearse', '-f', 'json', *arguments)
        self.assertEqual(status, found, self.error)
        return json.loads(self.out)


class FileTest(RehearseTestCase):
    def test_a_clean_upgrade_ends_with_0(self):
        report = self.report('--file', self.write(guests=()), status=0)

        self.assertTrue(report['clean'])
        self.assertEqual(
            ['c', 't0', 'a'], [step['name'] for step in report['steps']]
        )
        self.assertEqual('2027.1', report['target']['name'])

    def test_what_is_refused_is_said_with_remedy_and_ends_with_1(self):
        report = self.report(
            '--file', self.write(guests=('2026.2',)), '--guide-order'
        )

        api = report['steps'][2]
        self.assertEqual('a', api['name'])
        (group,) = [
            each
            for each in api['findings']
            if each['outcome'] == 'refused' and each['sender'] == 'api'
        ]
        self.assertEqual('of 2026.2', group['concerns'])
        self.assertEqual(3, group['instances'])
        self.assertIn('get_diagnostics', group['what'])
        self.assertIn('needs version 1.4', group['reasons']['get_diagnostics'])
        self.assertIn('Upgrade the guest agent', group['remedy'])
        # No datastore here supports it, whatever is upgraded.
        self.assertNotIn('install_cluster', group['what'])

    def test_to_a_release_and_other_revisions(self):
        report = self.report(
            '--file',
            self.write(release='pike', guests=('pike',)),
            '--to',
            '2026.2',
            '--to',
            'guestagent=1.2',
        )

        self.assertEqual(
            {
                'name': '2026.2 with guestagent=1.2',
                'revisions': {
                    'taskmanager': '1.0/victoria',
                    'conductor': '1.0/stein',
                    'guestagent': '1.2',
                },
            },
            report['target'],
        )

    def test_guests_that_stay(self):
        report = self.report('--file', self.write(), '--guests-stay')

        self.assertEqual(
            {'conductor', 'taskmanager', 'api'},
            {step['kind'] for step in report['steps']},
        )

    def test_nothing_to_do(self):
        path = self.write(release='latest', guests=('latest',))

        self.assertEqual(0, self.run_rpc('rehearse', '--file', path))

        self.assertIn('Nothing to do', self.out)

    def test_text_names_steps_guests_and_the_way_back(self):
        status = self.run_rpc(
            'rehearse', '--file', self.write(), '--guide-order'
        )

        self.assertEqual(1, status)
        for words in (
            'To 2027.1: taskmanager 1.1, conductor 1.1, guestagent 1.5',
            '3 services and 6 guest agents',
            'Step 3: a',
            'refused: taskmanager, api to of 2026.2 (3 guests): ',
            'left out: taskmanager, api to of 2026.2 (3 guests): ',
            'pin first',
            'Set [upgrade_levels] guestagent = 1.3',
            'In the order of the guide: ',
        ):
            self.assertIn(words, ' '.join(self.out.split()))

    def test_html_needs_nothing_else(self):
        path = self.path('report.html')

        self.run_rpc(
            'rehearse',
            '--file',
            self.write(pins={'guestagent': '1.3'}),
            '-f',
            'html',
            '-o',
            path,
            '--run',
            '--plans',
            '1',
            '--guests',
            '1',
        )

        self.assertEqual('', self.out)
        page = Page(pathlib.Path(path).read_text('utf-8'))
        self.assertEqual([], page.links)
        self.assertEqual([], page.open)
        for words in 'Step', 'All as predicted', 'guestagent = 1.3':
            self.assertIn(words, page.text)

    def test_what_cannot_be_used_ends_with_2(self):
        path = self.write()
        for arguments, words in (
            (('--file', self.path('none')), 'No such file'),
            (('--file', path, '--to', 'rokcy'), '"rokcy" is not a release'),
            (('--file', path, '--to', 'x=1'), '"x" is not an interface'),
            (('--file', path, '--to', 'conductor=9'), 'not a revision'),
            (('--file', path, '--to', 'pike', '--to', 'rocky'), 'one release'),
            (('--file', path, '-o', '/nowhere/x'), 'cannot write'),
        ):
            self.assertEqual(2, self.run_rpc('rehearse', *arguments))
            self.assertIn(words, self.error)


class LiveTest(RehearseTestCase):
    """The deployment is what the database has."""

    def guest(self, version, release=None):
        instance = self.ready()
        self.beat(instance.id, version=version and f'{version} {release}')
        return instance.id

    def saved(self):
        path = self.path('saved.yaml')
        status = self.run_rpc('rehearse', '--save', path)
        self.assertEqual(0, status, self.error)
        with open(path) as file:
            return path, yaml.safe_load(file)

    def test_who_is_there_is_saved(self):
        services.report(
            'trove-conductor', 'c', {'conductor': '1.1'}, '27.0.0'
        )
        services.report(
            'trove-taskmanager',
            f'{services.UNREGISTERED} 1.0/victoria',
            {'taskmanager': '1.0/victoria'},
            None,
        )
        ours = [self.guest('1.5', '27.0.0'), self.guest('1.5', '27.0.0')]
        probed = self.guest(None)
        guest_versions.record_probe(probed, '1.1')
        self.configure('[upgrade_levels]\nguestagent = wallaby\n')

        path, found = self.saved()

        self.assertEqual({'guestagent': '1.1'}, found['pins'])
        self.assertEqual(
            [
                ('conductor', 'conductor on c', True),
                (
                    'taskmanager',
                    'taskmanager on (unregistered) 1.0/victoria',
                    False,
                ),
                ('api', 'api', False),
            ],
            [
                (each['kind'], each['name'], each['announces'])
                for each in found['services']
            ],
        )
        old, new = found['guests']
        self.assertEqual('guests of 1.1, silent', old['name'])
        self.assertEqual([probed], old['instances'])
        self.assertEqual(sorted(ours), new['instances'])
        self.assertTrue(new['announces'])
        self.assertIn('The APIs do not report', str(found['notes']))
        # And it can be read again.
        self.report('--file', path)

    def test_nobody_is_there_yet(self):
        _, found = self.saved()

        self.assertEqual(
            ['conductor', 'taskmanager', 'api'],
            [each['name'] for each in found['services']],
        )
        self.assertIn('No conductor has reported', str(found['notes']))

    def test_what_nobody_knows_is_noted(self):
        self.create()

        _, found = self.saved()

        self.assertIn(
            'versions of 1 guest agents are unknown', str(found['notes'])
        )
        self.assertEqual(
            '1.0', found['guests'][0]['revisions']['guestagent']
        )

    def test_who_speaks_nothing_known_makes_it_unusable(self):
        guest = self.guest('0.9', '1.0.0')

        self.assertEqual(2, self.run_rpc('rehearse'))

        self.assertIn(f'guest {guest} speaks 0.9', self.error)
        self.assertIn('Upgrade this release first', self.error)

    def test_a_wrong_pin_makes_it_unusable(self):
        self.configure('[upgrade_levels]\nguestagent = rokcy\n')

        self.assertEqual(2, self.run_rpc('rehearse'))

        self.assertIn('rokcy', self.error)


class RunTest(RehearseTestCase):
    ARGUMENTS = ('--run', '--plans', '1', '--guests', '1')

    def test_it_is_tried_out_and_can_be_repeated(self):
        report = self.report(
            '--file',
            self.write(guests=('2026.2',)),
            *self.ARGUMENTS,
            '--seed',
            '7',
            status=0,
        )

        self.assertTrue(report['passed'])
        self.assertEqual(7, report['run']['seed'])
        self.assertEqual(
            ['as it is now', '1. c', '2. of 2026.2', '3. t0', '4. a'],
            [each['title'] for each in report['run']['walked']],
        )
        # There is no terminal, so there are lines.
        self.assertIn('[1/6] Step 1: c\n', self.error)
        self.assertNotIn('\x1b', self.error)

    def test_on_a_terminal_there_is_a_bar(self):
        self.useFixture(fixtures.EnvironmentVariable('TTY_COMPATIBLE', '1'))

        self.report('--file', self.write(guests=()), *self.ARGUMENTS, status=0)

        self.assertIn('Step 1: c', self.error)
        self.assertIn('100%', self.error)
        self.assertNotIn('[1/5]', self.error)

    def test_it_leaves_the_broker_and_the_database_alone(self):
        # A broker that counts who comes, and a database that writes down
        # what it is told.
        self.guest_and_service()
        statements = []
        sa.event.listen(sa.Engine, 'before_cursor_execute', _note(statements))
        self.addCleanup(
            sa.event.remove,
            sa.Engine,
            'before_cursor_execute',
            _note(statements),
        )
        broker = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(broker.close)
        broker.setblocking(False)
        port = broker.getsockname()[1]
        self.configure()
        with open(self.file, 'r+') as file:
            text = file.read().replace(
                '[DEFAULT]\n',
                '[DEFAULT]\n'
                f'transport_url = rabbit://u:p@127.0.0.1:{port}/\n',
            )
            file.seek(0)
            file.write(text)
        url = sa.make_url(self.conf.database.connection)
        before = pathlib.Path(str(url.database)).read_bytes()

        report = self.report(*self.ARGUMENTS, status=0)

        self.assertGreater(report['run']['messages'], 100)
        self.assertRaises(BlockingIOError, broker.accept)
        verbs = {text.split()[0] for text in statements}
        self.assertIn('SELECT', verbs)
        self.assertEqual(set(), verbs - {'BEGIN', 'SELECT', 'PRAGMA'})
        self.assertEqual(
            before, pathlib.Path(str(url.database)).read_bytes()
        )

    def guest_and_service(self):
        instance = self.ready()
        self.beat(instance.id, version='1.3 26.0.0')
        services.report(
            'trove-conductor', 'c', {'conductor': '1.1'}, '27.0.0'
        )


_notes = {}


def _note(statements):
    """The same listener for the same list."""

    def note(connection, cursor, statement, *_):
        statements.append(statement)

    return _notes.setdefault(id(statements), note)


class Page(html.parser.HTMLParser):
    """What a browser would load, and tags that are left open."""

    def __init__(self, text):
        super().__init__()
        self.links = []
        self.open = []
        self.text = ''
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.links += [v for k, v in attrs if k in ('src', 'href')]
        if tag not in ('meta', 'br'):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open[-1:] == [tag]:
            self.open.pop()

    def handle_data(self, data):
        self.text += data
