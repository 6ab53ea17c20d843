# SPDX-License-Identifier: Apache-2.0
"""The rules of MySQL and MariaDB.

Character sets: those that ``SHOW CHARACTER SET`` has, and the alias ``utf8``.
"""

from __future__ import annotations

import dataclasses
import re

from trove.common import exception
from trove.common import names
from trove.common.datastores import mysql_settings
from trove.common.datastores import rules
from trove.common.datastores import settings as _settings

#: Of both.
CHARACTER_SETS = frozenset(
    'armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 '
    'cp932 dec8 eucjpms euckr gb2312 gbk geostd8 greek hebrew hp8 keybcs2 '
    'koi8r koi8u latin1 latin2 latin5 latin7 macce macroman sjis swe7 tis620 '
    'ucs2 ujis utf16 utf16le utf32 utf8 utf8mb3 utf8mb4'.split()
)

#: Alias and name of a character set.
_ALIASES = {'utf8': 'utf8mb3'}

#: Collations of MariaDB that fit to each character set of Unicode.
_UNICODE = re.compile(r'uca\d+_\w+')

#: The server makes a directory of each database, named like this.
_LONGEST_DIRECTORY = 255


def character_set_of(character_set: str) -> str:
    """Return the server's own name of a character set."""
    text = character_set.lower()
    return _ALIASES.get(text, text)


@dataclasses.dataclass(frozen=True)
class MySQL(rules.Rules):
    """The rules of MySQL 8.0 and later.

    :ivar longest_user: most characters of the name of a user
    :ivar character_sets: that the server has
    """

    title: str = 'MySQL'
    settings: _settings.Settings = mysql_settings.MySQL()
    character_sets: frozenset[str] = CHARACTER_SETS | {'gb18030'}
    longest: int = 64
    unit: str = 'characters'
    longest_user: int = 32
    databases: frozenset[str] = frozenset(
        {
            'information_schema',
            'lost+found',
            'mysql',
            'performance_schema',
            'sys',
        }
    )
    users: frozenset[str] = frozenset(
        {
            'healthcheck',
            'mariadb.sys',
            'mysql',
            'none',
            'os_admin',
            'public',
            'root',
        }
    )
    prefixes: tuple[str, ...] = ('mysql.', 'slave_')

    def _longest(self, what: str) -> int:
        return self.longest_user if what == 'user' else self.longest

    def _length(self, name: str) -> int:
        return len(name)

    def check_database(self, name: object, new: bool = True) -> str:
        text = super().check_database(name, new)
        if text.lower().startswith('#mysql50#') or text != text.rstrip():
            raise exception.BadRequest(
                f'The name of the database is {names.show(text)}, which '
                f'{self.title} cannot have: it begins with "#mysql50#", or '
                'ends with a blank. Choose another one.'
            )
        _check_characters('database', text, self.title)
        if _directory_length(text) > _LONGEST_DIRECTORY:
            raise exception.BadRequest(
                f'The name of the database {names.show(text)} is too long: '
                f'{self.title} writes a character other than a-z, A-Z, 0-9 '
                'and "_" as five, and has at most 255. Choose a shorter one.'
            )
        return text

    def check_user(self, name: object, new: bool = True) -> str:
        text = super().check_user(name, new)
        _check_characters('user', text, self.title)
        if text != text.rstrip():
            raise exception.BadRequest(
                f'The name of the user is {names.show(text)}, which ends '
                'with a blank. Omit the blank.'
            )
        return text

    def check_host(self, user: str, host: object) -> str:
        # The server compares names of hosts without regard to case.
        text = super().check_host(user, host).lower()
        if text == 'localhost':
            raise exception.BadRequest(
                f'The user {names.show(user)} has the host "localhost", '
                'which is the server of the database: nobody of yours comes '
                'from there. Give the address of the client, or "%" for any.'
            )
        return text

    def check_encoding(
        self, database: str, character_set: str | None, collate: str | None
    ) -> None:
        """Return when there may be such: the server knows its collations."""
        if character_set and character_set.lower() not in self.character_sets:
            raise exception.BadRequest(
                f'The database {names.show(database)} has the '
                f'"character_set" {names.show(character_set)}, which '
                f'{self.title} does not support. Use one of '
                f'{", ".join(sorted(self.character_sets))}.'
            )
        if not collate:
            return
        own = collate.lower().split('_')[0]
        wanted = character_set_of(character_set or own)
        unicode = _UNICODE.fullmatch(collate.lower())
        if not re.fullmatch(r'\w+', collate, re.ASCII) or not (
            unicode or own in self.character_sets
        ):
            raise exception.BadRequest(
                f'The database {names.show(database)} has the "collate" '
                f'{names.show(collate)}, which is not a collation of '
                f'{self.title}. Use one that begins with the name of its '
                'character set, for example "utf8mb4_general_ci".'
            )
        if not unicode and character_set_of(own) != wanted:
            raise exception.BadRequest(
                f'The database {names.show(database)} has the "collate" '
                f'{names.show(collate)}, which does not match the character '
                f'set {wanted}. Use a collation that begins with its name.'
            )


@dataclasses.dataclass(frozen=True)
class MariaDB(MySQL):
    """The rules of MariaDB 10.6 and later."""

    title: str = 'MariaDB'
    character_sets: frozenset[str] = CHARACTER_SETS
    longest_user: int = 80
    settings: _settings.Settings = mysql_settings.MariaDB()


def _check_characters(what: str, name: str, title: str) -> None:
    if any(ord(letter) > 0xFFFF for letter in name):
        raise exception.BadRequest(
            f'The name of the {what} is {names.show(name)}. {title} allows '
            'only characters up to U+FFFF in it, so no emoji; choose another '
            'one.'
        )


def _directory_length(name: str) -> int:
    return sum(
        1 if letter.isascii() and (letter.isalnum() or letter == '_') else 5
        for letter in name
    )
