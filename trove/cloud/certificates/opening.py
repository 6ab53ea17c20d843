# SPDX-License-Identifier: Apache-2.0
"""Opens PKCS#12 archives of users, in a process with limits.

An archive names how often its password is hashed, up to 2^31 times, and the
library holds the lock of the interpreter meanwhile. So one request could stop
all threads of a service for minutes: a process of its own cannot, and the
system ends it when it exceeds its limits.

This file is run as a script, and imports little to start quickly.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import resource
import subprocess
import sys
from typing import Any
from typing import Final

#: Seconds of a processor; common archives take less than 0.1.
_SECONDS: Final = 2
#: Bytes of memory.
_MEMORY: Final = 512 << 20
#: Seconds on a clock, on a machine that is busy.
_PATIENCE: Final = 60


def open_archive(
    archive: bytes, password: bytes | None
) -> dict[str, Any]:
    """Return what is in an archive.

    :returns: ``key``, PEM or None, and ``certificates``, a list of PEM whose
        first belongs to the key, or None instead
    :raises ValueError: it is no archive, or the password is wrong
    :raises TimeoutError: it takes too long, or too much memory
    """
    order = {
        'archive': base64.b64encode(archive).decode(),
        'password': base64.b64encode(password).decode() if password else None,
    }
    try:
        done = subprocess.run(
            [_python(), '-I', __file__],
            input=json.dumps(order).encode(),
            stdout=subprocess.PIPE,
            # It may quote what is secret.
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    if done.returncode == os.EX_DATAERR:
        raise ValueError
    if done.returncode:
        raise TimeoutError
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _python() -> str:
    """Return the interpreter; in uWSGI ``sys.executable`` is another."""
    own = pathlib.Path(sys.executable or '')
    if own.name.startswith('python'):
        return str(own)
    return str(pathlib.Path(sys.prefix) / 'bin' / 'python3')


def main() -> int:
    """Open the archive of the standard input."""
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Slow to import, and of no use to those who import this module.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    order = json.load(sys.stdin)
    password = order['password']
    try:
        found = pkcs12.load_pkcs12(
            base64.b64decode(order['archive']),
            base64.b64decode(password) if password else None,
        )
    except ValueError:
        return os.EX_DATAERR
    pem = serialization.Encoding.PEM
    key = found.key and found.key.private_bytes(
        pem,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    json.dump(
        {
            'key': key.decode() if key else None,
            'certificates': [
                each and each.certificate.public_bytes(pem).decode()
                for each in (found.cert, *found.additional_certs)
            ],
        },
        sys.stdout,
    )
    return os.EX_OK


if __name__ == '__main__':
    sys.exit(main())
