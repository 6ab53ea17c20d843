# SPDX-License-Identifier: Apache-2.0
"""The state of guest agents.

* :mod:`heartbeats`: their heartbeats
* :mod:`guest_versions`: their versions, announced or found by probing
* :mod:`probes`: when they were probed
* :mod:`server_version`: the version of their database server
* :mod:`fleet`: a list of all of them, for operators
"""
