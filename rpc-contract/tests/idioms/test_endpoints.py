# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from rpc_contract import idioms
from rpc_contract import model
from rpc_contract import reading
from tests import handwritten


class EndpointTest(handwritten.TestCase):
    def test_signatures(self) -> None:
        contract = self.endpoint(
            """
            class Manager:
                target = messaging.Target(version='1.3', namespace='wines')

                @expected_exceptions(Full)
                @wrap('x')
                def store(self, ctxt, wine, shelf=None, *, note='-'):
                    ...

                def keep(self, context, wine, **fields):
                    ...

                @staticmethod
                def air(ctxt, hours):
                    ...

                def _private(self, ctxt):
                    ...

                def stop(self):
                    ...

                @property
                def full(self):
                    ...
            """
        )

        self.assertEqual(
            {
                'store': ['wine', 'shelf=None', "note='-'"],
                'keep': ['wine', '**'],
                'air': ['hours'],
            },
            {name: _told(each) for name, each in contract.methods.items()},
        )
        self.assertEqual(
            ('1.3', 'wines'), (contract.version, contract.namespace)
        )
        self.assertEqual((), contract.unread)

    BASE = """
    import messaging

    class Base:
        RPC_API_VERSION = '1.0'

        def __init__(self):
            self.target = messaging.Target(
                version=self.RPC_API_VERSION)

        def stop(self, ctxt, reason):
            ...

        def air(self, ctxt):
            ...
    """
    INHERITING = """
    import api
    import base
    from oslo_service import periodic_task

    class Manager(base.Base, periodic_task.PeriodicTasks):
        RPC_API_VERSION = api.API.RPC_API_VERSION

        def __init__(self):
            self.api = api.API()

        def stop(self, ctxt, reason, quickly=False):
            ...

        halt = stop
    """

    def test_base_classes_of_other_modules(self) -> None:
        self.tree.write('base.py', self.BASE)
        self.tree.write('api.py', "class API:\n    RPC_API_VERSION = '1.4'\n")

        contract = self.endpoint(self.INHERITING)

        self.assertEqual('1.4', contract.version)
        self.assertEqual((), contract.unread)
        self.assertEqual(
            {
                'stop': ['reason', 'quickly=False'],
                'halt': ['reason', 'quickly=False'],
                'air': [],
            },
            {name: _told(each) for name, each in contract.methods.items()},
        )

    def test_version_that_is_not_in_the_tree_is_said(self) -> None:
        self.tree.write('base.py', self.BASE)

        contract = self.endpoint(self.INHERITING)

        self.assertIsNone(contract.version)
        self.assertEqual(
            ['the version of its target'],
            [text for _, text, _symbol in contract.unread],
        )

    def test_several_majors_and_namespaces(self) -> None:
        contract = self.endpoint(
            """
            class Manager:
                target = messaging.Target(version='6.1')

                def __init__(self):
                    self.additional_endpoints.append(Old(self))
                    self.tasks = Tasks()
                    self.additional_endpoints.append(self.tasks)

                def store(self, ctxt, wine):
                    ...

                def air(self, ctxt):
                    ...

            class Old:
                target = messaging.Target(version='5.9')

                def __init__(self, manager):
                    self.manager = manager

                def __getattr__(self, name):
                    return getattr(self.manager, name)

                def store(self, ctxt, bottle):
                    ...

            class Tasks:
                target = messaging.Target(version='1.2', namespace='tasks')

                def clean(self, ctxt):
                    ...
            """
        )

        self.assertEqual('6.1', contract.version)
        old, tasks = contract.others
        self.assertEqual('5.9', old.version)
        self.assertEqual({'store', 'air'}, set(old.methods))
        self.assertEqual(['bottle'], _told(old.methods['store']))
        self.assertEqual(('1.2', 'tasks'), (tasks.version, tasks.namespace))
        self.assertEqual({'clean'}, set(tasks.methods))

    def test_what_only_the_client_says(self) -> None:
        source = """
        class API:
            RPC_API_VERSION = '1.4'

            def __init__(self):
                target = messaging.Target(topic='cellar', namespace='tasks')
                self.client = get_client(target)

            def clean(self, ctxt):
                self.client.cast(ctxt, 'clean')

            def count(self, ctxt, wait):
                send = self.client.call if wait else self.client.cast
                send(ctxt, 'count')

        class Manager:
            def __init__(self):
                self.additional_endpoints.append(Tasks())

        class Tasks:
            target = messaging.Target(namespace='tasks')

            def clean(self, ctxt):
                ...

            def count(self, ctxt):
                ...
        """
        client = self.client(source)

        contract = idioms.read_endpoints(
            reading.Tree(self.tree.top), ['cellar:Manager'], 'cellar', client
        )

        self.assertEqual('tasks', contract.namespace)
        self.assertEqual(('cellar', '1.4'), (contract.topic, contract.version))
        self.assertEqual('cast', contract.methods['clean'].kind)
        self.assertIsNone(contract.methods['count'].kind)

    def test_what_getattr_does_is_said(self) -> None:
        contract = self.endpoint(
            """
            class Manager:
                target = messaging.Target(version='1.0')

                def __getattr__(self, name):
                    return strategies.load(name)
            """
        )

        ((where, what, _symbol),) = contract.unread
        self.assertEqual('cellar.py:1', str(where))
        self.assertEqual('what __getattr__ serves', what)

    def test_base_class_that_is_not_there_is_said(self) -> None:
        contract = self.endpoint('class Manager(elsewhere.Base):\n    pass\n')

        self.assertEqual(
            ['the base class elsewhere.Base'],
            [text for _, text, _symbol in contract.unread],
        )


def _told(method: model.Method) -> list[str]:
    told = [
        each.name if each.default is None else f'{each.name}={each.default}'
        for each in method.arguments
    ]
    return [*told, '**'] if method.any_fields else told
