# SPDX-License-Identifier: Apache-2.0
from hypothesis import given
from hypothesis import strategies as st
from testtools import matchers

from trove.common import exception
from trove.common import rpc
from trove.tests import base
from trove.tests.unit.common.rpc import sample


class VersionTest(base.TestCase):
    def test_versions_are_ordered_by_number(self):
        self.assertLess(rpc.Version.parse('1.9'), rpc.Version.parse('1.10'))
        self.assertLess(rpc.Version.parse('1.10'), rpc.Version.parse('2.0'))

    def test_what_is_no_version_is_refused_with_its_text(self):
        for text in ('', '1', '1.', '.1', '1.x', 'train', '1.-1', '1.0.0'):
            error = self.assertRaises(ValueError, rpc.Version.parse, text)
            self.assertIn(f'"{text}"', str(error))

    @given(st.integers(0, 999), st.integers(0, 999))
    def test_text_of_a_version_reads_back(self, major, minor):
        version = rpc.Version(major, minor)
        self.assertEqual(version, rpc.Version.parse(str(version)))


class DeclarationTest(base.TestCase):
    def test_the_signature_is_the_contract(self):
        paint = sample.API.interface.methods['paint']

        self.assertEqual('call', paint.kind)
        self.assertEqual(
            ['what', 'times', 'colour', 'reason', 'forced', 'gently'],
            list(paint.arguments),
        )
        self.assertEqual('1.1', paint.arguments['colour'].span.since)
        self.assertEqual('Paint something.', paint.doc)

    def test_a_revision_has_the_methods_and_arguments_of_its_time(self):
        interface = sample.API.interface

        def names(revision, method='measure'):
            methods = interface.as_of(interface.revision(revision))
            return set(methods), dict(methods[method].arguments)

        first, none = names('1.0')
        hasty, size = names('hasty')
        later, free = names('1.2')

        self.assertEqual(
            {'paint', 'drop', 'note', 'measure', 'varnish'}, first
        )
        self.assertEqual({'scrape'}, hasty - first)
        self.assertEqual({'polish'}, later - hasty)
        self.assertEqual({'varnish'}, hasty - later)
        self.assertEqual({}, none)
        self.assertIs(rpc.REQUIRED, size['size'].default)
        self.assertIsNone(free['size'].default)

    def test_a_later_argument_needs_a_default(self):
        def declare():
            @rpc.call('1.0', spans={'late': rpc.Span('1.1')})
            def method(self, context, late):
                """Something."""

        error = self.assertRaises(TypeError, declare)
        self.assertIn('late', str(error))

    def test_a_span_of_no_argument_is_refused(self):
        def declare():
            @rpc.cast('1.0', spans={'typo': rpc.Span('1.1')})
            def method(self, context, right=None):
                """Something."""

        error = self.assertRaises(TypeError, declare)
        self.assertIn('typo', str(error))

    def test_a_version_that_the_history_lacks_is_refused(self):
        def declare():
            class API(rpc.Client, interface=sample.INTERFACE):
                @rpc.call('1.7')
                def method(self, context):
                    """Something."""

        error = self.assertRaises(TypeError, declare)
        self.assertIn('1.7', str(error))

    def test_a_history_out_of_order_is_refused(self):
        error = self.assertRaises(
            TypeError,
            rpc.Interface,
            name='x',
            topic=lambda conf, peer: 'x',
            peer='x',
            remedy='x',
            history=(rpc.Revision('1.2', ''), rpc.Revision('1.1', '')),
        )
        self.assertIn('not sorted', str(error))


class PinTest(base.TestCase):
    def pin(self, value):
        self.config(guestagent=value, group='upgrade_levels')
        pin = sample.API.interface.pin(self.conf)
        return pin if pin is None else str(pin)

    def test_auto_is_no_pin(self):
        self.assertIsNone(self.pin('auto'))

    def test_a_revision_that_shares_its_version_is_a_pin(self):
        self.assertEqual('1.0/hasty', self.pin('1.0/hasty'))
        self.assertEqual('1.0/hasty', self.pin('hasty'))

    def test_a_version_a_release_and_latest_are_pins(self):
        self.assertEqual('1.1', self.pin('1.1'))
        self.assertEqual('1.0', self.pin('second'))
        self.assertEqual('1.10', self.pin('Fourth'))
        self.assertEqual('1.10', self.pin('latest'))

    def test_another_value_is_refused_naming_the_valid_ones(self):
        for value in ('train', '1.3', '2.0', ''):
            error = self.assertRaises(
                exception.ConfigurationError, self.pin, value
            )
            self.assertThat(
                str(error),
                matchers.MatchesAll(
                    matchers.Contains('[upgrade_levels] guestagent'),
                    matchers.Contains(f'"{value}"'),
                    matchers.Contains('1.0, 1.0/hasty, 1.1, 1.2, 1.10'),
                    matchers.Contains('third'),
                ),
            )

    def test_a_client_refuses_a_wrong_pin_when_it_is_made(self):
        self.config(guestagent='train', group='upgrade_levels')

        self.assertRaises(
            exception.ConfigurationError,
            sample.API,
            self.memory_transport(),
            'x',
        )
