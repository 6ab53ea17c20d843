# SPDX-License-Identifier: Apache-2.0
"""Clients as Ironic, Manila, Heat and others write them."""

from __future__ import annotations

from rpc_contract import idioms
from rpc_contract import reading
from tests import handwritten


class IronicTest(handwritten.TestCase):
    """A client of one of several kinds, or none."""

    SOURCE = """
    import oslo_messaging as messaging

    LOCAL = Local()

    class API:
        RPC_API_VERSION = '1.5'

        def __init__(self, topic=None):
            self.topic = topic
            if CONF.transport == 'json-rpc':
                self.client = json_rpc.Client(version_cap=cap())
            elif CONF.transport != 'none':
                target = messaging.Target(topic=self.topic, version='1.0')
                self.client = get_client(target, version_cap=cap())
            else:
                self.client = None

        def _prepare_call(self, topic, version=None):
            topic = topic or self.topic
            if self.client is None and topic == CONF.host:
                return LOCAL
            if self.client is None:
                raise Nobody()
            if CONF.transport == 'json-rpc':
                return self.client.prepare(topic=topic, version=version)
            return self.client.prepare(topic=self.topic, server=topic or None,
                                       version=version)

        def count(self, context, shelf, topic=None):
            cctxt = self._prepare_call(topic=topic, version='1.2')
            return cctxt.call(context, 'count', shelf=shelf)

        def air(self, context, hours, quickly=None, topic=None):
            more = {}
            version = '1.1'
            if quickly is not None:
                more['quickly'] = quickly
                version = '1.5'
            cctxt = self._prepare_call(topic=topic, version=version)
            return cctxt.call(context, 'air', hours=hours, **more)
    """

    def test_every_form_is_read(self) -> None:
        contract = self.client(self.SOURCE)

        self.assertEqual(
            [
                'call count 1.2 shelf',
                'call air 1.5 hours quickly',
                'call air 1.1 hours',
            ],
            handwritten.told(contract),
        )
        self.assertEqual((), contract.unread)
        self.assertEqual('1.5', contract.version)


class ManilaTest(handwritten.TestCase):
    def test_plain_versions(self) -> None:
        contract = self.client(
            """
            class API:
                BASE_RPC_API_VERSION = '1.0'

                def __init__(self):
                    target = messaging.Target(
                        topic=CONF.cellar_topic,
                        version=self.BASE_RPC_API_VERSION)
                    self.client = rpc.get_client(target, version_cap='1.3')

                def store(self, context, wine, host):
                    call_context = self.client.prepare(server=host,
                                                       version='1.3')
                    call_context.cast(context, 'store',
                                      wine_id=wine['id'])

                def count(self, context):
                    return self.client.call(context, 'count')
            """
        )

        self.assertEqual(
            ['cast store 1.3 wine_id', 'call count 1.0'],
            handwritten.told(contract),
        )
        self.assertEqual('the option DEFAULT.cellar_topic', contract.topic)


class HeatTest(handwritten.TestCase):
    """A message is a pair; the methods that send it do nothing else."""

    SOURCE = """
    from cellar_common import messaging

    class API:
        BASE_RPC_API_VERSION = '1.0'

        def __init__(self):
            self._client = messaging.get_rpc_client(
                topic=TOPIC, version=self.BASE_RPC_API_VERSION)

        @staticmethod
        def make_msg(method, **kwargs):
            return method, kwargs

        def call(self, ctxt, msg, version=None, timeout=None):
            method, kwargs = msg
            if version is not None:
                client = self._client.prepare(version=version)
            else:
                client = self._client
            if timeout is not None:
                client = client.prepare(timeout=timeout)
            return client.call(ctxt, method, **kwargs)

        def cast(self, ctxt, msg, version=None):
            method, kwargs = msg
            client = self._client.prepare(version=version)
            return client.cast(ctxt, method, **kwargs)

        def count(self, ctxt, shelf):
            return self.call(ctxt, self.make_msg('count', shelf=shelf),
                             version='1.4')

        def store(self, ctxt, wine):
            return self._store(ctxt, wine)

        def _store(self, ctxt, wine, cellar_id=None):
            return self.call(
                ctxt, self.make_msg('store', wine=wine, cellar_id=cellar_id))

        def drink(self, ctxt, wine, cast=True):
            rpc_method = self.cast if cast else self.call
            return rpc_method(ctxt, self.make_msg('drink', wine=wine))
    """

    def test_every_form_is_read(self) -> None:
        contract = self.client(self.SOURCE)

        self.assertEqual(
            [
                'call count 1.4 shelf',
                'call store 1.0 wine cellar_id',
                'cast drink 1.0 wine',
                'call drink 1.0 wine',
            ],
            handwritten.told(contract),
        )
        self.assertEqual((), contract.unread)


class CappedTargetTest(handwritten.TestCase):
    """Helpers that send, a cap as the version of the target."""

    SOURCE = """
    class API:
        API_LATEST_VERSION = '1.2'
        API_BASE_VERSION = '1.0'
        VERSION_ALIASES = {'newton': '1.0', 'latest': API_LATEST_VERSION}

        def __init__(self, context, id):
            self.context = context
            cap = self.VERSION_ALIASES.get(CONF.levels.cellar,
                                           CONF.levels.cellar)
            self.target = messaging.Target(topic=self._topic(), version=cap)
            self.client = self.get_client(self.target, cap)

        def get_client(self, target, version_cap, serializer=None):
            from cellar_models import key_of
            return rpc.get_client(target, key=key_of(self.id),
                                  version_cap=version_cap)

        def _topic(self):
            return 'cellar.%s' % self.id

        def _call(self, method_name, timeout_sec, version, **kwargs):
            try:
                cctxt = self.client.prepare(version=version,
                                            timeout=timeout_sec)
                result = cctxt.call(self.context, method_name, **kwargs)
                return result
            except RemoteError as r:
                raise CellarError(r.value)
            except Exception as e:
                raise CellarError(str(e))

        def _cast(self, method_name, version, **kwargs):
            with Notified(self.context, 'cellar'):
                cctxt = self.client.prepare(version=version)
                cctxt.cast(self.context, method_name, **kwargs)

        def count(self, shelf=None):
            version = self.API_BASE_VERSION
            return self._call('count', self.low, version=version, shelf=shelf)

        def prepare(self, packages, wines, racks=None):
            version = '1.1'
            prepare_args = dict(packages=packages, wines=wines, racks=racks)
            if not self.client.can_send_version(version):
                prepare_args.pop('racks')
                version = '1.0'
            self._cast('prepare', version=version, **prepare_args)

        def store(self, wine, **fields):
            cctxt = self.client.prepare(version=self.API_BASE_VERSION)
            cctxt.cast(self.context, 'store', wine=wine, **fields)

        def seal(self, **kwargs):
            version = '1.2'
            if not self.client.can_send_version(version):
                raise CellarError('It is too old.')
            return self._call('seal', self.high, version=version, **kwargs)
    """

    def test_every_form_is_read(self) -> None:
        contract = self.client(self.SOURCE)

        self.assertEqual(
            [
                'call count 1.0 shelf',
                'cast prepare 1.1 packages wines racks',
                'cast prepare 1.0 (1.0) packages wines',
                'cast store 1.0 wine **',
                'call seal 1.2 **',
            ],
            handwritten.told(contract),
        )
        self.assertEqual((), contract.unread)
        self.assertEqual('1.2', contract.version)
        self.assertEqual({'newton': '1.0', 'latest': '1.2'}, contract.aliases)
        self.assertEqual("'cellar.%s' % self.id", contract.topic)

    def test_no_class_no_contract(self) -> None:
        tree = reading.Tree(self.tree.top)

        error = self.assertRaises(
            reading.Unusable, idioms.read_client, tree, 'cellar:API', 'cellar'
        )

        self.assertIn('no class API in cellar', str(error))
