# SPDX-License-Identifier: Apache-2.0
"""What a store says of an object that is read."""

from __future__ import annotations

import hashlib
from typing import Any
from unittest import mock

from trove.common import exception
from trove.objectstore import _reading
from trove.objectstore import base as stores
from trove.objectstore import errors
from trove.tests import base

_NOTHING = hashlib.md5(usedforsecurity=False).hexdigest()


def _part(_: str, name: str) -> stores.Part:
    """Return an empty part; there are no manifests of manifests."""
    if '_manifest_' in name:
        raise errors.missing(f'find {name}', 'it answered 404')
    return stores.Part(name, _NOTHING, 0)


class ReadingTest(base.TestCase):
    def test_an_object_of_empty_parts_has_an_end(self) -> None:
        account: Any = mock.Mock()
        account.access.is_owner = False
        account.head.return_value.headers = {
            'Content-Length': '10',
            'ETag': 'any',
            'X-Static-Large-Object': 'True',
        }
        account.part.side_effect = _part
        reading = _reading.Reading(account, 'c', 'b1.gz', 'http://s/c/b1.gz')

        error = self.assertRaises(
            exception.ObjectDamaged, list, reading.pieces(None, None)
        )

        self.assertIn('b1_00000000 is empty', str(error))
