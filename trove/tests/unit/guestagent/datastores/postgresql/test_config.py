# SPDX-License-Identifier: Apache-2.0
"""The configuration of PostgreSQL."""

from __future__ import annotations

import pathlib

from trove.common import exception
from trove.guestagent.datastores.postgresql import config
from trove.tests import base


class RenderTest(base.TestCase):
    def test_values_are_quoted(self) -> None:
        self.assertEqual(
            "a = on\nb = off\nc = '1'\nd = '0.5'\n"
            "e.f = 'it''s \\\\ # not a comment'\n",
            config.render(
                {
                    'a': True,
                    'b': False,
                    'c': 1,
                    'd': 0.5,
                    'e.f': "it's \\ # not a comment",
                }
            ),
        )

    def test_nothing_can_be_smuggled_in(self) -> None:
        for settings in (
            {'a = 1\nb': 1},
            {'a b': 1},
            {'': 1},
            {'include': 'x', 'a-b': 1},
            {'a': 'x\ny = 1'},
            {'a': 'x\0'},
            {'include': '/etc/passwd'},
            {'Include_Dir': '/etc'},
            {'data_directory': '/elsewhere'},
            {1: 'x'},
        ):
            self.assertRaises(exception.BadRequest, config.render, settings)


class FilesTest(base.TestCase):
    def test_the_first_file_leads_to_the_others(self) -> None:
        found = config.main_files(pathlib.Path("/da'ta"), None)
        self.assertEqual(
            "include_if_exists = '/da''ta/postgresql.conf'\n"
            "include_dir = 'trove.d'\n",
            found['postgresql.conf'],
        )
        self.assertIn('scram-sha-256', found['pg_hba.conf'])
