# SPDX-License-Identifier: Apache-2.0
"""Clients that choose of several versions, as Nova and Cinder write them."""

from __future__ import annotations

from tests import handwritten


class NovaTest(handwritten.TestCase):
    """A router, two majors, and dictionaries that are built in steps."""

    SOURCE = """
    import oslo_messaging as messaging
    from cellar_conf import CONF

    class API:
        VERSION_ALIASES = {'2024.1': '5.2', '2025.1': '6.1'}

        def _ver(self, ctxt, old):
            client = self.router.client(ctxt)
            if client.can_send_version('6.0'):
                return '6.0'
            else:
                return old

        def _prepare_other(self, client, server, version, **kwargs):
            topic = 'cellar-alt'
            if not client.can_send_version('6.1'):
                topic = 'cellar'
            params = {'server': server, 'version': version, 'topic': topic}
            params.update(kwargs)
            return client.prepare(**params)

        def air(self, ctxt, host):
            version = self._ver(ctxt, '5.0')
            cctxt = self.router.client(ctxt).prepare(
                server=host, version=version)
            cctxt.cast(ctxt, 'air', hours=2)

        def store(self, ctxt, host, wine, shelf=None, note=None):
            version = '6.1'
            kw = {'wine': wine, 'shelf': shelf}
            kw['note'] = note
            client = self.router.client(ctxt)
            if not client.can_send_version(version):
                version = self._ver(ctxt, '5.2')
                del kw['note']
                if not client.can_send_version(version):
                    kw.pop('shelf')
                    kw.update(bottle=wine)
                    version = '5.0'
            cctxt = self._prepare_other(
                client, server=host, version=version, timeout=CONF.long)
            return cctxt.call(ctxt, 'store', **kw)

        def stop(self, ctxt, host, wait=False):
            cctxt = self.router.client(ctxt).prepare(
                server=host, version='6.0')
            method = cctxt.call if wait else cctxt.cast
            return method(ctxt, 'stop', wait=wait)

        def rack(self, ctxt, racks=None):
            client = self.router.client(ctxt)
            version = self._ver(ctxt, '5.1')
            kw = dict(racks=racks)
            if not client.can_send_version(version):
                if racks:
                    raise TooOld()
                else:
                    kw.pop('racks')
                version = '5.0'
            client.prepare(version=version).cast(ctxt, 'rack', **kw)
    """

    def test_every_form_is_read(self) -> None:
        contract = self.client(self.SOURCE)

        self.assertEqual(
            [
                'cast air 6.0 hours',
                'cast air 5.0 hours',
                'call store 6.1 wine shelf note',
                'call store 6.0 (6.0) wine shelf',
                'call store 5.2 wine shelf',
                'call store 5.0 (5.0 5.1) wine bottle',
                'call stop 6.0 wait',
                'cast stop 6.0 wait',
                'cast rack 6.0 racks',
                'cast rack 5.1 racks',
                'cast rack 5.0 (5.0)',
            ],
            handwritten.told(contract),
        )
        self.assertEqual((), contract.unread)
        self.assertEqual('6.1', contract.version)
        self.assertEqual('5.2', contract.aliases['2024.1'])

    def test_what_is_asked_on_the_way_is_kept(self) -> None:
        store = [
            send
            for send in self.client(self.SOURCE).sends
            if send.method == 'store'
        ]

        self.assertEqual(
            ['6.1', '6.0', '5.2', None], [send.gate for send in store]
        )
        self.assertEqual({'6.1'}, set(store[0].asked))
        self.assertEqual({'5.2', '6.0', '6.1'}, set(store[3].asked))


class CinderTest(handwritten.TestCase):
    """A base class, several versions to choose from, and a decorator."""

    RPC = """
    import functools
    import oslo_messaging as messaging

    def at_least(lowest, error=None):
        def decorator(function):
            @functools.wraps(function)
            def _wrapper(self, *args, **kwargs):
                if not self.client.can_send_version(lowest):
                    raise TooOld()
                return function(self, *args, **kwargs)
            return _wrapper
        return decorator

    class Base:
        RPC_API_VERSION = '1.0'
        RPC_DEFAULT_VERSION = '1.0'
        TOPIC = ''

        def __init__(self):
            target = messaging.Target(topic=self.TOPIC,
                                      version=self.RPC_API_VERSION)
            self.client = get_client(target, version_cap=cap_of_peers())

        def _compat_ver(self, current, *legacy):
            found = (current,) + legacy
            for version in found[:-1]:
                if self.client.can_send_version(version):
                    return version
            return found[-1]

        def _get_cctxt(self, version=None, **kwargs):
            if version is None:
                version = self.RPC_DEFAULT_VERSION
            if isinstance(version, tuple):
                version = self._compat_ver(*version)
            return self.client.prepare(version=version, **kwargs)
    """
    SOURCE = """
    import base

    class API(base.Base):
        RPC_API_VERSION = '3.4'
        RPC_DEFAULT_VERSION = '3.0'
        TOPIC = 'cellar'

        def _get_cctxt(self, host=None, version=None, **kwargs):
            if host:
                server = host
                if self.client.can_send_version('3.2'):
                    kwargs['topic'] = 'cellar.%s' % host
                kwargs['server'] = server
            return super(API, self)._get_cctxt(version=version, **kwargs)

        def count(self, ctxt, shelf):
            cctxt = self._get_cctxt(shelf.host)
            return cctxt.call(ctxt, 'count', shelf_id=shelf.id)

        def store(self, ctxt, shelf, wine, note):
            message = {'wine': wine, 'note': note}
            cctxt = self._get_cctxt(shelf.host, ('3.3', '3.1', '3.0'))
            if not cctxt.can_send_version('3.3'):
                message.pop('note')
            cctxt.cast(ctxt, 'store', **message)

        @base.at_least('3.4')
        def air(self, ctxt, hours):
            cctxt = self._get_cctxt(version='3.4')
            cctxt.cast(ctxt, 'air', hours=hours)
    """

    def test_every_form_is_read(self) -> None:
        self.tree.write('base.py', self.RPC)

        contract = self.client(self.SOURCE)

        self.assertEqual(
            [
                'call count 3.0 shelf_id',
                'cast store 3.3 wine note',
                'cast store 3.1 (3.1 3.2) wine',
                'cast store 3.0 (3.0) wine',
                'cast air 3.4 hours',
            ],
            handwritten.told(contract),
        )
        self.assertEqual((), contract.unread)
        self.assertEqual(('3.4', 'cellar'), (contract.version, contract.topic))

    def test_decorator_is_a_gate_at_the_line_of_the_method(self) -> None:
        self.tree.write('base.py', self.RPC)

        air = self.client(self.SOURCE).sends[-1]

        self.assertEqual('3.4', air.gate)
        path = self.tree.top / air.where.path
        lines = path.read_text('utf-8').splitlines()
        self.assertIn("cctxt.cast(ctxt, 'air'", lines[air.where.line - 1])
