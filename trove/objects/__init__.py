# SPDX-License-Identifier: Apache-2.0
"""The nouns and their state rules, on top of the database.

Packages group related modules: :mod:`instance`, :mod:`guest` (agents),
:mod:`rejected` (messages), :mod:`keys`. They re-export nothing, so import the
module that defines a name.
"""
