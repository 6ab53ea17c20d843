# SPDX-License-Identifier: Apache-2.0
"""Options of the messages between the services."""

from __future__ import annotations

from oslo_config import cfg

from trove.conf import rabbit

_LEVEL_HELP = (
    'Highest version of the {name} interface that this process may send '
    '{to}. "auto" finds out by itself what each peer speaks and needs no '
    'attention during an upgrade. The name of a release (for example '
    '"wallaby" or "2026.2") or a version (for example "1.1") is an upper '
    'limit on top of that: the lower of the two holds.'
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
        ('guestagent', 'to any guest agent'),
        ('conductor', 'to the conductors'),
    )
]

UPGRADE_LEVELS.append(
    cfg.IntOpt(
        'refresh_interval',
        default=10,
        min=1,
        mutable=True,
        help='Seconds for which the version that a peer speaks is remembered '
        'before it is looked up again. It is forgotten at once when the peer '
        'says that it does not support a version.',
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
        help='Seconds to wait for the answer of a guest agent to something '
        'that it does at once, such as listing users.',
    ),
    cfg.IntOpt(
        'agent_call_high_timeout',
        default=180,
        min=1,
        help='Seconds to wait for the answer of a guest agent to something '
        'that takes its time, such as a restart of the database.',
    ),
    cfg.IntOpt(
        'rpc_send_attempts',
        default=2,
        min=1,
        help='How often a message is offered anew to a message broker that '
        'does not take it, before the sender is told so: the first time after '
        'a second, then every time two seconds later than the time before.',
    ),
    cfg.BoolOpt(
        'rpc_own_account',
        default=False,
        help='Whether transport_url of this guest agent names a broker '
        'account of its own, which reaches no queue of anybody else. Who '
        'makes the account sets it together with transport_url: the control '
        'plane, or "trove-manage guest_account_create".',
    ),
    cfg.IntOpt(
        'rpc_confirm_timeout',
        default=5,
        min=1,
        help='Seconds to wait until the message broker confirms that it has a '
        'message. It does not while it lacks memory or disk space; then the '
        'sender is told so, as when it is away. As long may it take to '
        'connect to it, by all hosts of transport_url together, and to close '
        'a connection.',
    ),
    cfg.IntOpt(
        'rejected_per_instance',
        default=1000,
        min=1,
        mutable=True,
        help='How many messages of one instance that could not be taken, and '
        'of all that could not be read and may be of anybody, wait each in a '
        'row of its own, to be sent again ("trove-rpc rejected list"). '
        'Further ones are only counted.',
    ),
]

_GENERATE = (
    'Generate it with "trove-manage generate_keys"; there is no default.'
)

SEALING: list[cfg.Opt] = [
    cfg.BoolOpt(
        'enable_secure_rpc_messaging',
        default=True,
        help='Whether messages are encrypted. Without the keys that this '
        'needs the service refuses to start. The control plane writes the '
        'value into the files of new guests; all services and the guests '
        'that were made before must have the same one.',
    ),
    cfg.StrOpt(
        'taskmanager_rpc_encr_key',
        secret=True,
        help='Key of the messages to the task managers. The same for all '
        f'services of the control plane. {_GENERATE}',
    ),
    cfg.StrOpt(
        'inst_rpc_key_encr_key',
        secret=True,
        help='Key that the keys of the guests, and rejected messages, are '
        'encrypted with in the database. The same for all services of the '
        f'control plane. {_GENERATE}',
    ),
    cfg.ListOpt(
        'inst_rpc_key_encr_key_further',
        default=[],
        secret=True,
        help='Further keys that keys of guests and rejected messages in the '
        'database may be encrypted with, while inst_rpc_key_encr_key is '
        'exchanged for another one; separated by commas. See '
        '"trove-manage reencrypt_keys".',
    ),
    cfg.StrOpt(
        'instance_rpc_encr_key',
        secret=True,
        help='Key of the messages to and from this guest agent. The control '
        'plane generates it and writes it into guest_info.conf.',
    ),
    cfg.StrOpt(
        'rpc_seal_minimum',
        default='released',
        choices=[
            (
                'released',
                'also as releases up to 2026.2 do it, for peers that know '
                'nothing better; no proof where a message comes from',
            ),
            (
                'authenticated',
                'only with proof of origin, destination and time; peers that '
                'do not know it are not spoken to',
            ),
        ],
        mutable=True,
        help='Weakest encryption that is sent and taken. Set it to '
        'authenticated when no service and no guest is of a release before '
        '2027.1: until then, who controls the message broker can make peers '
        'use the released one.',
    ),
    cfg.IntOpt(
        'rpc_message_max_age',
        default=86400,
        min=60,
        help='Seconds after which an authenticated message is not taken any '
        'more. The clocks of control plane and guests may differ by a minute '
        'or so, and a message may wait in its queue. What was taken is '
        'remembered for that long, so after a restart with a higher value '
        'copies of older messages may be taken once more, until the new '
        'value is over.',
    ),
    cfg.IntOpt(
        'rpc_max_message_bytes',
        default=16 * 1024 * 1024,
        min=65536,
        mutable=True,
        help='Size in bytes of the largest message or reply that is taken. '
        'Nothing of a larger one is kept. As many bytes of messages may wait '
        'for a thread that carries them out.',
    ),
    cfg.IntOpt(
        'rpc_key_overlap',
        default=86400,
        min=60,
        mutable=True,
        help='Seconds for which the old key of a guest is accepted after it '
        'got a new one, so that messages which were on their way are not '
        'lost. Not less than messages wait in queues.',
    ),
    cfg.FloatOpt(
        'probe_timeout',
        default=5,
        min=0.1,
        mutable=True,
        help='Seconds to wait for the answer of a peer that is asked which '
        'version of an interface it speaks.',
    ),
    cfg.IntOpt(
        'probe_at_once',
        default=2500,
        min=1,
        mutable=True,
        help='How many guest agents that announce nothing a task manager asks '
        'at the same time, at most, which version they speak. One that does '
        'not answer takes its place for probe_timeout seconds. Fewer are '
        'asked as long as answers come later than that.',
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
