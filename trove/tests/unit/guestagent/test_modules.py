# SPDX-License-Identifier: Apache-2.0
"""Modules of an instance: applied, listed, removed, kept."""

from __future__ import annotations

import base64
import pathlib
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent import modules
from trove.tests import base


def module(
    id_: str = 'm1', text: str = 'message=hello', **changes: Any
) -> Any:
    return {
        'module': {
            'id': id_,
            'name': f'name of {id_}',
            'type': 'ping',
            'md5': 'd' * 32,
            'contents': base64.b64encode(text.encode()).decode(),
            'auto_apply': False,
            'visible': True,
            'tenant': 'p',
            'is_admin': False,
            **changes,
        }
    }


class ModulesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = (
            pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 'modules'
        )
        self.modules = modules.Modules(self.directory)

    def names(self, **options: Any) -> set[str]:
        return {each['id'] for each in self.modules.list_(**options)}

    def test_ping_answers_with_its_message(self) -> None:
        (result,) = self.modules.apply([module()])

        self.assertEqual(
            {
                'id': 'm1',
                'name': 'name of m1',
                'type': 'ping',
                'md5': 'd' * 32,
                'tenant': 'p',
                'datastore': 'all',
                'datastore_version': 'all',
                'auto_apply': False,
                'visible': True,
                'is_admin': False,
                'removed': None,
                'status': 'OK',
                'message': 'hello',
                'contents': None,
                'created': result['created'],
                'updated': result['created'],
            },
            result,
        )
        self.assertEqual([result], modules.Modules(self.directory).list_())

    def test_what_fails_holds_no_other_up(self) -> None:
        results = self.modules.apply(
            [
                module('m1', 'nothing'),
                module('m2', type='new_relic_license'),
                module('m3'),
            ]
        )

        self.assertEqual(
            ['ERROR', 'ERROR', 'OK'], [each['status'] for each in results]
        )
        self.assertIn('message=', results[0]['message'])
        self.assertIn('it has: ping', results[1]['message'])

    def test_the_order(self) -> None:
        results = self.modules.apply(
            [
                module('m4'),
                module('m5', apply_order=6),
                module('m3', apply_order=1),
                module('m2', apply_order=9, priority_apply=True),
                module('m1', apply_order=0, priority_apply=True),
            ]
        )

        self.assertEqual(
            ['m1', 'm2', 'm3', 'm4', 'm5'], [each['id'] for each in results]
        )

    def test_applied_again(self) -> None:
        (first,) = self.modules.apply([module()])

        (again,) = self.modules.apply([module(text='message=bye')])

        self.assertEqual('bye', again['message'])
        self.assertEqual(first['created'], again['created'])
        self.assertEqual({'m1'}, self.names())

    def test_removed(self) -> None:
        self.modules.apply([module()])

        self.modules.remove(module(contents=None))

        self.assertEqual(set(), self.names(admin=True))
        for id_ in ('m1', 'm2'):
            error = self.assertRaises(
                exception.NotFound, self.modules.remove, module(id_)
            )
            self.assertIn(id_, str(error))
        self.modules.apply([module()])
        self.assertEqual({'m1'}, self.names())

    def test_who_sees_what(self) -> None:
        self.modules.apply(
            [
                module('m1'),
                module('m2', is_admin=True),
                module('m3', visible=False),
            ]
        )
        contents = {
            (admin, each['id']): base64.b64decode(each['contents'])
            for admin in (True, False)
            for each in self.modules.list_(admin=admin, contents=True)
        }

        self.assertEqual({'m1', 'm2'}, self.names())
        self.assertEqual({'m1', 'm2', 'm3'}, self.names(admin=True))
        self.assertEqual(b'message=hello', contents[False, 'm1'])
        self.assertIn(b'administrators', contents[False, 'm2'])
        self.assertEqual(b'message=hello', contents[True, 'm2'])

    def test_releases_that_do_not_say_who_made_it(self) -> None:
        for options, admin in (
            ({}, False),
            ({'auto_apply': True}, True),
            ({'tenant': 'all'}, True),
            ({'visible': False}, True),
        ):
            (result,) = self.modules.apply([module(is_admin=None, **options)])

            self.assertIs(admin, result['is_admin'])

    def test_malformed_ones(self) -> None:
        for bad in (
            None,
            {'id': 'm1'},
            module('../../m1'),
            module(type='a/b'),
            module(type=None),
            module(contents=None),
            module(contents='?'),
        ):
            self.assertRaises(
                exception.BadRequest, self.modules.apply, [module('m1'), bad]
            )
        self.assertEqual(set(), self.names())
