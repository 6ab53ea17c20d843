# SPDX-License-Identifier: Apache-2.0
"""The commands of ``trove-manage`` that have to do with keys."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import sys

from oslo_config import cfg

from trove.cmd import _files
from trove.common import crypto
from trove.common import exception
from trove.common import text as texts
from trove.objects.keys import instance_keys
from trove.objects.keys import reencryption

#: Of how many instances and messages the progress is told.
_STEP = 1000

_KEYS = """\
# Keys of the messages between the services of Trove. All APIs, task managers,
# conductors and trove-rpc need the same ones. Make them once, and name this
# file with another --config-file of each, or put it into
# /etc/trove/trove.conf.d/. Guests do not need it: each gets a key of its own.
#
# Who has these keys can read and forge messages, so nobody else may read this
# file. Keep a copy of it: without inst_rpc_key_encr_key, no guest that exists
# can be talked to any more. Never replace it by new keys, nor add some to it.
[DEFAULT]
taskmanager_rpc_encr_key = {taskmanager}
inst_rpc_key_encr_key = {instances}
"""

_INSTANCE = """\
# Key of the messages to and from the guest agent of instance {instance}.
# Who has it can read and forge them, so nobody else may read this file.
[DEFAULT]
enable_secure_rpc_messaging = true
instance_rpc_encr_key = {key}
"""


def generate_keys(conf: cfg.ConfigOpts) -> None:
    text = _KEYS.format(
        taskmanager=crypto.generate_key(), instances=crypto.generate_key()
    )
    path = conf.command.target
    if path is None:
        texts.say(text, end='')
        return
    with _files.new(path) as target:
        target.write(text)
    texts.say(f'The keys are in {path}.')


def create_instance_key(conf: cfg.ConfigOpts) -> None:
    instance_id, path = conf.command.instance, conf.command.target
    key = crypto.generate_key()
    with _files.new(path) as target:
        target.write(_INSTANCE.format(instance=instance_id, key=key))
        # What is in no file cannot be given to the guest any more.
        target.flush()
        instance_keys.give(conf, instance_id, key)
    texts.say(
        f'Instance {instance_id} has a key, and from now on its guest agent '
        f'is sent nothing in the clear. Give the agent {path}, as its last '
        '--config-file, and start it again.'
    )


def reencrypt_keys(conf: cfg.ConfigOpts) -> None:
    progress = reencryption.Progress()
    for progress in reencryption.run(conf):
        if progress.count % _STEP == 0:
            texts.say(
                f'{progress.count} looked at, {progress.done} encrypted.'
            )
    texts.say(
        f'{progress.done} instances and messages were encrypted with '
        f'inst_rpc_key_encr_key, {progress.before} were so before.'
    )
    if progress.unreadable:
        for name in progress.unreadable:
            texts.say(f'Not readable: {name}', file=sys.stderr)
        raise exception.SealError(
            f'{len(progress.unreadable)} are encrypted with none of the keys. '
            'Add the one that they were encrypted with to '
            'inst_rpc_key_encr_key_further, and repeat the command.'
        )
    if conf.inst_rpc_key_encr_key_further:
        texts.say(
            'When all services have this inst_rpc_key_encr_key, '
            'inst_rpc_key_encr_key_further is no longer needed.'
        )


def add_commands(
    add: Callable[
        [Callable[[cfg.ConfigOpts], None], str], argparse.ArgumentParser
    ],
) -> None:
    parser = add(
        generate_keys,
        'Make new keys for the messages between the services, as part of a '
        'configuration file. The database is not needed.',
    )
    parser.add_argument(
        '--file',
        dest='target',
        help='Write them into this new file, which only you may read, and '
        'not to standard output.',
    )
    parser = add(
        create_instance_key,
        'Make a key for an instance that has none. Its guest agent gets it '
        'by your hand: stop the agent, run this, give it the file, start it.',
    )
    parser.add_argument('instance', help='Id of the instance.')
    parser.add_argument(
        '--file',
        dest='target',
        required=True,
        help='Write it into this new file, which only you may read.',
    )
    add(
        reencrypt_keys,
        'Encrypt the keys of the guests, and rejected messages, with '
        'inst_rpc_key_encr_key, where they are encrypted with one of '
        'inst_rpc_key_encr_key_further. Safe to repeat, to interrupt, and '
        'while services run that have both keys.',
    )
