# SPDX-License-Identifier: Apache-2.0
"""A guest says what would be lines of the log, or orders for a terminal."""

from __future__ import annotations

import inspect
import io
import logging
import time
import uuid

from oslo_config import cfg
from oslo_log import formatters
from oslo_log import log

from trove import peers
from trove.common import logs
from trove.conductor import api
from trove.conductor import service
from trove.objects.guest import guest_versions
from trove.objects.keys import instance_keys
from trove.peers import connection
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting
from trove.tests.fixtures import wiretap
from trove.tests.unit.objects import base

WORDS = (
    'x\n1999-11-28 12:00:00.000 1 ERROR trove.fake [-] fake line'
    '\r\x1b[2J\x1b]0;title\x07\x9b31m\u202e\u2028\x85\v\f'
)


def variants(value):
    """A value in whose places, one after the other, the words stand."""
    yield WORDS
    if isinstance(value, dict):
        yield {WORDS: WORDS}
        for key, inner in value.items():
            for changed in variants(inner):
                yield value | {key: changed}
    elif isinstance(value, list):
        yield [WORDS]


class HostileWordsTest(base.TestCase):
    def setUp(self):
        super().setUp()
        broker = self.useFixture(rabbitmq.VirtualHost())
        self.config(
            enable_secure_rpc_messaging=True,
            taskmanager_rpc_encr_key='T' * 32,
            inst_rpc_key_encr_key='I' * 32,
            transport_url=broker.url,
        )
        self.output = self.log()
        conductor = service.Conductor(self.conf)
        self.addCleanup(conductor.stop)
        conductor.start()
        control = peers.transport(self.conf)
        self.addCleanup(control.close)
        self.instance = self.create().id
        instance_keys.create(self.conf, self.instance)
        transport = connection.as_guest(control, self.instance)
        self.guest = api.API(transport, timeout=30)
        self.wire = self.useFixture(
            wiretap.Wiretap(broker.url, self.conf.conductor_queue)
        )

    def log(self):
        """What a service would write into its file."""
        before = logging.getLogRecordFactory()
        logs.install()
        self.addCleanup(logging.setLogRecordFactory, before)
        options = cfg.ConfigOpts()
        log.register_options(options)
        options([], default_config_files=[])
        output = io.StringIO()
        handler = logging.StreamHandler(output)
        handler.setFormatter(formatters.ContextFormatter(config=options))
        logging.getLogger().addHandler(handler)
        self.addCleanup(logging.getLogger().removeHandler, handler)
        return output

    def honest(self):
        """Arguments of all methods, by their names."""
        notification = {'instance_id': self.instance, 'request_id': 'req-1'}
        return {
            'instance_id': self.instance,
            'payload': {'service_status': 'healthy', 'rpc_version': '1.4'},
            'sent': time.time(),
            'backup_id': str(uuid.uuid4()),
            'backup_fields': {'state': 'FAILED', 'note': 'x'},
            'user': 'root',
            'serialized_notification': notification,
            'notification_args': {'x': 'y'},
            'message': 'it failed',
            'exception': ['Traceback', 'ValueError'],
            'rejection': {
                'interface': 'guestagent',
                'peer': self.instance,
                'sender': None,
                'method': 'polish',
                'version': '1.9',
                'kind': 'cast',
                'cause': 'version',
                'reason': 'x',
                'arguments': {'of': 'wood'},
                'request_id': 'req-1',
                'id': str(uuid.uuid4()),
                'time': time.time(),
            },
        }

    def attempts(self, method):
        """Arguments of a method, each with the words in one place."""
        names = [
            name
            for name in inspect.signature(method).parameters
            if name != 'context'
        ]
        values = {k: v for k, v in self.honest().items() if k in names}
        for name in names:
            for changed in variants(values.get(name)):
                yield values | {name: changed}

    def test_nothing_that_a_guest_says_becomes_a_line(self):
        count = 0
        for name in api.API.interface.methods:
            for arguments in self.attempts(getattr(self.guest, name)):
                fields = arguments.pop('backup_fields', None)
                more = fields if isinstance(fields, dict) else {}
                try:
                    getattr(self.guest, name)(
                        self.context, **arguments, **more
                    )
                except Exception:  # noqa: BLE001
                    # That it is refused is as good.
                    continue
                count += 1
        said = {'method': WORDS, 'version': WORDS, 'args': {WORDS: WORDS}}
        self.wire.say(said)
        self.wire.say(said, method='heartbeat')
        self.wire.say(said, _context_request_id=WORDS, _context_user=WORDS)
        self.wire.say(said, _msg_id=WORDS, _reply_q=f'reply_{WORDS}')
        self.guest.heartbeat(
            self.context,
            self.instance,
            {'service_status': 'healthy', 'rpc_version': '1.3'},
            sent=time.time() + 1,
        )
        waiting.until(
            lambda: guest_versions.guest_version(self.instance) == '1.3',
            'all before it was taken',
        )

        self.assertGreater(count, 10)
        lines = self.output.getvalue().split('\n')
        self.assertGreater(len(lines), 5)
        for line in lines:
            self.assertTrue(line.isprintable(), line)
            self.assertFalse(line.startswith('1999'), line)
        self.assertIn('fake line', self.output.getvalue())
