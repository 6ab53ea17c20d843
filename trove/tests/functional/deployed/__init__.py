# SPDX-License-Identifier: Apache-2.0
"""Tests of a whole deployment, which all modules of this package share.

One process of the test runner runs all of them, one after the other, since
they stop and kill parts of it.
"""
