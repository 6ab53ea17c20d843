# SPDX-License-Identifier: Apache-2.0
"""Backups: how they begin, what guests report of them, how they go.

- :mod:`backups`: what there is to know of a backup, how it is found,
- :mod:`work`: how one is begun, ended and deleted,
- :mod:`registered`: how what another Trove has stored becomes one,
- :mod:`reports`: what guests say while they make one,
- :mod:`strategies`: where the backups of a project, or an instance, go.
"""
