# SPDX-License-Identifier: Apache-2.0
"""The commands of ``trove-manage`` for encryption keys."""

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

#: Report the progress after this many instances and messages.
_STEP = 1000

_KEYS = """\
# Keys for messages between the services of Trove. All APIs, task managers,
# conductors and trove-rpc must use the same ones. Generate them once, and pass
# this file to each with an additional --config-file, or copy it to
# /etc/trove/trove.conf.d/. Guests do not need it: each has its own key.
#
# These keys allow to read and forge messages, so restrict access to this file.
# Keep a backup: without inst_rpc_key_encr_key, all existing guests become
# unreachable, and without module_aes_cbc_key the contents of modules cannot be
# read. Never replace the keys in it, and never add more.
[DEFAULT]
taskmanager_rpc_encr_key = {taskmanager}
inst_rpc_key_encr_key = {instances}
module_aes_cbc_key = {modules}
"""

_INSTANCE = """\
# Key for messages to and from the guest agent of instance {instance}.
# It allows to read and forge them, so restrict access to this file.
[DEFAULT]
enable_secure_rpc_messaging = true
instance_rpc_encr_key = {key}
"""


def generate_keys(conf: cfg.ConfigOpts) -> None:
    text = _KEYS.format(
        taskmanager=crypto.generate_key(),
        instances=crypto.generate_key(),
        modules=crypto.generate_key(),
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
        # A key that is in no file cannot be installed in the guest later.
        target.flush()
        instance_keys.give(conf, instance_id, key)
    texts.say(
        f'Instance {instance_id} has a key, and its guest agent is sent '
        f'encrypted messages only from now on. Pass {path} to the agent as '
        'its last --config-file, and restart it.'
    )


def reencrypt_keys(conf: cfg.ConfigOpts) -> None:
    progress = reencryption.Progress()
    for progress in reencryption.run(conf):
        if progress.count % _STEP == 0:
            texts.say(
                f'{progress.count} checked, {progress.done} re-encrypted.'
            )
    texts.say(
        f'Re-encrypted {progress.done} instances and messages with '
        f'inst_rpc_key_encr_key; {progress.before} used it already.'
    )
    if progress.unreadable:
        for name in progress.unreadable:
            texts.say(f'Cannot decrypt: {name}', file=sys.stderr)
        raise exception.SealError(
            f'{len(progress.unreadable)} cannot be decrypted with any of the '
            'keys. Add their key to inst_rpc_key_encr_key_further, and repeat '
            'the command.'
        )
    if conf.inst_rpc_key_encr_key_further:
        texts.say(
            'Once all services use this inst_rpc_key_encr_key, '
            'inst_rpc_key_encr_key_further can be removed.'
        )


def add_commands(
    add: Callable[
        [Callable[[cfg.ConfigOpts], None], str], argparse.ArgumentParser
    ],
) -> None:
    parser = add(
        generate_keys,
        'Generate the keys for messages between services, as a part of a '
        'configuration file. Does not need the database.',
    )
    parser.add_argument(
        '--file',
        dest='target',
        help='Write the keys to this new file, readable only by you, instead '
        'of standard output.',
    )
    parser = add(
        create_instance_key,
        'Generate a key for an instance without one, to be installed '
        'manually: stop the guest agent, run this command, copy the file to '
        'the agent, start it.',
    )
    parser.add_argument('instance', help='ID of the instance.')
    parser.add_argument(
        '--file',
        dest='target',
        required=True,
        help='Write the key to this new file, readable only by you.',
    )
    add(
        reencrypt_keys,
        'Re-encrypt the keys of guests, and rejected messages, with '
        'inst_rpc_key_encr_key, where one of inst_rpc_key_encr_key_further '
        'encrypts them. It may be repeated, interrupted, and run while '
        'services with both keys are running.',
    )
