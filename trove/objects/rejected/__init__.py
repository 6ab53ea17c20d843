# SPDX-License-Identifier: Apache-2.0
"""Messages that their receivers could not take.

* :mod:`recording`: how they are written down, within bounds
* :mod:`journal`: how they are listed, read in full, settled and purged
"""
