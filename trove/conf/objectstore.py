# SPDX-License-Identifier: Apache-2.0
"""Options of the object store that backups are kept in."""

from __future__ import annotations

from oslo_config import cfg

GROUP = 'objectstore'

#: With the names of released Trove.
DEFAULT_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'storage_strategy',
        default='swift',
        choices=['swift', 'local', 's3'],
        help='Where backups are stored if the request does not say it. '
        '"swift": in the object store of the project that owns the instance. '
        '"local": in a directory of this machine, which all services and '
        'guest agents share. "s3": in the bucket of [objectstore] s3_bucket, '
        'which all projects share, and for which only the services have keys.',
    ),
    cfg.StrOpt(
        'backup_swift_container',
        default='database_backups',
        help='Container for backups, if neither the request nor a backup '
        'strategy names one. It is made when needed.',
    ),
    cfg.IntOpt(
        'backup_segment_max_size',
        default=16777216,
        min=1048576,
        help='Bytes of each part of a backup that is stored in more than one. '
        'More than 16 MiB, as releases before 2027.1 had, counts as 16 MiB: '
        'two parts are kept in memory, so that their upload can be repeated.',
    ),
    cfg.StrOpt(
        'swift_url',
        sample_default='http://controller:8080/v1/AUTH_',
        help='URL of Swift, to which the ID of the project is appended. '
        'Unset, the URL is taken from the service catalog.',
    ),
    cfg.StrOpt(
        'swift_service_type',
        default='object-store',
        help='Type of Swift in the service catalog.',
    ),
    cfg.StrOpt(
        'swift_endpoint_type',
        default='publicURL',
        help='Kind of URL to take from the service catalog: publicURL, '
        'internalURL or adminURL. Guest agents must reach it.',
    ),
    cfg.StrOpt(
        'os_region_name',
        help='Region of Swift in the service catalog. Default: region_name '
        'in [service_credentials].',
    ),
    cfg.BoolOpt(
        'swift_api_insecure',
        default=False,
        help='Do not verify the certificate of Swift. Whoever is between the '
        'guest agents and Swift can then read backups: for tests only.',
    ),
]

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'cafile',
        help='CA bundle that verifies the certificate of the object store. '
        'It must have the same path in guests. Default: the bundle of '
        'requests.',
    ),
    cfg.IntOpt(
        'attempts',
        default=7,
        min=1,
        help='Number of times that a request to the object store is tried, '
        'with growing delays of 1 to 30 seconds, before the backup fails.',
    ),
    cfg.FloatOpt(
        'timeout',
        default=60.0,
        min=1,
        help='Seconds without a byte from the object store after which a '
        'request has failed.',
    ),
    cfg.IntOpt(
        'signed_lifetime',
        default=6 * 3600,
        min=60,
        max=7 * 86400,
        mutable=True,
        help='Seconds for which a guest agent may write a backup to Swift or '
        'S3 without a renewal. The task managers renew it after half of it, '
        'so a backup may take longer, but fails if all task managers are '
        'stopped for the other half.',
    ),
    cfg.StrOpt(
        'local_directory',
        default='/var/lib/trove/backups',
        help='Directory for backups of the storage strategy "local". The '
        'users that run the guest agents must be able to write there.',
    ),
    cfg.IntOpt(
        'local_min_free',
        default=256,
        min=0,
        help='MiB that stay free in the file system of local_directory: a '
        'backup that would take them fails.',
    ),
    cfg.StrOpt(
        's3_endpoint',
        sample_default='https://s3.example.org',
        help='URL of what speaks S3. Unset, it is that of Amazon.',
    ),
    cfg.StrOpt(
        's3_region',
        default='us-east-1',
        help='Region of the bucket.',
    ),
    cfg.StrOpt(
        's3_bucket',
        default='trove-backups',
        help='Bucket for the backups of all projects; each container is a '
        'folder of it. It must exist.',
    ),
    cfg.StrOpt(
        's3_access_key',
        help='Access key for the bucket. Unset, boto3 looks for one where it '
        'always does.',
    ),
    cfg.StrOpt(
        's3_secret_key',
        secret=True,
        help='Secret of s3_access_key. Whoever can read it can read all '
        'backups: set it for the API and the task managers only. Guest agents '
        'get signed URLs.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(DEFAULT_OPTS)
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', DEFAULT_OPTS), (GROUP, OPTS)]
