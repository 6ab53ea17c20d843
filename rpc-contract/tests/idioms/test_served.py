# SPDX-License-Identifier: Apache-2.0
"""Endpoints whose methods are not what their signatures say."""

from __future__ import annotations

from rpc_contract import projects
from tests import handwritten

_CLIENT = """
import functools

class API:
    def __init__(self):
        target = messaging.Target(topic='cellar', version='1.0')
        self.client = get_client(target)

    def store(self, ctxt, wine):
        self.client.cast(ctxt, 'store', wine=wine)

"""
_MANAGER = """
class Base:
    def store(self, ctxt, wine, shelf=None):
        ...

class Manager(Base):
    target = messaging.Target(version='1.0')

    def count(self, ctxt):
        ...

"""


def _manager(*lines: str, behind: str = '') -> str:
    body = '\n'.join(f'    {line}' for line in lines)
    return f'{_CLIENT}{_MANAGER}{body}\n\n{behind}\n'


class SignaturesTest(handwritten.TestCase):
    def test_methods_of_which_nothing_is_run(self) -> None:
        for what, lines, why in (
            (
                'async',
                ['async def store(self, ctxt, wine): ...'],
                'nobody awaits',
            ),
            (
                'generator',
                ['def store(self, ctxt, wine):', '    yield wine'],
                'generator',
            ),
            (
                'positional only',
                ['def store(self, ctxt, wine, /): ...'],
                'by name',
            ),
            (
                'a decorator that takes less',
                [
                    '@bare',
                    'def store(self, ctxt, wine): ...',
                ],
                'less by position',
            ),
        ):
            with self.subTest(what):
                decorator = (
                    'def bare(f):\n    def inner(self, **kw):\n'
                    '        return f(self, None, **kw)\n    return inner\n'
                )
                (found,) = self.check(f'{decorator}{_manager(*lines)}')

                self.assertEqual('not-served', found.rule)
                self.assertIn(why, found.message)

    def test_generator_within_is_none(self) -> None:
        lines = [
            'def store(self, ctxt, wine):',
            '    def walk():',
            '        yield wine',
            '    return list(walk())',
        ]

        self.assertEqual(set(), self.found(_manager(*lines)))

    def test_context_may_be_positional_only(self) -> None:
        line = 'def store(self, ctxt, /, wine): ...'

        self.assertEqual(set(), self.found(_manager(line)))

    def test_wrongly_static(self) -> None:
        found = self.found(
            _manager('@staticmethod', 'def store(self, ctxt, wine): ...')
        )

        self.assertEqual({('missing-argument', 'store(ctxt)')}, found)

    def test_self_is_missing(self) -> None:
        found = self.found(_manager('def store(ctxt, wine): ...'))

        self.assertEqual({('unknown-argument', 'store(wine)')}, found)

    def test_of_the_class(self) -> None:
        lines = ['@classmethod', 'def store(cls, ctxt, wine): ...']

        self.assertEqual(set(), self.found(_manager(*lines)))

    def test_property(self) -> None:
        lines = ['@property', 'def store(self): ...']

        self.assertEqual(
            {('not-served', 'store')}, self.found(_manager(*lines))
        )

    def test_last_definition_counts(self) -> None:
        lines = [
            '@typing.overload',
            'def store(self, ctxt, bottle): ...',
            'def store(self, ctxt, wine): ...',
        ]

        self.assertEqual(set(), self.found(_manager(*lines)))


class ReplacedTest(handwritten.TestCase):
    def test_deleted(self) -> None:
        """What a base has is there all the same."""
        define = 'def store(self, ctxt, bottle): ...'
        for what, lines, behind in (
            ('in the class', [define, 'del store'], ''),
            ('behind it', [define], 'del Manager.store'),
            ('by name', [define], "delattr(Manager, 'store')"),
        ):
            with self.subTest(what):
                source = _manager(*lines, behind=behind)

                self.assertEqual(set(), self.found(source))
                alone = source.replace('(Base)', '')
                self.assertEqual(
                    {('not-served', 'store')}, self.found(alone)
                )

    def test_replaced(self) -> None:
        define = 'def store(self, ctxt, wine): ...'
        other = 'def other(self, ctxt, bottle): ...'
        setting = "setattr(Manager, 'store', other)"
        for what, lines, behind in (
            ('in the class', [define, other, 'store = other'], ''),
            ('behind it', [define, other], 'Manager.store = Manager.other'),
            ('by a function', [define], f'{other}\nManager.store = other'),
            ('by name', [define], f"{other}\n{setting}"),
        ):
            with self.subTest(what):
                found = self.found(_manager(*lines, behind=behind))

                self.assertEqual(
                    {
                        ('unknown-argument', 'store(wine)'),
                        ('missing-argument', 'store(bottle)'),
                    },
                    found,
                )

    def test_what_cannot_be_followed_is_told(self) -> None:
        for what, lines, behind in (
            ('in the class', ['store = wrap(Base.store)'], ''),
            ('behind it', ['pass'], 'Manager.store = wrap(Base.store)'),
            ('lambda', ['store = lambda self, ctxt, wine: 1'], ''),
        ):
            with self.subTest(what):
                found = self.found(_manager(*lines, behind=behind))

                self.assertEqual({('partly-read', 'store')}, found)

    def test_no_function_is_not_served(self) -> None:
        self.assertEqual(
            {('not-served', 'store')}, self.found(_manager('store = None'))
        )


class DecoratorsTest(handwritten.TestCase):
    """The outermost function is the one that is called."""

    def of(self, decorator: str, signature: str) -> set[tuple[str, str]]:
        used = decorator.partition('\n')[0].strip().partition('def ')[2]
        name = used.partition('(')[0]
        call = f'{name}()' if used.endswith('():') else name
        return self.found(
            f'{decorator}{_manager(f"@{call}", f"def store{signature}: ...")}'
        )

    def test_context_is_taken(self) -> None:
        decorator = """def without_context(func):
    @functools.wraps(func)
    def inner(self, ctxt, *args, **kwargs):
        return func(self, *args, **kwargs)
    return inner
"""
        self.assertEqual(set(), self.of(decorator, '(self, wine)'))
        self.assertEqual(
            {('missing-argument', 'store(ctxt)')},
            self.of(decorator, '(self, ctxt, wine)'),
        )

    def test_everything_is_passed_on(self) -> None:
        decorator = """def traced():
    def outer(func):
        def inner(*args, **kwargs):
            return func(*args, **kwargs)
        return inner
    return outer
"""
        self.assertEqual(set(), self.of(decorator, '(self, ctxt, wine)'))
        self.assertEqual(
            {('unknown-argument', 'store(wine)')},
            self.of(decorator, '(self, ctxt)'),
        )

    def test_everything_is_passed_on_by_a_function_within(self) -> None:
        decorator = """def locked(func):
    def inner(*args, **kwargs):
        @lock(kwargs.get('wine'))
        def with_lock(*_args, **_kwargs):
            return func(*_args, **_kwargs)
        return with_lock(*args, **kwargs)
    return inner
"""
        self.assertEqual(set(), self.of(decorator, '(self, ctxt, wine)'))
        self.assertEqual(
            {('unknown-argument', 'store(wine)')},
            self.of(decorator, '(self, ctxt)'),
        )
        less = decorator.replace('with_lock(*args, **kwargs)', 'with_lock()')
        (found,) = self.of(less, '(self, ctxt, wine)')
        self.assertEqual(('not-served', 'store'), found)

    def test_argument_is_taken(self) -> None:
        for what, line in (
            ('a parameter', 'def inner(self, ctxt, wine, **kwargs):'),
            (
                'popped',
                "def inner(self, ctxt, **kwargs):\n        kwargs.pop('wine')",
            ),
        ):
            with self.subTest(what):
                decorator = f"""def chosen(func):
    {line}
        return func(self, ctxt, **kwargs)
    return inner
"""
                self.assertEqual(set(), self.of(decorator, '(self, ctxt)'))
                (found,) = self.of(decorator, '(self, ctxt, wine)')
                self.assertEqual(('not-served', 'store'), found)

    def test_argument_is_added(self) -> None:
        for what, line, call in (
            ('by position', '', 'func(self, ctxt, 1, **kwargs)'),
            ('by name', '', 'func(self, ctxt, shelf=1, **kwargs)'),
            ('a key', "kwargs['shelf'] = 1", 'func(self, ctxt, **kwargs)'),
        ):
            with self.subTest(what):
                decorator = f"""def shelved(func):
    def inner(self, ctxt, **kwargs):
        {line or 'pass'}
        return {call}
    return inner
"""
                self.assertEqual(
                    set(), self.of(decorator, '(self, ctxt, shelf, wine)')
                )

    def test_arguments_that_are_not_passed_on(self) -> None:
        decorator = """def quiet(func):
    def inner(self, ctxt):
        return func(self, ctxt)
    return inner
"""
        self.assertEqual(
            {('unknown-argument', 'store(wine)')},
            self.of(decorator, '(self, ctxt, wine=None)'),
        )

    def test_one_that_is_not_in_the_tree_passes_on(self) -> None:
        lines = ['@elsewhere.traced', 'def store(self, ctxt, wine): ...']

        self.assertEqual(set(), self.found(_manager(*lines)))


class SeveralTest(handwritten.TestCase):
    """The first that takes the message and has the method is asked."""

    SOURCE = """
class First:
    target = messaging.Target(version='1.1')

    def store(self, ctxt, wine):
        ...

class Second:
    target = messaging.Target(version='{version}'{more})

    def store(self, ctxt, bottle):
        ...

    def count(self, ctxt):
        ...

class API:
    def __init__(self):
        self.client = get_client(messaging.Target(topic='cellar'))

    def store(self, ctxt, wine):
        self.client.prepare(version='1.1').cast(ctxt, 'store', wine=wine)

    def count(self, ctxt):
        {count}
"""

    def several(
        self, version: str, count: str, more: str = ''
    ) -> set[tuple[str, str]]:
        subject = projects.Subject(
            'cellar', 'cellar:API', ('cellar:First', 'cellar:Second')
        )
        source = self.SOURCE.format(version=version, count=count, more=more)
        found = self.check(source, subject=subject)
        return {(each.rule, each.symbol) for each in found}

    def test_each_serves_what_it_has(self) -> None:
        for version, more, prepared in (
            ('1.1', '', "version='1.0'"),
            ('1.0', '', "version='1.0'"),
            ('2.3', '', "version='2.0'"),
            ('1.0', ", namespace='n'", "version='1.0', namespace='n'"),
        ):
            with self.subTest((version, more)):
                count = f"self.client.prepare({prepared}).call(ctxt, 'count')"

                self.assertEqual(set(), self.several(version, count, more))

    def test_version_that_only_the_other_takes(self) -> None:
        count = "self.client.prepare(version='1.1').call(ctxt, 'count')"

        self.assertEqual(
            {('not-served', 'count')}, self.several('1.0', count)
        )

    def test_namespace_of_neither(self) -> None:
        count = "self.client.prepare(namespace='n').call(ctxt, 'count')"

        self.assertEqual(
            {('not-served', 'count')}, self.several('1.1', count)
        )

    def test_all_are_counted_and_all_that_is_sent_is_compared(self) -> None:
        count = (
            "self.client.prepare(version='1.0', namespace='n')"
            ".call(ctxt, 'count')"
        )
        older = self.SOURCE.format(
            version='1.0', count=count, more=", namespace='n'"
        )
        newer = older.replace(
            'def count(self, ctxt):\n        ...',
            'def count(self, ctxt, rack):\n        ...',
        )
        subject = projects.Subject(
            'cellar', 'cellar:API', ('cellar:First', 'cellar:Second')
        )

        found = self.check(newer, older, subject)

        self.assertIn(
            ('argument-added-required', 'count(rack)'),
            {(each.rule, each.symbol) for each in found},
        )
