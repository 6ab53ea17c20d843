# SPDX-License-Identifier: Apache-2.0
"""Agents that are installed beside the one of the image, by an order.

The program of the image always starts first, and then becomes the chosen
agent: see ``starting.py``. ``choice.py`` has the file that says which one that
is, ``packages.py`` installs one, and ``upgrades.py`` is the part of a running
agent.
"""
