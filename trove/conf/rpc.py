# SPDX-License-Identifier: Apache-2.0
"""Options of the messages between the services."""

from __future__ import annotations

from oslo_config import cfg

from trove.conf import rabbit

_LEVEL_HELP = (
    'Highest version of the {name} interface that this process may send {to}. '
    '"auto" detects the version of each peer and needs no changes during an '
    'upgrade. The name of a release (for example "wallaby" or "2026.2") or a '
    'version (for example "1.1") is an additional upper limit: the lower of '
    'the two applies.'
)

UPGRADE_LEVELS: list[cfg.Opt] = [
    cfg.StrOpt(
        name,
        default='auto',
        mutable=True,
        help=_LEVEL_HELP.format(name=name, to=to),
    )
    for name, to in (
        ('taskmanager', 'to the task managers'),
        ('guestagent', 'to guest agents'),
        ('conductor', 'to the conductors'),
    )
]

UPGRADE_LEVELS.append(
    cfg.IntOpt(
        'refresh_interval',
        default=10,
        min=1,
        mutable=True,
        help='Seconds for which the version of a peer is cached before it is '
        'looked up again. The cached version is dropped at once when the peer '
        'rejects a version as unsupported.',
    )
)

MESSAGING: list[cfg.Opt] = [
    cfg.StrOpt(
        'taskmanager_queue',
        default='taskmanager',
        help='Topic of the task managers.',
    ),
    cfg.StrOpt(
        'conductor_queue',
        default='trove-conductor',
        help='Topic of the conductors.',
    ),
    cfg.IntOpt(
        'agent_call_low_timeout',
        default=15,
        min=1,
        help='Timeout in seconds for calls of a guest agent that it carries '
        'out at once, such as listing users.',
    ),
    cfg.IntOpt(
        'agent_call_high_timeout',
        default=180,
        min=1,
        help='Timeout in seconds for calls of a guest agent that take long, '
        'such as a restart of the database.',
    ),
    cfg.IntOpt(
        'rpc_send_attempts',
        default=2,
        min=1,
        help='Maximum number of retries of a message that the message broker '
        'does not accept, after which the send fails. The first retry comes '
        'after one second, and each interval is two seconds longer than the '
        'last.',
    ),
    cfg.BoolOpt(
        'rpc_own_account',
        default=False,
        help='Whether the transport_url of this guest agent uses its own '
        'broker account, which reaches only its own queues. It is set '
        'together with transport_url, by the control plane or by '
        '"trove-manage guest_account_create".',
    ),
    cfg.IntOpt(
        'rpc_confirm_timeout',
        default=5,
        min=1,
        help='Timeout in seconds for the message broker to confirm a message. '
        'The broker does not confirm while it lacks memory or disk space; the '
        'send then fails as if the broker were down. The same timeout applies '
        'to connecting, over all hosts of transport_url together, and to '
        'closing a connection.',
    ),
    cfg.IntOpt(
        'rejected_per_instance',
        default=1000,
        min=1,
        mutable=True,
        help='Maximum number of rejected messages per instance that are '
        'stored for a replay ("trove-rpc rejected list"), and of unreadable '
        'messages of unknown origin. Further ones are only counted.',
    ),
]

_GENERATE = (
    'Generate it with "trove-manage generate_keys"; there is no default.'
)

SEALING: list[cfg.Opt] = [
    cfg.BoolOpt(
        'enable_secure_rpc_messaging',
        default=True,
        help='Encrypt messages. Without the required keys the service refuses '
        'to start. The control plane writes the value into the files of new '
        'guests; all services and existing guests must use the same one.',
    ),
    cfg.StrOpt(
        'taskmanager_rpc_encr_key',
        secret=True,
        help='Key for messages to the task managers. All services of the '
        f'control plane must use the same one. {_GENERATE}',
    ),
    cfg.StrOpt(
        'inst_rpc_key_encr_key',
        secret=True,
        help='Key that encrypts the keys of the guests, and rejected '
        'messages, in the database. All services of the control plane must '
        f'use the same one. {_GENERATE}',
    ),
    cfg.ListOpt(
        'inst_rpc_key_encr_key_further',
        default=[],
        secret=True,
        help='Previous keys that may still encrypt keys of guests and '
        'rejected messages in the database, separated by commas. Needed while '
        'inst_rpc_key_encr_key is rotated. See "trove-manage reencrypt_keys".',
    ),
    cfg.StrOpt(
        'instance_rpc_encr_key',
        secret=True,
        help='Key for messages to and from this guest agent. The control '
        'plane generates it and writes it into guest_info.conf.',
    ),
    cfg.StrOpt(
        'rpc_seal_minimum',
        default='released',
        choices=[
            (
                'released',
                'also the encryption of releases up to 2026.2, for peers that '
                'support nothing else; it does not authenticate the sender',
            ),
            (
                'authenticated',
                'only encryption that authenticates origin, destination and '
                'time; peers without it are refused',
            ),
        ],
        mutable=True,
        help='Weakest encryption that is sent and accepted. Set it to '
        'authenticated when no service and no guest of a release before '
        '2027.1 is left: until then, an attacker with control of the message '
        'broker can downgrade peers to the released encryption.',
    ),
    cfg.IntOpt(
        'rpc_message_max_age',
        default=86400,
        min=60,
        help='Maximum age in seconds of an authenticated message. It must '
        'cover the clock skew between control plane and guests (about a '
        'minute) and the time that a message waits in its queue. Accepted '
        'messages are remembered for this long to detect replays, so after a '
        'restart with a higher value, copies of older messages may be '
        'accepted once until the new value has passed.',
    ),
    cfg.IntOpt(
        'rpc_max_message_bytes',
        default=16 * 1024 * 1024,
        min=65536,
        mutable=True,
        help='Maximum size in bytes of a message or reply. Larger ones are '
        'rejected without a copy. It is also the maximum size of all messages '
        'together that wait for a thread.',
    ),
    cfg.IntOpt(
        'rpc_key_overlap',
        default=86400,
        min=60,
        mutable=True,
        help='Seconds for which the previous key of a guest is accepted after '
        'a rotation, so that messages in flight are not lost. Not less than '
        'the time that messages wait in queues.',
    ),
    cfg.FloatOpt(
        'probe_timeout',
        default=5,
        min=0.1,
        mutable=True,
        help='Timeout in seconds of a probe that asks a peer for its version '
        'of an interface.',
    ),
    cfg.IntOpt(
        'probe_at_once',
        default=2500,
        min=1,
        mutable=True,
        help='Maximum number of concurrent probes that a task manager sends '
        'to guest agents which announce no version. Each probe without an '
        'answer occupies one for probe_timeout seconds. The number is reduced '
        'while answers are slower than that.',
    ),
]


def set_defaults() -> None:
    """Set defaults of oslo.messaging, for the sample and the reference."""
    rabbit.set_defaults()


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(MESSAGING)
    conf.register_opts(SEALING)
    conf.register_opts(UPGRADE_LEVELS, group='upgrade_levels')


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [
        ('DEFAULT', MESSAGING + SEALING),
        ('upgrade_levels', UPGRADE_LEVELS),
    ]
