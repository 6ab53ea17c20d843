# SPDX-License-Identifier: Apache-2.0
"""The file whose settings are appended to the configuration of new guests.

Customers may become root in the server of a guest agent. So it has no secret
of the control plane, and nothing that would override the broker account of
the guest. The file of released Trove has both.
"""

from __future__ import annotations

from collections.abc import Iterator
import pathlib
import re

from oslo_config import cfg
from oslo_config import iniparser
from oslo_messaging import opts as messaging

from trove import conf as trove_conf
from trove.common import exception

_OPTION = '[DEFAULT] guest_config'

#: Whole groups that are about accounts of the services.
_GROUPS = frozenset({'database', 'keystone_authtoken', 'service_credentials'})

#: Names of secrets, as other releases of Trove and libraries have them.
_SECRET = re.compile(
    r'(^|_)(connection|pass|passkey|passphrase|password|passwd|secret|'
    r'secret_key|encr_key|token|transport_url)$'
)

#: A URL with a password in it.
_URL = re.compile(r'://[^/\s]*:[^/\s]*@')


def read(conf: cfg.ConfigOpts) -> str:
    """Return the content of the file, empty without one.

    :raises trove.common.exception.ConfigurationError: it cannot be read, or
        has what is not for guests; the error does not show a value
    """
    path: str | None = conf.guest_config
    if not path:
        return ''
    try:
        text = pathlib.Path(path).read_text('utf-8')
        found = _Settings(text).found
    except iniparser.ParseError as error:
        raise _refused(
            path, f'line {error.lineno} of the file is malformed.'
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(path, f'the file cannot be read: {error}') from error
    secrets = sorted(set(_secrets(found)))
    if secrets:
        raise _refused(
            path,
            f'every guest can read the file, and it sets {", ".join(secrets)}.'
            ' Remove them from it; new guests get their own account of the '
            'message broker. Change the passwords if guests have had them.',
        )
    return text


def _refused(path: str, remedy: str) -> exception.ConfigurationError:
    return exception.ConfigurationError(
        option=_OPTION, value=path, remedy=remedy
    )


def _secrets(found: dict[tuple[str, str], str]) -> Iterator[str]:
    registered = _registered()
    for (group, name), value in found.items():
        if group.lower() in _GROUPS:
            yield f'[{group}]'
        elif (
            (group, name) in registered
            or _SECRET.search(name)
            or _URL.search(value)
        ):
            yield f'[{group}] {name}'


def _registered() -> frozenset[tuple[str, str]]:
    """Return the group and name of the options that are secret."""
    listed = (*trove_conf.list_opts(), *messaging.list_opts())
    return frozenset(
        (str(group or 'DEFAULT'), option.dest)
        for group, options in listed
        for option in options
        if option.secret
    )


class _Settings(iniparser.BaseParser):
    """What a file sets, by group and option.

    What is before the first group belongs to ``[DEFAULT]``: so it does where
    the file is appended.
    """

    def __init__(self, text: str) -> None:
        self.found: dict[tuple[str, str], str] = {}
        self._group = 'DEFAULT'
        self.parse(text.splitlines())

    def new_section(self, section: str) -> None:
        self._group = section

    def assignment(self, key: str, value: list[str]) -> None:
        # oslo.config takes either for the other.
        name = self._group, key.lower().replace('-', '_')
        self.found[name] = f'{self.found.get(name, "")} {" ".join(value)}'
