# SPDX-License-Identifier: Apache-2.0
"""Takes the secrets out of what is to be shown, logged or stored.

Whoever sends a text chooses how long it takes to look through it, so a text
is read once, by one pattern in which nothing is read twice, and beyond a
limit not at all. It hides what ``oslo_utils.strutils.mask_password`` hides,
which takes seconds for a text of 16 KiB, and more.
"""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any

from trove.common import text

MASKED = '***'

#: Characters of a text that are looked through; of others nothing is shown.
MOST = 32_768

#: What the name of a secret has in it. Rather too much is masked.
_SECRETS = (
    'key',
    'secret',
    'pass',
    'token',
    'pwd',
    'auth',
    'cred',
    'private',
    'sig',
)

#: Texts of any format, with any secret in them.
_OPAQUE = frozenset(
    (
        'config_contents',
        'overrides',
        'config_overrides',
        'overlay',
        'cluster_config',
        'cluster_configuration',
        'slave_config',
        'replica_source_config',
        'snapshot',
        'replica_info',
        'modules',
        'contents',
        'files',
        'upgrade_info',
    )
)

# Single characters are repeated possessively below, groups are not: Python
# 3.11.2 captures within such groups what is elsewhere, or fails.

#: How the name of a secret ends within a text.
_NAMES = (
    r'(?:pass(?:words?|wd|phrase)?|secret(?:_uuid)?|key|token|pwd|pswd'
    r'|credential|sig(?:nature)?|masterauth|configdrive|cephclusterfsid'
    r'|rabbitcookie|barbicansimplecryptokek|swifthashsuffix)[0-9]*+'
)

#: A quotation mark, also of JSON within texts of JSON.
_QUOTE = r'\\{0,15}+["\']'

#: What follows the one that ends a secret; after a name there is another text.
_ENDS = (
    r'(?=\s*+(?:[,}\]);>/&\\]|\Z)|\s*+:(?!\s*+\\*+["\'])|\s(?!\s*+:))'
)

#: What is hidden: up to the quotation mark that ends it, which may have
#: others before it, or up to the next space. It goes on to the end where a
#: text was cut off.
_SECRET = (
    rf'(?:[ub]?(?P<mark>{_QUOTE})(?P<quoted>[^"\'\\]*+'
    rf'(?:(?!(?<!\\)(?P=mark){_ENDS})["\'\\][^"\'\\]*+)*)'
    rf'|(?!\{{\s*+{_QUOTE})(?P<bare>(?:[^\s"\']|["\'](?!{_ENDS}))+))'
)

#: Between the name and the secret.
_IS = (
    rf'(?:(?:{_QUOTE})?\s*+[=:]\s*+[\[(]*+'
    # As arguments of a command are listed.
    rf'|{_QUOTE}\s*+,\s*+(?:{_QUOTE}--?[A-z]++{_QUOTE}\s*+,\s*+)?'
    rf'(?=u?{_QUOTE})'
    r'|\s*+--?[A-z]++(?:\s++|(?=[^\sA-z]))'
    rf'|\s*+\(\s*+(?={_QUOTE})|\s++(?={_QUOTE})'
)


def _pattern(after_space: str) -> re.Pattern[str]:
    """Return what finds a secret and, before it, why it is one.

    :param after_space: what else is between a name and a secret
    """
    reasons = (
        rf'{_NAMES}{_IS}{after_space})',
        rf'(?<=-)[a-z_]{{0,24}}?{_NAMES}\s++',
        rf'auth(?:orization)?{_IS})'
        r'(?:(?:basic|bearer|digest)\s++)?',
        r'\bbearer\s++',
        r'\bidentified\s++(?:with\s++\S++\s++)?by\s++(?:password\s++)?',
    )
    return re.compile(
        # Most characters begin none of them: that is soon seen.
        r'(?=[-:<abcikmprst]|(?<=-))(?:'
        r'(?P<begin>-----BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY(?: BLOCK)?-----)'
        r'(?:(?!-----END).)*'
        r'|(?P<user>://[^/\s:@]*+:)[^/\s@]++(?=@)'
        rf'|(?P<tag><[\w:-]{{0,64}}?{_NAMES}>)[^<]*+'
        rf'|(?P<why>{"|".join(reasons)}){_SECRET})',
        re.IGNORECASE | re.DOTALL,
    )


#: Of errors: after a space it is no secret, but how the sentence goes on.
_IN_ERRORS = _pattern('')
_IN_SETTINGS = _pattern(r'|\s++')


def mask(value: Any) -> Any:
    """Return a value of JSON without secrets.

    :raises RecursionError: it is nested too deeply
    """
    if isinstance(value, Mapping):
        # As settings are listed: name and value beside each other.
        pair = _is_secret(value.get('name'))
        return {
            str(name): MASKED
            if _hides(name, inner, pair)
            else mask(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        name, secret = value if len(value) == 2 else (None, None)
        if isinstance(name, str) and _hides(name, secret, pair=False):
            # As the items of a mapping are listed.
            return [name, MASKED]
        return [mask(inner) for inner in value]
    if isinstance(value, str):
        over = len(value) - MOST
        shown = _without(_IN_SETTINGS, _beginning(value))
        return f'{shown}... ({over} characters more)' if over > 0 else shown
    return value


def error(said: object, most: int = MOST) -> str:
    """Return what an error says, without secrets, cut.

    :param said: anything; its ``str()``
    :param most: characters that are returned
    """
    return text.cut(_without(_IN_ERRORS, _beginning(str(said))), most)


def traceback(said: str, most: int = MOST) -> str:
    """Return the end of a text of many lines, without secrets.

    :param most: characters that are returned
    """
    return _without(_IN_ERRORS, _end(said))[-most:]


def _beginning(value: str) -> str:
    """What is looked through; nothing in it is half a secret."""
    if len(value) <= MOST:
        return value
    kept = value[:MOST]
    # What is known by its end alone.
    user = kept.rfind('://')
    if user >= 0 and '@' not in kept[user:]:
        kept = kept[: user + 3]
    return kept


def _end(value: str) -> str:
    if len(value) <= MOST:
        return value
    # Half a line may be half a secret, and so may be all before the end of a
    # private key.
    _half, _line, kept = value[-MOST:].partition('\n')
    begins, ends = kept.find('-----BEGIN'), kept.find('-----END')
    return kept[ends:] if 0 <= ends and not 0 <= begins < ends else kept


def _without(pattern: re.Pattern[str], value: str) -> str:
    return pattern.sub(_hidden, value)


def _hidden(found: re.Match[str]) -> str:
    kept = found['begin'] or found['user'] or found['tag']
    if kept is None:
        kept = found['why']
        if found['mark'] is not None:
            kept = found[0][: found.end('mark') - found.start()]
    return f'{kept}{MASKED}'


def _hides(name: Any, value: Any, pair: bool) -> bool:
    if value is None or isinstance(value, bool):
        return False
    return name in _OPAQUE or _is_secret(name) or (pair and name == 'value')


def _is_secret(name: Any) -> bool:
    known = str(name).lower()
    return any(secret in known for secret in _SECRETS)
