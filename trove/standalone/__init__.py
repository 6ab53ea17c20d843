# SPDX-License-Identifier: Apache-2.0
"""All services of Trove in one process, for demonstrations and development.

Nothing here is needed in a deployment: the programs of :mod:`trove.cmd` run
the services there.
"""
