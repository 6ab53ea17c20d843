# SPDX-License-Identifier: Apache-2.0
"""Declares the orders about databases, users and the root user."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext
User = dict[str, Any]
Database = dict[str, Any]
Page = list[Any]


class Accounts:
    """Who may do what in the database."""

    @rpc.cast('1.0')
    def create_database(
        self,
        context: Context,
        databases: list[Database],
    ) -> None:
        """Create databases."""

    @rpc.call('1.0', repeatable=True)
    def list_databases(
        self,
        context: Context,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> Page:
        """List databases by name, those of the system left out."""

    @rpc.cast('1.0')
    def delete_database(self, context: Context, database: Database) -> None:
        """Delete a database with all that is in it."""

    @rpc.cast('1.0')
    def create_user(self, context: Context, users: list[User]) -> None:
        """Create users and give them their databases."""

    @rpc.call('1.0', repeatable=True)
    def list_users(
        self,
        context: Context,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> Page:
        """List users by name, those of the system left out."""

    @rpc.call('1.0', repeatable=True)
    def get_user(
        self,
        context: Context,
        username: str,
        hostname: str | None,
    ) -> User | None:
        """Return a user, None if there is none of that name."""

    @rpc.cast('1.0')
    def delete_user(self, context: Context, user: User) -> None:
        """Delete a user."""

    @rpc.cast('1.0')
    def update_attributes(
        self,
        context: Context,
        username: str,
        hostname: str | None,
        user_attrs: dict[str, Any],
    ) -> None:
        """Change a user.

        :param user_attrs: any of ``name``, ``host``, ``password``
        """

    @rpc.cast('1.0')
    def change_passwords(
        self,
        context: Context,
        users: list[dict[str, Any]],
    ) -> None:
        """Set passwords.

        :param users: dictionaries with ``name``, ``host``, ``password``
        """

    @rpc.call('1.0', repeatable=True)
    def list_access(
        self,
        context: Context,
        username: str,
        hostname: str | None,
    ) -> list[Database]:
        """List the databases that a user may use."""

    @rpc.call('1.0')
    def grant_access(
        self,
        context: Context,
        username: str,
        hostname: str | None,
        databases: list[str],
    ) -> None:
        """Let a user use databases, given by name."""

    @rpc.call('1.0')
    def revoke_access(
        self,
        context: Context,
        username: str,
        hostname: str | None,
        database: str,
    ) -> None:
        """Take a database from a user."""

    @rpc.call('1.0')
    def enable_root(self, context: Context) -> User:
        """Enable the root user with a new password, and return both."""

    @rpc.call('1.0')
    def enable_root_with_password(
        self,
        context: Context,
        root_password: str | None = None,
    ) -> User:
        """Enable the root user with this password."""

    @rpc.call('1.0')
    def disable_root(self, context: Context) -> None:
        """Disable the root user."""

    @rpc.call('1.0', repeatable=True)
    def is_root_enabled(self, context: Context) -> bool:
        """Say whether the root user is enabled now."""

    @rpc.call('1.0/stein', repeatable=True)
    def get_root_password(self, context: Context) -> str:
        """Return the password that the root user has."""
