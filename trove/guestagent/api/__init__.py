# SPDX-License-Identifier: Apache-2.0
"""The guest agent's interface and its client: what a guest can do.

The methods are declared in the modules of this package, by what they are
about; its revisions are in :mod:`history`.
"""

from __future__ import annotations

from trove.common import rpc
from trove.guestagent.api import accounts
from trove.guestagent.api import clusters
from trove.guestagent.api import copies
from trove.guestagent.api import history
from trove.guestagent.api import machine
from trove.guestagent.api import server

INTERFACE = rpc.Interface(
    name='guestagent',
    topic=lambda conf, peer: f'guestagent.{peer}',
    peer='guest agent of instance %s',
    remedy='Upgrade the guest agent of the instance, then repeat the request.',
    sealed_since='1.5',
    history=history.REVISIONS,
)


class API(
    server.Server,
    accounts.Accounts,
    machine.Machine,
    copies.Copies,
    clusters.Clusters,
    rpc.Client,
    interface=INTERFACE,
):
    """What may be asked of the guest agent of one instance.

    :param peer: id of the instance

    A *user* is a dictionary with ``_name``, ``_host``, ``_password`` and
    ``_databases`` (a list of databases); a *database* one with ``_name``,
    ``_character_set`` and ``_collate``. A *page* is a list of two: the
    items, and the marker of the next page or None.
    """
