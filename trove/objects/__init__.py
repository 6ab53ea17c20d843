# SPDX-License-Identifier: Apache-2.0
"""The nouns and their state rules, on top of the database.

What is one subject is one package: :mod:`instance`, :mod:`guest` (agents),
:mod:`rejected` (messages), :mod:`keys`. Import the module that defines what
you use: packages re-export nothing.
"""
