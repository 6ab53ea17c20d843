# SPDX-License-Identifier: Apache-2.0
"""Datastores and their versions.

Inactive versions cannot be used for new instances. They, and datastores
without an active version, are returned only with ``inactive``.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses

from oslo_config import cfg
import sqlalchemy as sa

from trove.common import exception
from trove.common import names
from trove.db import models
from trove.db import session


@dataclasses.dataclass(frozen=True)
class Datastore:
    """A kind of database server, such as PostgreSQL."""

    id: str
    name: str
    default_version_id: str | None


@dataclasses.dataclass(frozen=True)
class DatastoreVersion:
    """An installable version of a datastore.

    Users select it by ``name``. ``version`` is its version number, such as
    18.6, and ``manager`` the driver in the guest agent.
    """

    id: str
    name: str
    version: str | None
    active: bool
    manager: str | None
    image_id: str | None
    image_tags: tuple[str, ...]
    packages: str | None
    registry_ext: str
    repl_strategy: str
    datastore_id: str
    datastore_name: str


def list_(*, inactive: bool = False) -> list[Datastore]:
    """Return the datastores by name."""
    query = sa.select(models.Datastore).order_by(models.Datastore.name)
    if not inactive:
        query = query.where(_has_active_version())
    with session.reader() as db:
        return [_datastore(row) for row in db.scalars(query)]


def get(
    conf: cfg.ConfigOpts,
    id_or_name: str | None = None,
    *,
    inactive: bool = False,
) -> Datastore:
    """Return a datastore, by default ``default_datastore``.

    :raises DatastoreNotFound: there is none with that id or name, or none was
        given and there is no default
    """
    wanted = id_or_name or conf.default_datastore
    if not wanted:
        return _only_one()
    query = sa.select(models.Datastore).where(
        sa.or_(
            models.Datastore.id == wanted, models.Datastore.name == wanted
        )
    )
    if not inactive:
        query = query.where(_has_active_version())
    with session.reader() as db:
        rows = [] if '\0' in wanted else list(db.scalars(query))
    for row in sorted(rows, key=lambda row: row.id != wanted):
        return _datastore(row)
    raise exception.DatastoreNotFound(id=wanted)


def versions(
    datastore_id: str, *, inactive: bool = False
) -> list[DatastoreVersion]:
    """Return the versions of a datastore by name."""
    return _versions(
        models.DatastoreVersion.datastore_id == datastore_id,
        inactive=inactive,
    )


def all_versions() -> list[DatastoreVersion]:
    """Return the versions of all datastores, inactive ones too."""
    return _versions(sa.true(), inactive=True)


def get_version(
    datastore: Datastore,
    id_or_name: str | None = None,
    *,
    number: str | None = None,
    inactive: bool = False,
) -> DatastoreVersion:
    """Return a version of a datastore, by default its default version.

    :param number: the version number, if several versions have that name
    :raises UnknownDatastoreVersion: there is none, or it is not active
    :raises BadRequest: several versions have that name
    """
    wanted = id_or_name or datastore.default_version_id
    known = versions(datastore.id, inactive=inactive)
    found = [
        version
        for version in known
        if wanted in (version.id, version.name)
        and number in (None, version.version)
    ]
    exact = [version for version in found if version.id == wanted]
    if exact or len(found) == 1:
        return (exact or found)[0]
    if not found:
        names = {version.id: version.name for version in known}
        text = names.get(wanted or '', wanted or '')
        if number:
            text = f'{text} with the number {number}'
        raise exception.UnknownDatastoreVersion(
            datastore=datastore.name,
            version=text or '(none given, and no default)',
        )
    numbers = ', '.join(sorted(str(version.version) for version in found))
    raise exception.BadRequest(
        reason=f'datastore {datastore.name} has several versions with the '
        f'name {wanted}. Set version_number to one of {numbers}.'
    )


def get_version_by_id(
    version_id: str, *, inactive: bool = False
) -> DatastoreVersion:
    """Return a version of any datastore.

    :raises DatastoreVersionNotFound: there is none, or it is not active
    """
    if '\0' not in version_id:
        found = _versions(
            models.DatastoreVersion.id == version_id, inactive=inactive
        )
        if found:
            return found[0]
    raise exception.DatastoreVersionNotFound(id=version_id)


def versions_of(ids: Iterable[str]) -> dict[str, DatastoreVersion]:
    """Return versions by their ids, inactive ones too."""
    found = _versions(
        models.DatastoreVersion.id.in_(list(ids)), inactive=True
    )
    return {version.id: version for version in found}


@session.retry(duplicates=True)
def save(name: str, default_version: str | None = None) -> Datastore:
    """Create a datastore, or change its default version.

    :param default_version: id or name of one of its versions; None: keep it
    :raises UnknownDatastoreVersion: it has no such version
    :raises BadRequest: the name is invalid
    """
    with session.writer() as db:
        row = db.scalar(
            sa.select(models.Datastore).where(models.Datastore.name == name)
        )
        if row is None:
            check_name(name)
            row = models.Datastore(name=name)
            db.add(row)
            db.flush()
        if default_version:
            row.default_version_id = get_version(
                _datastore(row), default_version, inactive=True
            ).id
        return _datastore(row)


@session.retry(duplicates=True)
def save_version(
    datastore_name: str,
    name: str,
    *,
    manager: str,
    image_id: str | None = None,
    packages: str = '',
    active: bool = True,
    version: str | None = None,
    image_tags: Sequence[str] = (),
    registry_ext: str = '',
    repl_strategy: str = '',
) -> DatastoreVersion:
    """Create a version of a datastore, or change it.

    :param version: the version number; None: the name
    :raises DatastoreNotFound: there is no such datastore
    :raises BadRequest: the name is invalid
    """
    number = version or name
    with session.writer() as db:
        parent = db.scalar(
            sa.select(models.Datastore).where(
                models.Datastore.name == datastore_name
            )
        )
        if parent is None:
            raise exception.DatastoreNotFound(id=datastore_name)
        row = db.scalar(
            sa.select(models.DatastoreVersion).where(
                models.DatastoreVersion.datastore_id == parent.id,
                models.DatastoreVersion.name == name,
                models.DatastoreVersion.version == number,
            )
        )
        if row is None:
            names.check('datastore version', name)
            row = models.DatastoreVersion(
                datastore_id=parent.id, name=name, version=number
            )
            db.add(row)
        row.manager = manager
        row.image_id = image_id
        row.packages = packages
        row.active = active
        row.image_tags = ','.join(image_tags)
        row.registry_ext = registry_ext
        row.repl_strategy = repl_strategy
        db.flush()
        return version_from(row, parent)


def check_name(name: str) -> None:
    names.check('datastore', name)
    if name == 'versions':
        raise exception.BadRequest(
            'The name of a datastore cannot be "versions", which is a path '
            'of the API. Choose another name.'
        )


def version_from(
    row: models.DatastoreVersion, parent: models.Datastore
) -> DatastoreVersion:
    """Return the version that two rows describe."""
    return DatastoreVersion(
        id=row.id,
        name=row.name or '',
        version=row.version,
        active=bool(row.active),
        manager=row.manager,
        image_id=row.image_id,
        image_tags=tuple(
            tag.strip()
            for tag in (row.image_tags or '').split(',')
            if tag.strip()
        ),
        packages=row.packages,
        registry_ext=row.registry_ext,
        repl_strategy=row.repl_strategy,
        datastore_id=parent.id,
        datastore_name=parent.name or '',
    )


def _datastore(row: models.Datastore) -> Datastore:
    return Datastore(
        id=row.id,
        name=row.name or '',
        default_version_id=row.default_version_id,
    )


def _has_active_version() -> sa.ColumnElement[bool]:
    return sa.exists().where(
        models.DatastoreVersion.datastore_id == models.Datastore.id,
        models.DatastoreVersion.active.is_(True),
    )


def _only_one() -> Datastore:
    found = list_()
    if len(found) == 1:
        return found[0]
    raise exception.DatastoreNotFound(
        'No datastore was given, and there is no default. Use one of: '
        f'{", ".join(datastore.name for datastore in found) or "(none)"}.'
    )


def _versions(
    condition: sa.ColumnElement[bool], *, inactive: bool
) -> list[DatastoreVersion]:
    query = (
        sa.select(models.DatastoreVersion, models.Datastore)
        .join(
            models.Datastore,
            models.Datastore.id == models.DatastoreVersion.datastore_id,
        )
        .where(condition)
        .order_by(
            models.Datastore.name,
            models.DatastoreVersion.name,
            models.DatastoreVersion.version,
        )
    )
    if not inactive:
        query = query.where(models.DatastoreVersion.active.is_(True))
    with session.reader() as db:
        return [
            version_from(row, parent)
            for row, parent in db.execute(query)
        ]
