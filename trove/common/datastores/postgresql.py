# SPDX-License-Identifier: Apache-2.0
"""The rules of PostgreSQL.

Encodings: the table "PostgreSQL Character Sets" of its manual, those that a
server can have; with the names that it takes for them.
"""

from __future__ import annotations

import codecs
import dataclasses
import locale
import re

from trove.common import exception
from trove.common import names
from trove.common.datastores import postgresql_settings
from trove.common.datastores import rules
from trove.common.datastores import settings as _settings

#: How names of roles begin that inherit from deleted users.
HEIRS = 'os_admin_heir_'

#: By encoding: Python's codec, empty where there is none, and other names.
ENCODINGS = {
    'EUC_CN': 'gb2312',
    'EUC_JIS_2004': 'euc_jis_2004',
    'EUC_JP': 'euc_jp',
    'EUC_KR': 'euc_kr',
    'EUC_TW': '',
    'ISO_8859_5': 'iso8859-5',
    'ISO_8859_6': 'iso8859-6',
    'ISO_8859_7': 'iso8859-7',
    'ISO_8859_8': 'iso8859-8',
    'KOI8R': 'koi8-r KOI8',
    'KOI8U': 'koi8-u',
    'LATIN1': 'iso8859-1 ISO88591',
    'LATIN10': 'iso8859-16 ISO885916',
    'LATIN2': 'iso8859-2 ISO88592',
    'LATIN3': 'iso8859-3 ISO88593',
    'LATIN4': 'iso8859-4 ISO88594',
    'LATIN5': 'iso8859-9 ISO88599',
    'LATIN6': 'iso8859-10 ISO885910',
    'LATIN7': 'iso8859-13 ISO885913',
    'LATIN8': 'iso8859-14 ISO885914',
    'LATIN9': 'iso8859-15 ISO885915',
    'SQL_ASCII': '',
    'UTF8': 'utf-8 UNICODE',
    'WIN1250': 'cp1250 WINDOWS1250',
    'WIN1251': 'cp1251 WINDOWS1251 WIN',
    'WIN1252': 'cp1252 WINDOWS1252',
    'WIN1253': 'cp1253 WINDOWS1253',
    'WIN1254': 'cp1254 WINDOWS1254',
    'WIN1255': 'cp1255 WINDOWS1255',
    'WIN1256': 'cp1256 WINDOWS1256',
    'WIN1257': 'cp1257 WINDOWS1257',
    'WIN1258': 'cp1258 WINDOWS1258 ABC TCVN TCVN5712 VSCII',
    'WIN866': 'cp866 WINDOWS866 ALT',
    'WIN874': 'cp874 WINDOWS874',
}

_LOCALE = re.compile(r'[a-z]{2,3}(_[A-Z]{2,3})(\.[\w-]+)?(@[a-z]+)?')


def _plain(name: str) -> str:
    """Return a name as the server compares it."""
    return re.sub('[^a-z0-9]', '', name.lower())


def _by_name() -> dict[str, tuple[str, str]]:
    found = {}
    for encoding, text in ENCODINGS.items():
        codec, *others = text.split() or ['']
        for name in (encoding, *others):
            found[_plain(name)] = (encoding, codec)
    return found


_BY_NAME = _by_name()


def encoding_of(character_set: str) -> str | None:
    """Return the server's own name of an encoding, None for no encoding."""
    return _BY_NAME.get(_plain(character_set), (None, ''))[0]


@dataclasses.dataclass(frozen=True)
class PostgreSQL(rules.Rules):
    """The rules of PostgreSQL 13 and later."""

    title: str = 'PostgreSQL'
    longest: int = 63
    databases: frozenset[str] = frozenset(
        {'os_admin', 'postgres', 'template0', 'template1'}
    )
    users: frozenset[str] = frozenset(
        {'none', 'os_admin', 'postgres', 'public', 'replicator', 'root'}
    )
    prefixes: tuple[str, ...] = ('pg_', HEIRS)
    hosts: bool = False
    settings: _settings.Settings = postgresql_settings.PostgreSQL()

    def check_encoding(
        self, database: str, character_set: str | None, collate: str | None
    ) -> None:
        encoding, codec = 'UTF8', 'utf-8'
        if character_set:
            if _plain(character_set) not in _BY_NAME:
                raise exception.BadRequest(
                    f'The database {names.show(database)} has the '
                    f'"character_set" {names.show(character_set)}, which '
                    'PostgreSQL does not support. Use one of '
                    f'{", ".join(sorted(ENCODINGS))}.'
                )
            encoding, codec = _BY_NAME[_plain(character_set)]
        if collate and collate not in ('C', 'POSIX'):
            _check_collate(database, collate, encoding, codec)


def _check_collate(
    database: str, collate: str, encoding: str, codec: str
) -> None:
    """Return when a locale is known and has the encoding.

    Whether it is installed knows only the machine.

    :raises BadRequest: it is not
    """
    own = _codec_of(collate)
    if own is None:
        raise exception.BadRequest(
            f'The database {names.show(database)} has the "collate" '
            f'{names.show(collate)}, which is not a locale of PostgreSQL. Use '
            '"C", "POSIX", or the name of a locale with its encoding, for '
            'example "en_US.UTF-8".'
        )
    if encoding != 'SQL_ASCII' and own != (codec and _codec(codec)):
        raise exception.BadRequest(
            f'The database {names.show(database)} has the "collate" '
            f'{names.show(collate)}, which does not match the character set '
            f'{encoding}. Use a locale with this encoding, or "C", which '
            'matches all.'
        )


def _codec_of(collate: str) -> str | None:
    """Return Python's codec for a locale, None when it is not known."""
    if collate.startswith('C.'):
        return _codec(collate[2:])
    if not _LOCALE.fullmatch(collate):
        return None
    bare = re.sub(r'\.[^@]*', '', collate)
    if bare.lower() not in locale.locale_alias:
        return None
    return _codec(locale.normalize(collate).partition('.')[2].split('@')[0])


def _codec(name: str) -> str | None:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None
