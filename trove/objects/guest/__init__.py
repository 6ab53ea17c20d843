# SPDX-License-Identifier: Apache-2.0
"""What is known of the guest agents.

* :mod:`heartbeats`: what they say about themselves
* :mod:`guest_versions`: what they speak, announced or found by probing
* :mod:`probes`: when those that announce nothing were asked
* :mod:`server_version`: a database server of another version than ordered
* :mod:`fleet`: all of them, for operators
"""
