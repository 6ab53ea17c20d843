# SPDX-License-Identifier: Apache-2.0
"""Declares orders about backups, and the log that goes on from them."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext


class Backups:
    """Orders about what is stored of the database."""

    @rpc.cast('1.0', spans={'store': rpc.Span('1.5')})
    def create_backup(
        self,
        context: Context,
        backup_info: dict[str, Any],
        store: dict[str, Any] | None = None,
    ) -> None:
        """Make a backup; how far it is goes to the conductors.

        :param backup_info: columns of the backup; ``id`` is always there,
            ``parent`` (``location`` and ``checksum``) if it is incremental
        :param store: how to write into the object store, see
            :func:`trove.objectstore.open_store`; None: with the token of the
            user, which the guests of released Trove do. ``known`` describes
            the parent; ``renews``: the backup is being made, and this is its
            later permission; ``verifies``: the backup is there, and is read
            to verify it, which takes at least ``room`` bytes; how that ends
            goes to the conductors as ``verification``
        """

    @rpc.cast('1.5', repeatable=True)
    def archive_log(
        self,
        context: Context,
        archive: dict[str, Any] | None,
        store: dict[str, Any] | None = None,
    ) -> None:
        """Store the log of changes from now on, or end that.

        Its objects are ``PREFIXSSSS-NNNNNNNN.gz``: the series, which a gap
        makes the next one, and the number from 1 on. They are a sequence of
        gzip streams, of an archive of a file each. Metadata ``log-until`` is
        a time such as 2027-01-31T08:00:00.000000Z: all that was committed
        before is there.

        :param archive: ``container``, ``prefix``, ``series`` (a later one
            than known begins it) and ``interval`` in seconds; None: end it
        :param store: as :meth:`create_backup` has it; the same order with
            another one is its later permission
        """
