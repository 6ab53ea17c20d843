# SPDX-License-Identifier: Apache-2.0
"""A process that reads messages, and ends where one of them is poison.

Run with the URL of a broker, the kind of its queues, which is part of their
names: ``classic``, ``quorum`` or ``stream``, which is for what goes to all,
and the URL of the database for what it could not take. It writes a line when
it listens, and one for each message that it takes: what it says, and by how
many MiB the process has grown.
"""

from __future__ import annotations

import os
import pkgutil
import resource
import signal
import sys
import threading
from unittest import mock

from oslo_config import cfg
import oslo_messaging

from trove import conf as trove_conf
from trove.common import rpc
from trove.db import session
from trove.peers import rejections
from trove.tests.unit.common.rpc import sample

READ = 'trove.common.rpc._message.unpack'

read = pkgutil.resolve_name(READ)


def unpack(body):
    if 'poison' in str(body[:1000]):
        os.kill(os.getpid(), signal.SIGKILL)
    return read(body)


def size():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def say(text):
    sys.stdout.write(f'{text}\n')
    sys.stdout.flush()


class Manager(sample.Manager):
    def drop(self, context, what):
        say(f'took {what} {size() - before}')


conf = cfg.CONF
trove_conf.register_opts(conf)
conf([], default_config_files=[])
url, kind, database = sys.argv[1:]
oslo_messaging.get_rpc_transport(conf, url=url)
if kind == 'quorum':
    conf.set_override(
        'rabbit_quorum_queue', True, group='oslo_messaging_rabbit'
    )
if kind == 'stream':
    for name, value in {
        'rabbit_stream_fanout': True,
        'rabbit_qos_prefetch_count': 10,
        'rabbit_transient_quorum_queue': True,
        'use_queue_manager': True,
        'hostname': 'victim',
        'processname': 'victim',
    }.items():
        conf.set_override(name, value, group='oslo_messaging_rabbit')
# One exchange cannot be both durable and not.
conf.set_override('control_exchange', kind)
conf.set_override('connection', database, 'database')
session.configure(conf)
transport = rpc.Transport(
    conf,
    {'guestagent': lambda peer: '1.10'},
    url,
    rejected=rejections.Recorder(conf, 'conductor'),
)
server = transport.server(Manager(), host='x', peer=kind)
with mock.patch(READ, unpack):
    before = size()
    server.start()
    say('listens')
    threading.Event().wait()
