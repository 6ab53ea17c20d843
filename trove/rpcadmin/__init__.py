# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc``: what an operator sees and does of the messages.

Each command is a class of its own, named in the namespace ``trove.rpcadmin``
of ``setup.cfg``.
"""
