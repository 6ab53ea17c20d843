# SPDX-License-Identifier: Apache-2.0
"""The conductor's interface and its client: reports of guest agents."""

from __future__ import annotations

from typing import Any
from typing import Final

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext

#: How often guest agents call get_versions, in units of ``refresh_interval``,
#: and the part of that by which the interval varies.
ASKED_EVERY: Final = 3
ASKED_JITTER: Final = 0.25

#: In the answer to get_versions: an operator allows messages in the form of
#: released Trove between this guest agent and the services until revoked.
RELEASED: Final = 'released'

#: The status of a database that answers. Conductors before ussuri fail at the
#: word; task managers since victoria wait for it, for example after a resize.
HEALTHY: Final = rpc.Word('healthy', since='ussuri', instead='running')

INTERFACE = rpc.Interface(
    name='conductor',
    topic=lambda conf, peer: conf.conductor_queue,
    peer='conductors',
    remedy='Upgrade the oldest conductor; "trove-manage service_list" shows '
    'their versions.',
    sealed_since='1.1',
    names_sender=True,
    history=(
        rpc.Revision(
            '1.0',
            'The first version.',
            releases=(
                *('icehouse', 'juno', 'kilo', 'liberty', 'mitaka', 'newton'),
                *('ocata', 'pike', 'queens', 'rocky'),
            ),
        ),
        rpc.Revision(
            '1.0/stein',
            'report_root no longer requires user.',
            releases=(
                *('stein', 'train', 'ussuri'),
                *('victoria', 'wallaby', 'xena', 'yoga', 'zed'),
                *('2023.1', 'antelope', '2023.2', 'bobcat'),
                *('2024.1', 'caracal', '2024.2', 'dalmatian'),
                *('2025.1', 'epoxy', '2025.2', 'flamingo'),
                *('2026.1', 'gazpacho', '2026.2', 'hibiscus'),
            ),
        ),
        rpc.Revision(
            '1.1',
            'Messages are sealed with authenticated encryption; get_versions '
            'and report_rejected were added.',
            releases=('2027.1',),
        ),
    ),
)


class API(rpc.Client, interface=INTERFACE):
    """Reports of a guest agent to the conductors.

    ``sent`` is the guest's time in seconds since the epoch; of two messages
    about the same thing, the later one holds.
    """

    @rpc.cast('1.0', repeatable=True)
    def heartbeat(
        self,
        context: Context,
        instance_id: str,
        payload: dict[str, Any],
        sent: float | None = None,
    ) -> None:
        """Report that the guest agent runs, and the status of its database.

        :param payload: ``service_status``, a description such as
            ``healthy``; since 27.0 also ``rpc_version``, the latest revision
            of the guest agent's interface that is served, ``release``, the
            version of its package, ``server_version``, that of the running
            database server, and ``replication``, of a replica: ``follows``,
            ``lag`` in seconds, ``errant`` transactions and an ``error``;
            and ``trouble``, why the database does not start, or was started
            with former settings. Conductors of older releases ignore them.
        """

    @rpc.cast('1.0', repeatable=True)
    def update_backup(
        self,
        context: Context,
        instance_id: str,
        backup_id: str,
        sent: float | None = None,
        **backup_fields: Any,
    ) -> None:
        """Report the progress of a backup.

        :param backup_fields: columns of the backup with their new values
        """

    @rpc.cast('1.0', spans={'user': rpc.Span(required=('1.0', '1.0'))})
    def report_root(
        self,
        context: Context,
        instance_id: str,
        user: str | None = None,
    ) -> None:
        """Report that the root user was enabled.

        :param user: who enabled it; release 8 sends it, and its conductors
            require it
        """

    @rpc.cast('1.0', repeatable=True)
    def notify_end(
        self,
        context: Context,
        serialized_notification: dict[str, Any],
        notification_args: dict[str, Any],
    ) -> None:
        """Report that an operation which the API began has succeeded."""

    @rpc.cast('1.0')
    def notify_exc_info(
        self,
        context: Context,
        serialized_notification: dict[str, Any],
        message: str,
        exception: list[str],
    ) -> None:
        """Report that an operation which the API began has failed.

        :param serialized_notification: has ``instance_id``
        :param exception: lines of a traceback
        """

    @rpc.call('1.1', repeatable=True, sealed=True)
    def get_versions(self, context: Context) -> dict[str, str]:
        """Return the versions that the conductors support.

        :returns: ``conductor``: the lowest revision of the live conductors,
            no higher than the operator's pin; ``released``: ``held``, where
            an operator allows the form of released Trove for this guest
        """

    @rpc.call('1.1', repeatable=True, sealed=True)
    def report_rejected(
        self, context: Context, instance_id: str, rejection: dict[str, Any]
    ) -> None:
        """Report a message that the guest agent has rejected.

        A call, because the guest keeps the message until it is recorded.

        :param rejection: a :class:`trove.common.rpc.Rejection` as a
            dictionary
        """
