# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc``: inspect and control the messages between services.

Each command is a class of its own, named in the namespace ``trove.rpcadmin``
of ``setup.cfg``.
"""
