# SPDX-License-Identifier: Apache-2.0
"""Orders about databases, users, grants and the root user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import cast

from trove.common import context as trove_context
from trove.guestagent import orders
from trove.guestagent import reporter as reporters
from trove.guestagent import supervisor as supervisors
from trove.guestagent.datastores import base

Capability = base.Capability
Context = trove_context.TroveContext
User = dict[str, Any]
Database = dict[str, Any]
Page = list[Any]


class Accounts:
    """The methods of :class:`trove.guestagent.manager.Manager` for them."""

    def __init__(
        self,
        supervisor: supervisors.Supervisor,
        reporter: reporters.Reporter,
    ) -> None:
        self._supervisor = supervisor
        self._reporter = reporter

    # Databases and users

    @orders.needs(Capability.DATABASES)
    def create_database(
        self, context: Context, databases: list[Database]
    ) -> None:
        self._carry_out(
            context,
            'create a database',
            lambda driver: driver.create_databases(databases_of(databases)),
        )

    @orders.needs(Capability.DATABASES)
    def list_databases(
        self,
        context: Context,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> Page:
        with self._supervisor.turn() as driver:
            return list(driver.list_databases(limit, marker, include_marker))

    @orders.needs(Capability.DATABASES)
    def delete_database(self, context: Context, database: Database) -> None:
        self._carry_out(
            context,
            'delete a database',
            lambda driver: driver.delete_database(database['_name']),
        )

    @orders.needs(Capability.USERS)
    def create_user(self, context: Context, users: list[User]) -> None:
        self._carry_out(
            context,
            'create a user',
            lambda driver: driver.create_users(users_of(users)),
        )

    @orders.needs(Capability.USERS)
    def list_users(
        self,
        context: Context,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> Page:
        with self._supervisor.turn() as driver:
            return list(driver.list_users(limit, marker, include_marker))

    @orders.needs(Capability.USERS)
    def get_user(
        self, context: Context, username: str, hostname: str | None
    ) -> User | None:
        with self._supervisor.turn() as driver:
            return cast(User | None, driver.get_user(username, hostname))

    @orders.needs(Capability.USERS)
    def delete_user(self, context: Context, user: User) -> None:
        self._carry_out(
            context,
            'delete a user',
            lambda driver: driver.delete_user(
                user['_name'], user.get('_host')
            ),
        )

    @orders.needs(Capability.USERS)
    def update_attributes(
        self,
        context: Context,
        username: str,
        hostname: str | None,
        user_attrs: dict[str, Any],
    ) -> None:
        self._carry_out(
            context,
            'change a user',
            lambda driver: driver.update_user(
                username, hostname, cast(base.UserAttributes, user_attrs)
            ),
        )

    @orders.needs(Capability.USERS)
    def change_passwords(
        self, context: Context, users: list[dict[str, Any]]
    ) -> None:
        def change(driver: base.Driver) -> None:
            for user in users:
                driver.update_user(
                    user['name'],
                    user.get('host'),
                    {'password': user['password']},
                )

        self._carry_out(context, 'change the password of a user', change)

    # Grants and root

    @orders.needs(Capability.ACCESS)
    def list_access(
        self, context: Context, username: str, hostname: str | None
    ) -> list[Database]:
        with self._supervisor.turn() as driver:
            return cast(list[Database], driver.list_access(username, hostname))

    @orders.needs(Capability.ACCESS)
    def grant_access(
        self,
        context: Context,
        username: str,
        hostname: str | None,
        databases: list[str],
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.grant_access(username, hostname, databases)

    @orders.needs(Capability.ACCESS)
    def revoke_access(
        self,
        context: Context,
        username: str,
        hostname: str | None,
        database: str,
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.revoke_access(username, hostname, database)

    @orders.needs(Capability.ROOT)
    def enable_root(self, context: Context) -> User:
        return self.enable_root_with_password(context)

    @orders.needs(Capability.ROOT)
    def enable_root_with_password(
        self, context: Context, root_password: str | None = None
    ) -> User:
        with self._supervisor.turn() as driver:
            user = driver.enable_root(root_password)
        self._reporter.root_enabled(context)
        return cast(User, user)

    @orders.needs(Capability.ROOT)
    def disable_root(self, context: Context) -> None:
        with self._supervisor.turn() as driver:
            driver.disable_root()

    @orders.needs(Capability.ROOT)
    def is_root_enabled(self, context: Context) -> bool:
        with self._supervisor.turn() as driver:
            return driver.is_root_enabled()

    def _carry_out(
        self,
        context: Context,
        action: str,
        order: Callable[[base.Driver], None],
    ) -> None:
        """Carry out an order that was cast; report an error.

        :param action: completes "could not ..."
        """
        with (
            self._reporter.reporting(context, action),
            self._supervisor.turn() as driver,
        ):
            order(driver)


def databases_of(values: list[Database] | None) -> list[base.Database]:
    return cast(list[base.Database], list(values or ()))


def users_of(values: list[User] | None) -> list[base.User]:
    return cast(list[base.User], list(values or ()))
