# SPDX-License-Identifier: Apache-2.0
"""Rejected messages.

* :mod:`recording`: records them, within limits
* :mod:`journal`: lists, reads, settles and purges them
"""
