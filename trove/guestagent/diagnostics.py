# SPDX-License-Identifier: Apache-2.0
"""Measuring the agent and its machine."""

from __future__ import annotations

import os
import pathlib
from typing import Any
import uuid

from trove import version

_PROC = pathlib.Path('/proc')

#: Tells an agent from the one that was there before it was started again.
_PROCESS = uuid.uuid4().hex


def agent(root: pathlib.Path = _PROC) -> dict[str, Any]:
    """Measure this process.

    :returns: ``version``, ``process`` (a name that no other process of the
        machine has had), ``fds``, ``threads``, and in KiB ``vm_size``,
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
    """Describe the machine: memory in KiB, processors that we may use."""
    return {
        'hwinfo': {
            'mem_total': _fields(root / 'meminfo').get('MemTotal', 0),
            'num_cpus': len(os.sched_getaffinity(0)),
        }
    }


def _fields(path: pathlib.Path) -> dict[str, int]:
    """Read lines such as ``VmRSS:  1024 kB``."""
    found = {}
    for line in path.read_text().splitlines():
        name, _, value = line.partition(':')
        words = value.split()
        if words and words[0].isdigit():
            found[name] = int(words[0])
    return found
