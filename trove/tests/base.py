# SPDX-License-Identifier: Apache-2.0
"""What all tests share."""

from __future__ import annotations

import functools
import logging
import warnings

import fixtures
import hypothesis
from oslo_config import cfg
from oslo_config import fixture as config_fixture
import oslo_messaging
import testtools

from trove import conf as trove_conf
from trove.common import rpc
from trove.common import seldom
from trove.tests.fixtures import unmeasured

_TIMEOUT = 900

# No example has a deadline, for the machine may be slow, and none is kept in
# the tree.
hypothesis.settings.register_profile('trove', deadline=None, database=None)
hypothesis.settings.load_profile('trove')


@functools.cache
def _register_all_options() -> None:
    """Register them once per process, those of the transports as well."""
    trove_conf.register_opts(cfg.CONF)
    oslo_messaging.get_rpc_transport(cfg.CONF, url='fake:/')


class TestCase(testtools.TestCase):
    """Options at their defaults, warnings as errors, logs as a detail.

    ``self.conf`` is the global configuration object, given back as it was;
    change it with ``self.config(option=value, group=...)``.
    """

    #: Seconds after which a test that hangs is ended.
    timeout = _TIMEOUT

    #: Whether coverage follows what it runs. Not, where it runs much of what
    #: others run as well, or reads all of the sources: that halves its time.
    measured = True

    def setUp(self) -> None:
        super().setUp()
        if not self.measured:
            self.useFixture(unmeasured.Unmeasured())
        self.useFixture(fixtures.Timeout(self.timeout, gentle=True))
        self.useFixture(WarningsAreErrors())
        self.logs = self.useFixture(
            fixtures.FakeLogger(level=logging.INFO, nuke_handlers=True)
        )
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.common.seldom._seldom', seldom.Seldom()
            )
        )
        _register_all_options()
        fixture = self.useFixture(config_fixture.Config(cfg.CONF))
        fixture.load_raw_values()
        self.conf = cfg.CONF
        self.conf([], project='trove', default_config_files=[])
        self.config = fixture.config
        self.config(host='test-host', enable_secure_rpc_messaging=False)

    def memory_transport(self, **kwargs) -> rpc.Transport:
        """A transport within this process; closed at the end."""
        transport = rpc.Transport(
            self.conf, url='kombu+memory://', **kwargs
        )
        self.addCleanup(transport.close)
        return transport


class WarningsAreErrors(fixtures.Fixture):
    """Any warning fails the test; those of others' code are named here."""

    def _setUp(self) -> None:
        caught = warnings.catch_warnings()
        caught.__enter__()
        self.addCleanup(caught.__exit__, None, None, None)
        warnings.simplefilter('error')
        for category, message, module in _NOT_OURS:
            warnings.filterwarnings(
                'ignore', message, category=category, module=module
            )


#: (category, pattern of the message, pattern of the module)
_NOT_OURS: list[tuple[type[Warning], str, str]] = [
    (DeprecationWarning, "'cgi' is deprecated", r'webob\.compat'),
    # In the loop in which oslo.messaging reads: as an error it ends the loop.
    (DeprecationWarning, '.*exception_to_unicode', r'oslo_utils\.excutils'),
]
