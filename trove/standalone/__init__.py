# SPDX-License-Identifier: Apache-2.0
"""A whole Trove in one process, to play with and to see it work.

Nothing here is needed in a deployment; it only puts the services together
in another way than the programs of :mod:`trove.cmd` do.
"""
