# SPDX-License-Identifier: Apache-2.0
"""What is read of a message, and what is not."""

from __future__ import annotations

import json

from trove.common.rpc import _message
from trove.tests import base
from trove.tests.fixtures import wiretap


class TestUnpack(base.TestCase):
    def refused(self, body):
        error = self.assertRaises(
            _message.Unreadable, _message.unpack, body
        )
        return error.cause

    def test_an_honest_message(self):
        message = {
            'method': 'x',
            'args': {'a': [1, -2.5, None, True, 'ä\U0001f600', {}]},
            '_context_user': 'x',
            '_timeout': 60,
            '_msg_id': 'a' * 32,
            '_reply_q': None,
        }
        body = wiretap.envelope(message)

        self.assertEqual(message, _message.unpack(body)[0])
        self.assertEqual(message, _message.unpack(body.encode())[0])

    def test_numbers(self):
        for number in ('9' * 41, '-1e400', '1e400', 'NaN', 'Infinity'):
            self.assertEqual('form', self.refused(f'{{"a": {number}}}'))
        for number in (2**63, -(2**63), 1.7976931348623157e308, 5e-324):
            body = json.dumps({'a': number})
            self.assertEqual({'a': number}, _message.unpack(body)[0])

    def test_types_of_kombu_stay_what_they_are(self):
        body = '{"a": {"__type__": "bytes", "__value__": "eA=="}}'

        self.assertEqual(json.loads(body), _message.unpack(body)[0])

    def test_too_many_values(self):
        most = _message.MOST_VALUES

        self.assertEqual('size', self.refused('[' + '0,' * most + '0]'))
        self.assertEqual('size', self.refused('[' * (most + 1)))
        self.assertEqual('form', self.refused('{"a":' * 101 + '}' * 101))

    def test_a_failure_without_its_traceback(self):
        failure = {
            'class': 'ValueError',
            'module': 'builtins',
            'message': 'x' * 100_000,
            'tb': ['y' * 100_000],
            'args': ['x'],
            'kwargs': {'x': 1},
        }
        body = wiretap.envelope({'failure': json.dumps(failure)})

        content, _ = _message.unpack(body)

        kept = json.loads(content['failure'])
        self.assertEqual({'class', 'module', 'message'}, kept.keys())
        self.assertEqual(16_384, len(kept['message']))
