# SPDX-License-Identifier: Apache-2.0
"""The driver ``local``: every instance is a directory of this machine.

An instance has its own directory, its own address 127.x.y.z with the
standard port of its datastore, and its own guest agent, which runs the
database. All of the state is on the disk, see :mod:`.home`.

It does not separate projects from each other: the databases of all of them
run as one user of the machine.
"""

from trove.cloud.local.driver import LocalCloud

__all__ = ('LocalCloud',)
