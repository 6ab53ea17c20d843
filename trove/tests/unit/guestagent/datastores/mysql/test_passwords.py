# SPDX-License-Identifier: Apache-2.0
"""What MySQL stores of passwords."""

from __future__ import annotations

from trove.guestagent.datastores.mysql import passwords
from trove.tests import base

_SALT = 'abcdefghij0123456789'


class PasswordTest(base.TestCase):
    def test_it_is_what_a_server_makes(self) -> None:
        # With these, clients got into MySQL 9.7.4.
        for password, digest in (
            ('geheim', 'ED.VKLHxsZzxoXd1G45XiLbWJEC7OLyCHmnGZU5SDP/'),
            ('é' * 33, 'beSAgkYUMIqi9YiWZDy.gFk.j6TkMR05F4.w31WQH9D'),
        ):
            self.assertEqual(
                f'$A$005${_SALT}{digest}',
                passwords.verifier(password, _SALT),
            )

    def test_an_old_one_is_given_what_it_can_keep(self) -> None:
        # As the function PASSWORD of MySQL 5.7 has it.
        self.assertEqual(
            'IDENTIFIED WITH mysql_native_password AS '
            "'*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'",
            passwords.identified_natively('secret'),
        )

    def test_no_two_are_alike_and_none_has_the_password(self) -> None:
        found = {passwords.identified('secret') for _ in range(3)}
        self.assertEqual(3, len(found))
        for clause in found:
            self.assertNotIn('secret', clause)
            # Nothing in it needs a quote.
            self.assertRegex(
                clause,
                r"^IDENTIFIED WITH caching_sha2_password AS '\$A\$005\$"
                r"[./0-9A-Za-z]{63}'$",
            )
