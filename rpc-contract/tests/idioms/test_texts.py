# SPDX-License-Identifier: Apache-2.0
"""Texts that are put together, and dictionaries that are asked."""

from __future__ import annotations

from tests import handwritten

_TOPIC = """
from oslo_config import cfg

CONF = cfg.CONF
PREFIX = 'cel'
TOPIC = PREFIX + 'lar'
OPTS = [cfg.StrOpt('topic', default='cellar')]
cfg.CONF.register_opts(OPTS, group='wines')

class API:
    def __init__(self, topic=None):
        self.topic = {topic}
        self.client = get_client(messaging.Target(topic=self.topic))

    def store(self, ctxt):
        self.client.prepare(version='1.0').cast(ctxt, 'store')

class Manager:
    target = messaging.Target(version='1.0')

    def store(self, ctxt):
        ...
"""


class TopicsTest(handwritten.TestCase):
    def test_they_are_known_by_their_value(self) -> None:
        for topic in (
            "'cellar'",
            'TOPIC',
            "PREFIX + 'lar'",
            "f'{PREFIX}lar'",
            "'%slar' % PREFIX",
            "'%s%s' % (PREFIX, 'lar')",
            "'{}lar'.format(PREFIX)",
            'CONF.wines.topic',
            'cfg.CONF.wines.topic',
        ):
            with self.subTest(topic):
                source = _TOPIC.replace('{topic}', topic)

                self.assertEqual('cellar', self.client(source).topic)

    def test_option_without_a_default_is_known_by_its_name(self) -> None:
        for topic in ('CONF.reds.topic', 'cfg.CONF.reds.topic'):
            source = _TOPIC.replace('{topic}', topic)

            self.assertEqual(
                'the option reds.topic', self.client(source).topic
            )

    def test_the_same_written_otherwise_is_no_change(self) -> None:
        older = _TOPIC.replace('{topic}', "'cellar'")
        newer = _TOPIC.replace('{topic}', 'CONF.wines.topic')

        self.assertEqual(set(), self.found(newer, older))

    def test_another_value_is_one(self) -> None:
        older = _TOPIC.replace('{topic}', "'cellar'")
        newer = _TOPIC.replace('{topic}', "f'{TOPIC}-2'")

        self.assertIn(('topic-changed', ''), self.found(newer, older))


class MethodsTest(handwritten.TestCase):
    def test_name_that_is_put_together(self) -> None:
        for name in (
            "f'{self.VERB}_wine'",
            "self.VERB + '_wine'",
            "'%s_wine' % self.VERB",
            "'store.wine'.replace('.', '_')",
            "'_'.join([self.VERB, 'wine'])",
        ):
            with self.subTest(name):
                contract = self.client(f"""
class API:
    VERB = 'store'

    def store(self, ctxt):
        self.client.prepare(version='1.0').cast(ctxt, {name})
""")

                self.assertEqual(
                    ['cast store_wine 1.0'], handwritten.told(contract)
                )
                self.assertEqual((), contract.unread)


class DictionariesTest(handwritten.TestCase):
    def read(self, *lines: str) -> list[str]:
        body = ''.join(f'        {line}\n' for line in lines)
        return handwritten.told(
            self.client(f"""
class API:
    def store(self, ctxt, wine):
        message = {{'name': 'store', 'wine': wine}}
{body}
""")
        )

    def test_get_gives_what_is_there_or_the_default(self) -> None:
        for key, told in (
            ("'name'", 'store'),
            ("'other', 'air'", 'air'),
            ("'name', 'air'", 'store'),
        ):
            with self.subTest(key):
                found = self.read(
                    f'name = message.get({key})',
                    "self.client.prepare(version='1.0').cast(ctxt, name)",
                )

                self.assertEqual([f'cast {told} 1.0'], found)

    def test_get_of_what_may_be_there_gives_either(self) -> None:
        found = self.read(
            'if wine.old:',
            "    message['verb'] = 'keep'",
            "name = message.get('verb', 'drink')",
            "self.client.prepare(version='1.0').cast(ctxt, name)",
        )

        self.assertEqual({'cast keep 1.0', 'cast drink 1.0'}, set(found))
