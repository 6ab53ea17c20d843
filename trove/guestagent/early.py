# SPDX-License-Identifier: Apache-2.0
"""What can be done before the agent knows what is wanted of it.

To make an empty database takes about as long as to load the agent, to report
to the control plane and to be told what to do; so it is done meanwhile.
Import nothing heavy here.
"""

from __future__ import annotations

from collections.abc import Callable
import threading

from oslo_config import cfg

from trove.guestagent.datastores.postgresql import cluster as postgresql

_STARTERS: dict[str, Callable[[cfg.ConfigOpts], None]] = {
    'postgresql': postgresql.initialize,
}


def begin(conf: cfg.ConfigOpts) -> threading.Thread | None:
    """Begin to make the database in a thread, if options allow it.

    Does no harm if it is done already, or being done.
    """
    starter = _STARTERS.get(conf.datastore_manager)
    if starter is None or not conf.guestagent.initialize_early:
        return None
    thread = threading.Thread(
        target=starter, args=(conf,), name='early', daemon=True
    )
    thread.start()
    return thread
