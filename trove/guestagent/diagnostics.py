# SPDX-License-Identifier: Apache-2.0
"""Resource usage of the agent, and the hardware of the server."""

from __future__ import annotations

import os
import pathlib
from typing import Any
import uuid

from trove import version

_PROC = pathlib.Path('/proc')

#: Distinguishes this agent from the one before a restart.
_PROCESS = uuid.uuid4().hex


def agent(root: pathlib.Path = _PROC) -> dict[str, Any]:
    """Return the resource usage of this process.

    :returns: ``version``, ``process`` (a name that no other process of the
        server has had), ``fds``, ``threads``, and in KiB ``vm_size``,
        ``vm_peak``, ``vm_rss``, ``vm_hwm``
    """
    fields = _fields(root / 'self' / 'status')
    return {
        'version': version.release(),
        'process': _PROCESS,
        'fds': len(os.listdir(root / 'self' / 'fd')),
        'threads': fields.get('Threads', 0),
        'vm_size': fields.get('VmSize', 0),
        'vm_peak': fields.get('VmPeak', 0),
        'vm_rss': fields.get('VmRSS', 0),
        'vm_hwm': fields.get('VmHWM', 0),
    }


def machine(root: pathlib.Path = _PROC) -> dict[str, Any]:
    """Return the memory in KiB and the number of usable processors."""
    return {
        'hwinfo': {
            'mem_total': _fields(root / 'meminfo').get('MemTotal', 0),
            'num_cpus': len(os.sched_getaffinity(0)),
        }
    }


def _fields(path: pathlib.Path) -> dict[str, int]:
    """Parse lines such as ``VmRSS:  1024 kB``."""
    found = {}
    for line in path.read_text().splitlines():
        name, _, value = line.partition(':')
        words = value.split()
        if words and words[0].isdigit():
            found[name] = int(words[0])
    return found
