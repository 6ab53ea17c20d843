# SPDX-License-Identifier: Apache-2.0
"""What an operator knows of the package of an agent before any guest has it.

It is read and never run.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
import hashlib
import io
import pathlib
import zipfile

from trove.common import rpc
from trove.peers import versions
from trove.rehearsal import inventory as inventories
from trove.rehearsal import roles
from trove.rehearsal import steps
from trove.rpcadmin import base
from trove.rpcadmin import facts

_HISTORY = 'trove/guestagent/api/history.py'
_INTERFACE = 'guestagent'


class AgentPackage:
    """A wheel of Trove, or a zip file that has one.

    :raises trove.rpcadmin.base.UsageError: it is not
    """

    def __init__(self, path: str) -> None:
        try:
            content = pathlib.Path(path).read_bytes()
        except OSError as error:
            raise base.UsageError(f'cannot read {path}: {error}') from None
        self.sha256 = hashlib.sha256(content).hexdigest()
        try:
            history = _history(io.BytesIO(content))
        except (zipfile.BadZipFile, SyntaxError, ValueError) as error:
            raise base.UsageError(
                f'{path} is no wheel of Trove, and has none: {error}.'
            ) from None
        self._latest = history

    @property
    def revision(self) -> rpc.Revision:
        """Return the newest revision of the interface that it serves.

        :raises trove.rpcadmin.base.UsageError: this release does not know it
        """
        try:
            return versions.INTERFACES[_INTERFACE].revision(self._latest)
        except ValueError:
            raise base.UsageError(
                f'its agent serves version {self._latest} of the interface, '
                'which this release does not know. Upgrade the control plane '
                'first.'
            ) from None


def _history(file: io.BytesIO) -> str:
    """Return the name of the last revision in a package."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if _HISTORY in names:
            return _last(archive.read(_HISTORY).decode())
        for name in names:
            if name.endswith('.whl') and 'trove-' in name:
                return _history(io.BytesIO(archive.read(name)))
    raise ValueError(f'it lacks {_HISTORY}')


def _last(source: str) -> str:
    """Return the name of the last ``rpc.Revision('NAME', ...)``."""
    found = [
        node.args[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == 'Revision'
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
    if not found:
        raise ValueError(f'{_HISTORY} has no revisions')
    return str(found[-1])


def rehearse(
    inventory: inventories.Inventory,
    revision: rpc.Revision,
    names: Collection[str],
) -> list[str]:
    """Return what could be said to or by guests, and no longer can be.

    :param names: the guests that are to be of this revision
    """
    planner = steps.Planner(
        inventory, roles.of_release('latest'), facts.IN_VAIN
    )
    goal = roles.part(
        'guest', inventories.complete('guest', {_INTERFACE: revision}), None
    )
    chosen = set(names)
    after = [
        each.become(goal) if not chosen.isdisjoint(each.instances) else each
        for each in inventory.members
    ]
    return [
        f'{found.sender} to {found.receiver}: {found.what} would be '
        f'{found.outcome}: {found.reason}'
        for found in planner.findings(after)
        if found.before
    ]
