# SPDX-License-Identifier: Apache-2.0
"""Upgrades rehearsed in miniature.

Processes of any revision, each with the client and the endpoint of it, in a
world of their own: ``roles.py`` has who says what to whom, ``world.py`` the
processes and what they know of each other, ``messages.py`` what is said, and
``trial.py`` what must hold of it. ``network.py`` is what carries it.
"""
