# SPDX-License-Identifier: Apache-2.0
"""Support that only peers of released versions need.

- ``probe.py``: finds out what a peer understands that announces nothing, and
  ``survey.py`` asks many at once
- ``doubts.py``: one that is proven to know better says that it does not
- ``encryption.py``: their form of an encrypted message
- ``notification.py``: what they look for besides the arguments, and
  ``words.py`` which names of theirs a message may hold
"""
