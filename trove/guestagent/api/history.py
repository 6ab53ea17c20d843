# SPDX-License-Identifier: Apache-2.0
"""The revisions of the guest agent's interface, oldest first."""

from __future__ import annotations

from trove.common import rpc

REVISIONS = (
    rpc.Revision(
        '1.0',
        'The first version. Releases since this one have added and removed '
        'methods and arguments twice without a new version.',
        releases=(
            *('icehouse', 'juno', 'kilo', 'liberty', 'mitaka', 'newton'),
            *('ocata', 'pike', 'queens', 'rocky'),
        ),
    ),
    rpc.Revision(
        '1.0/stein',
        'get_root_password was added.',
        releases=('stein', 'train', 'ussuri'),
        probe=rpc.Probe('get_root_password'),
    ),
    rpc.Revision(
        '1.0/victoria',
        'prepare and start_db_with_conf_changes have the argument '
        'ds_version, which the latter requires; resize_fs has online, '
        'attach_replica restart; stop_db lost do_not_start_on_reboot; '
        'rebuild and upgrade were added; attach_replication_slave and '
        'cleanup_source_on_replica_detach were removed.',
        releases=('victoria',),
        probe=rpc.Probe('rebuild'),
    ),
    rpc.Revision(
        '1.1',
        'A version number for the additions of the previous revision.',
        releases=(
            *('wallaby', 'xena', 'yoga', 'zed'),
            *('2023.1', 'antelope', '2023.2', 'bobcat'),
            *('2024.1', 'caracal', '2024.2', 'dalmatian'),
        ),
    ),
    rpc.Revision(
        '1.2',
        'pre_create_backup and post_create_backup were added.',
        releases=(
            *('2025.1', 'epoxy', '2025.2', 'flamingo'),
            *('2026.1', 'gazpacho'),
        ),
    ),
    rpc.Revision(
        '1.3',
        'ssl_show, ssl_action and ssl_rollback were added.',
        releases=('2026.2', 'hibiscus'),
    ),
    rpc.Revision(
        '1.4',
        'get_diagnostics and get_hwinfo, which clients had always sent and '
        'no guest served, are served; restart has the argument reason; '
        'start_db_with_conf_changes no longer requires ds_version, and '
        'stop_db has do_not_start_on_reboot again.',
    ),
    rpc.Revision(
        '1.5',
        'Messages are sealed with authenticated encryption; rotate_key was '
        'added; create_backup, guest_log_action and prepare take store, '
        'pre_upgrade takes datastore_version, prepare takes log; '
        'archive_log, get_agent and upgrade_agent were added. All forms of '
        'all messages of any release are accepted: attach_replication_slave, '
        'cleanup_source_on_replica_detach, update_guest, the methods of '
        'clusters, and the older form of upgrade. Orders that the datastore '
        'does not support are refused.',
        releases=('2027.1',),
    ),
)
