# SPDX-License-Identifier: Apache-2.0
"""A process that stores a large stream, reads it again, and measures itself.

Arguments: URL of the account, container, MiB. Prints by how many MiB its
memory grew at most.
"""

from __future__ import annotations

import pathlib
import re
import sys

from trove.objectstore import access
from trove.objectstore import swift


class Source:
    """Returns as many MiB as it has."""

    def __init__(self, left: int) -> None:
        self._left = left

    def read(self, size: int, /) -> bytes:
        self._left -= 1
        return bytes(1 << 20) if self._left >= 0 else b''


def resident(name: str) -> int:
    text = pathlib.Path('/proc/self/status').read_text()
    found = re.search(rf'{name}:\s+(\d+) kB', text)
    assert found
    return int(found[1]) // 1024


def main() -> None:
    url, container, mib = sys.argv[1:]
    before = resident('VmRSS')
    store = swift.SwiftStore(access.Token(url, lambda: 'owner'))
    stored = store.save(container, 'big', Source(int(mib)), {})
    read = sum(map(len, store.read(stored.location, stored.checksum)))
    assert read == stored.size == int(mib) << 20
    print(resident('VmHWM') - before)  # noqa: T201


if __name__ == '__main__':
    main()
