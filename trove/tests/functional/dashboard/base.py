# SPDX-License-Identifier: Apache-2.0
"""A deployment with what Horizon and Heat need besides."""

from __future__ import annotations

import atexit
import functools
from typing import Any

from trove.tests.fixtures import chromium
from trove.tests.fixtures import cloud_api
from trove.tests.fixtures import deployment as deployments
from trove.tests.fixtures import horizon
from trove.tests.fixtures import keystone
from trove.tests.functional.dashboard import pages
from trove.tests.functional.deployed import base
from trove.tests.functional.deployed import test_backups_swift
from trove.tests.functional.guestagent import stores
from trove.tests.functional.tempest import plugin


class Deployment(test_backups_swift.SwiftDeployment):
    """With Swift, MariaDB and PostgreSQL, and what asks Nova and Cinder."""

    FORKED = True
    DATASTORE = 'mariadb'

    def __init__(self) -> None:
        super().__init__(
            options={
                'cloud_local': {
                    'public_access': True,
                    'volume_types': cloud_api.CloudAPI.VOLUME_TYPE,
                }
            }
        )
        #: The names of versions, by datastore.
        self.versions: dict[str, str] = {}

    def _setUp(self) -> None:
        super()._setUp()
        flavors = self.client(self.keystone.member).flavors.list()
        cloud = self.useFixture(cloud_api.CloudAPI(flavors))
        self.keystone.add_service('nova', 'compute', cloud.compute_url)
        self.keystone.add_service('cinder', 'block-storage', cloud.volume_url)

    def _options(self) -> deployments.Options:
        options = super()._options()
        # The one whose parameters are listed below.
        with (self.directory / 'guest-extra.conf').open('a') as guests:
            guests.write(
                f'[postgresql]\nbin_dir = {stores.encrypting_bin_dir()}\n'
            )
        return options

    def _prepare_database(self) -> None:
        self.write_config('manage')
        self.manage('db_sync')
        staging = str(self.state_dir / 'programs')
        names = ('mariadb', 'postgresql')
        for name, found, listed in plugin.catalogues(staging, names):
            version = self.versions[name] = found.major
            self.manage('datastore_update', name, '')
            self.manage(
                'datastore_version_update',
                name,
                version,
                name,
                'local',
                '',
                '1',
            )
            self.manage('datastore_update', name, version)
            path = self.directory / f'{name}.catalogue'
            path.write_text(listed)
            self.manage(
                'db_load_datastore_config_catalogue',
                name,
                version,
                str(path),
            )


def _kept(made: Any) -> Any:
    """Set up a fixture, for as long as this process lasts."""
    made.setUp()
    atexit.register(made.cleanUp)
    return made


@functools.cache
def _deployment() -> Any:
    return _kept(Deployment())


@functools.cache
def _horizon() -> Any:
    return _kept(horizon.Horizon(_deployment().keystone.url))


@functools.cache
def _browser() -> Any:
    return _kept(chromium.Chromium())


class FieldTestCase(base.DeployedTestCase):
    """Given a deployment that others of the field use."""

    deployment: Deployment

    def make_deployment(self) -> Deployment:
        made: Deployment = _deployment()
        return made


class HorizonTestCase(FieldTestCase):
    """Given somebody who has signed in."""

    def setUp(self) -> None:
        super().setUp()
        self.addOnException(self._attach_page)
        self.pages = pages.Pages(_browser(), _horizon().url)
        self.sign_in(self.deployment.keystone.member)

    def sign_in(self, user: keystone.User) -> None:
        _browser().driver.delete_all_cookies()
        self.pages.sign_in(user)

    def _attach_page(self, exc_info: object) -> None:
        self.addDetail('page', self.pages.detail())
        self.addDetail('horizon.log', _horizon().detail())

    def wait_row(self, table: str, row: str, *cells: str) -> list[str]:
        """Wait until a row has these cells; the page comes anew by itself."""
        return self.eventually(
            lambda: set(cells) <= set(self.pages.rows(table).get(row, []))
            and self.pages.rows(table)[row],
            f'{row} has {cells}',
        )
