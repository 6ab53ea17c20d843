# SPDX-License-Identifier: Apache-2.0
"""The rules of MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trove.common import datastores
from trove.common import exception
from trove.tests import base

MARIADB = datastores.rules('mariadb')
MYSQL = datastores.rules('mysql')


class RulesTestCase(base.TestCase):
    def refused(
        self, check: Callable[..., object], *arguments: Any, **more: Any
    ) -> str:
        error = self.assertRaises(
            exception.BadRequest, check, *arguments, **more
        )
        return str(error)


class NamesTest(RulesTestCase):
    def test_what_both_take(self) -> None:
        for rules in MARIADB, MYSQL:
            for name in ('a', '`; --', 'x' * 64, 'per%cent', 'MySQLx'):
                self.assertEqual(name, rules.check_database(name))
            self.assertEqual('数' * 51, rules.check_database('数' * 51))
            for name in ('a', "o'b", 'é' * 32, 'slaves'):
                self.assertEqual(name, rules.check_user(name))

    def test_characters_are_counted(self) -> None:
        self.assertIn(
            '64 characters', self.refused(MARIADB.check_database, 'x' * 65)
        )
        self.assertIn('255', self.refused(MARIADB.check_database, '数' * 52))
        self.assertEqual('é' * 80, MARIADB.check_user('é' * 80))
        self.assertIn(
            '80 characters', self.refused(MARIADB.check_user, 'x' * 81)
        )
        self.assertIn(
            '32 characters', self.refused(MYSQL.check_user, 'x' * 33)
        )

    def test_what_the_servers_cannot_have(self) -> None:
        for name in ('emo🐘', 'trail ', '#mysql50#x', '#MySQL50#x'):
            self.refused(MARIADB.check_database, name)
        for name in ('emo🐘', 'trail '):
            self.refused(MARIADB.check_user, name)

    def test_names_of_the_servers_and_of_trove(self) -> None:
        for name in (
            'information_schema',
            'INFORMATION_SCHEMA',
            'lost+found',
            'mysql',
            'performance_schema',
            'sys',
        ):
            self.assertIn(
                'reserved', self.refused(MARIADB.check_database, name)
            )
        for name in (
            'healthcheck',
            'mariadb.sys',
            'mysql',
            'mysql.session',
            'os_admin',
            'PUBLIC',
            'root',
            'slave_1a2b',
        ):
            self.assertIn('reserved', self.refused(MARIADB.check_user, name))

    def test_hosts(self) -> None:
        for host, found in (
            (None, '%'),
            ('', '%'),
            ('%', '%'),
            ('10.0.%', '10.0.%'),
            ('App.Example.ORG', 'app.example.org'),
        ):
            self.assertEqual(found, MARIADB.check_host('ann', host))
        for host in ('LocalHost', '10.0.0.0/8', 'a b', 7):
            self.refused(MARIADB.check_host, 'ann', host)


class EncodingTest(RulesTestCase):
    def test_what_fits(self) -> None:
        for character_set, collate in (
            (None, None),
            ('utf8mb4', None),
            ('UTF8MB4', 'utf8mb4_general_ci'),
            ('utf8', 'utf8mb3_general_ci'),
            ('utf8mb3', 'utf8_general_ci'),
            ('utf8mb4', 'uca1400_ai_ci'),
            (None, 'uca1400_ai_ci'),
            (None, 'latin1_swedish_ci'),
            ('binary', 'binary'),
        ):
            MARIADB.check_encoding('shop', character_set, collate)

    def test_what_does_not(self) -> None:
        for character_set, collate, word in (
            ('klingon', None, 'klingon'),
            (None, 'klingon', 'klingon'),
            (None, "utf8mb4_'; --", 'utf8mb4_'),
            (None, 'utf8mb4_ünï', 'collation'),
            ('latin1', 'utf8mb4_general_ci', 'latin1'),
        ):
            self.assertIn(
                word,
                self.refused(
                    MARIADB.check_encoding, 'shop', character_set, collate
                ),
            )
