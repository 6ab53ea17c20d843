# SPDX-License-Identifier: Apache-2.0
"""Nobody but us writes lines into the log.

All log calls of the tree are made here, with arguments that try it.
"""

from __future__ import annotations

import ast
import io
import json
import logging
import pathlib
import re

from oslo_config import cfg
from oslo_log import formatters
from oslo_log import log

import trove
from trove.common import context as trove_context
from trove.common import logs
from trove.tests import base

HOSTILE = (
    'x\n1999-11-28 12:00:00.000 1 ERROR trove.fake [-] fake line'
    '\r\x1b[2J\x1b]0;title\x07\x9b31m\u202e\u2028\u2029\x85\v\f\0\ud800'
)
_LEVELS = ('debug', 'info', 'warning', 'error', 'exception', 'critical')
_OTHER = re.compile(r'\blogging\.(info|warning|error|exception)\(')
_PLACE = re.compile(r'%(?:\((\w+)\))?[-#0 +]*\d*(?:\.\d+)?([a-zA-Z%])')


def calls():
    """All log calls of Trove: where they are, and their text."""
    top = pathlib.Path(trove.__file__).parent
    for path in sorted(top.rglob('*.py')):
        if 'tests' in path.relative_to(top).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in (*_LEVELS, 'log')
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == 'LOG'
            ):
                yield f'{path}:{node.lineno}', node


def arguments(template):
    """Arguments for a text, of which all that are texts are hostile."""
    places = [p for p in _PLACE.findall(template) if p[1] != '%']
    values = [HOSTILE if kind in 'sr' else 1 for _, kind in places]
    names = [name for name, _ in places]
    if any(names):
        return (dict(zip(names, values, strict=True)),)
    return tuple(values)


class LogsTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        before = logging.getLogRecordFactory()
        logs.install()
        self.addCleanup(logging.setLogRecordFactory, before)
        # Of nobody else's.
        self.logger = logging.Logger('trove.test')  # noqa: LOG001
        self.outputs = []
        options = cfg.ConfigOpts()
        log.register_options(options)
        options([], default_config_files=[])
        for formatter in (
            logging.Formatter('%(asctime)s %(message)s'),
            formatters.ContextFormatter(config=options),
        ):
            output = io.StringIO()
            handler = logging.StreamHandler(output)
            handler.setFormatter(formatter)
            self.logger.addHandler(handler)
            self.outputs.append(output)

    def said(self):
        """The lines of each log since the last time."""
        for output in self.outputs:
            yield output.getvalue().splitlines()
            output.seek(0)
            output.truncate()

    def is_safe(self, lines, place=''):
        for line in lines:
            self.assertTrue(line.isprintable(), (place, line))
            self.assertNotRegex(line, r'^1999-11-28', place)


class TestCalls(LogsTestCase):
    def test_all_log_calls(self):
        count = 0
        for place, node in calls():
            template = node.args[node.func.attr == 'log']
            if not isinstance(template, ast.Constant):
                # What is worked out is escaped, too; the next test has it.
                continue
            count += 1
            self.logger.error(template.value, *arguments(template.value))
            for lines in self.said():
                self.assertEqual(1, len(lines), place)
                self.is_safe(lines, place)

        self.assertGreater(count, 100)

    def test_a_text_that_is_worked_out(self):
        said = f'It said {HOSTILE}'
        self.logger.error(said)

        for lines in self.said():
            self.assertEqual(1, len(lines))
            self.is_safe(lines)

    def test_no_log_call_is_made_in_another_way(self):
        top = pathlib.Path(trove.__file__).parent
        found = [
            str(path)
            for path in top.rglob('*.py')
            if 'tests' not in path.relative_to(top).parts
            and _OTHER.search(path.read_text())
        ]

        self.assertEqual([], found)

    def test_it_is_cut(self):
        self.logger.error('It said %s.', 'x' * 1_000_000)

        for lines in self.said():
            self.assertLess(len(lines[0]), 40_000)


class TestExceptions(LogsTestCase):
    def test_traceback(self):
        try:
            try:
                raise ValueError(HOSTILE)
            except ValueError as error:
                note = RuntimeError(HOSTILE)
                note.add_note(HOSTILE)
                raise note from error
        except RuntimeError:
            self.logger.exception('It failed.')

        for lines in self.said():
            self.is_safe(lines)
            self.assertIn('RuntimeError: x\\n1999', '\n'.join(lines))
            self.assertIn('ValueError: x\\n1999', '\n'.join(lines))
            self.assertIn('in test_traceback', '\n'.join(lines))

    def test_an_honest_exception_is_the_same(self):
        error = ValueError('no such thing')

        self.assertIs(error, logs.safe(error))

    def test_json(self):
        output = io.StringIO()
        handler = logging.StreamHandler(output)
        handler.setFormatter(formatters.JSONFormatter())
        self.logger.addHandler(handler)

        self.logger.error('It said %s', HOSTILE)

        (line,) = output.getvalue().splitlines()
        self.assertTrue(json.loads(line)['message'].isprintable())


class TestContext(LogsTestCase):
    def test_who_asks(self):
        trove_context.TroveContext.from_dict(
            dict.fromkeys(
                (
                    *('user', 'project_id', 'request_id', 'user_name'),
                    *('global_request_id', 'domain', 'resource_uuid'),
                ),
                HOSTILE,
            )
        )
        self.addCleanup(trove_context.TroveContext)

        self.logger.error('Said something.')

        for lines in self.said():
            self.assertEqual(1, len(lines))
            self.is_safe(lines)
