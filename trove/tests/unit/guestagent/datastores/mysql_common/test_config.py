# SPDX-License-Identifier: Apache-2.0
"""Option files, and what servers say of them."""

from __future__ import annotations

import pathlib

from trove.common import exception
from trove.common.datastores import mysql_settings
from trove.guestagent.datastores.mysql_common import config
from trove.tests import base

_SETTINGS = mysql_settings.MariaDB()

#: A basic configuration as released control planes send it.
RELEASED = """\
[client]
port = 3306
[mysqld]
user = database
port = 3306
log_bin = /var/lib/mysql/data/mysql-bin
server-id = 7
innodb_buffer_pool_size = 600M  # of four
max-allowed-packet=1024K
init_connect = 'SET NAMES "utf8"'
skip-external-locking
skip-show-database
!includedir /etc/mysql/conf.d/

[mysqldump]
quick
"""

HELP = """\
mariadbd  Ver 10.11
  --max-connections=#
Variables (--variable-name=value)
and boolean options {FALSE|TRUE}  Value (after reading options)
--------------------------------- ----------------------------------
autocommit                        TRUE
init-connect                      (No default value)
max-connections                   151
optimizer-switch                  a=on,b=off

To see what values a running server is using, type SHOW VARIABLES.
"""


class NumberTest(base.TestCase):
    def test_each_instance_has_a_number_of_its_own(self) -> None:
        found = {config.server_id(f'guest-{n}') for n in range(1000)}
        self.assertEqual(1000, len(found))
        self.assertTrue(all(0 < number < 2**32 for number in found))
        self.assertEqual(config.server_id('a'), config.server_id('a'))


class RenderTest(base.TestCase):
    def test_values_are_quoted(self) -> None:
        self.assertEqual(
            '[mysqld]\na_b = ON\nc = OFF\nd = "1"\ne = "x # y \\\\n"\n'
            "f = 'say \"no\"'\ng\n",
            config.render(
                {
                    'A-b': True,
                    'c': False,
                    'd': 1,
                    'e': 'x # y \\n',
                    'f': 'say "no"',
                    'g': None,
                }
            ),
        )
        self.assertEqual(
            '[mysqld]\nloose_a = "1"\n', config.render({'a': 1}, loose=True)
        )

    def test_nothing_can_be_smuggled_in(self) -> None:
        for settings in (
            {'a = 1\nb': 1},
            {'a b': 1},
            {'': 1},
            {'!include': '/etc/passwd'},
            {'[client]': 1},
            {'a': 'x\ny = 1'},
            {'a': 'x\0'},
            {'a': '"\''},
            {1: 'x'},
        ):
            self.assertRaises(exception.BadRequest, config.render, settings)

    def test_what_is_ours_cannot_be_changed(self) -> None:
        for name in ('datadir', 'Server-ID', 'skip-grant-tables'):
            self.assertRaises(
                exception.BadRequest, config.check_names, {name: 1}, _SETTINGS
            )
        config.check_names(
            {'max_connections': 1, 'sql_mode': ''}, _SETTINGS
        )

    def test_the_first_file_leads_to_the_others(self) -> None:
        self.assertEqual(
            '!include /x/10\n!include /x/90\n',
            config.main_file(pathlib.Path('/x'), {'90': '', '10': ''}),
        )


class ParseTest(base.TestCase):
    def test_what_a_released_control_plane_sends(self) -> None:
        self.assertEqual(
            {
                'innodb_buffer_pool_size': '600M',
                'max_allowed_packet': '1024K',
                'init_connect': 'SET NAMES "utf8"',
                'skip_show_database': None,
            },
            config.parse(RELEASED, _SETTINGS),
        )

    def test_lines_without_a_group_are_the_servers(self) -> None:
        self.assertEqual(
            {'a': '1'}, config.parse('a = 1\n# b = 2\n\n', _SETTINGS)
        )


class SaidTest(base.TestCase):
    def test_values_are_read(self) -> None:
        self.assertEqual(
            {
                'autocommit': 'TRUE',
                'init_connect': '(No default value)',
                'max_connections': '151',
                'optimizer_switch': 'a=on,b=off',
            },
            config.read_help(HELP),
        )
        self.assertEqual({}, config.read_help(''))

    def test_what_would_not_be_taken_as_it_is(self) -> None:
        self.assertEqual(
            [
                "option 'max_connections': unsigned value 5 adjusted to 10",
                "unknown variable 'work_mem=3'",
                "option 'autocommit': boolean value 'maybe' wasn't "
                'recognized. Set to OFF.',
            ],
            config.errors(
                '2026-11-29 17:04:02 0 [Warning] Could not increase number '
                'of max_open_files to more than 20000 (request: 32043)\n'
                '2026-11-29 17:04:02 0 [Warning] Buffered warning: option '
                "'max_connections': unsigned value 5 adjusted to 10\n"
                '2026-11-29 17:04:02 0 [ERROR] mariadbd: unknown variable '
                "'work_mem=3'\n"
                "2026-11-29 17:04:02 0 [ERROR] /x/mariadbd: unknown variable "
                "'work_mem=3'\n"
                "2026-11-29 17:04:03 0 [Warning] option 'autocommit': boolean "
                "value 'maybe' wasn't recognized. Set to OFF.\n\n"
            ),
        )
