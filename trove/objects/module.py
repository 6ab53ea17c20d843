# SPDX-License-Identifier: Apache-2.0
"""Modules: files of a project, or of all, that guest agents apply.

The contents are base64, and encrypted in the database in the form of released
Trove.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
import hashlib
from typing import Any
from typing import Final

from oslo_config import cfg
from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import crypto
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import _markers
from trove.objects import datastore as datastores
from trove.objects import quota

#: Every project, datastore or version.
ALL: Final = 'all'

_ROW = models.Module

#: Together they tell modules apart.
_KEY: Final = (
    *('name', 'type', 'tenant_id'),
    *('datastore_id', 'datastore_version_id'),
)


@dataclasses.dataclass(frozen=True)
class Module:
    """A module as it was when it was read.

    :ivar tenant_id: of its project, None: for every project
    :ivar datastore_id: None: for every datastore; so with the version
    :ivar auto_apply: new instances get it unasked
    :ivar visible: others than administrators see it, too
    :ivar live_update: it may be changed while instances have it
    :ivar priority_apply: it is applied before those without
    :ivar apply_order: from 0 to 9, among those of the same priority
    :ivar is_admin: only administrators change or remove it
    :ivar md5: of the contents
    :ivar sealed: the contents, encrypted
    """

    id: str
    name: str
    type: str
    description: str | None
    tenant_id: str | None
    datastore_id: str | None
    datastore_version_id: str | None
    auto_apply: bool
    visible: bool
    live_update: bool
    priority_apply: bool
    apply_order: int
    is_admin: bool
    md5: str
    created: datetime.datetime | None
    updated: datetime.datetime | None
    datastore_name: str | None = None
    version_name: str | None = None
    sealed: str = dataclasses.field(default='', repr=False)


@session.retry(duplicates=True)
def create(
    conf: cfg.ConfigOpts,
    context: trove_context.TroveContext,
    contents: str,
    **columns: Any,
) -> Module:
    """Make a module.

    :param contents: base64
    :param columns: of the table
    :raises BadRequest: there is one like it
    :raises NotSupported: the key of modules is not set
    :raises QuotaExceeded: the project may not have another one
    """
    sealed = _seal(conf, contents)
    project_id = columns.get('tenant_id')
    with session.writer() as db:
        if project_id is not None:
            quota.check_number(
                db,
                project_id,
                'modules',
                conf.max_modules_per_tenant,
                sa.select(_ROW.id).where(
                    _ROW.tenant_id == project_id, _ROW.deleted.is_not(True)
                ),
            )
        _check_unique(db, columns)
        row = _ROW(contents=sealed, md5=_md5(contents), **columns)
        db.add(row)
        db.flush()
        # MariaDB keeps whole seconds.
        db.refresh(row)
        return _load([row])[0]


def get(context: trove_context.TroveContext, module_id: str) -> Module:
    """Return a module.

    :raises NotFound: there is none, or it is another project's or not
        visible, and the context not an administrator's
    """
    with session.reader() as db:
        return _load([_row(db, context, module_id)])[0]


def list_(
    context: trove_context.TroveContext,
    *,
    limit: int,
    marker: str | None,
    datastore: str | None = None,
) -> tuple[list[Module], str | None]:
    """Return a page of modules by their ids, and the marker of the next.

    :param datastore: id; ALL: only those for every datastore; None: any
    :raises BadRequest: there has been no such module
    """
    query = (
        sa.select(_ROW)
        .where(_ROW.deleted.is_not(True), *_seen(context))
        .order_by(_ROW.id)
        .limit(limit + 1)
    )
    if datastore is not None:
        wanted = None if datastore == ALL else datastore
        query = query.where(_ROW.datastore_id.is_not_distinct_from(wanted))
    if marker is not None:
        query = query.where(_ROW.id > marker)
    with session.reader() as db:
        if marker is not None:
            whose = None if context.is_admin else context.project_id
            _markers.find(db, _ROW, marker, whose, 'a module')
        found = _load(db.scalars(query))
    if len(found) > limit:
        return found[:limit], found[limit - 1].id
    return found, None


def automatic(
    project_id: str, version: datastores.DatastoreVersion
) -> list[Module]:
    """Return the modules that new instances of a version get unasked."""
    query = sa.select(_ROW).where(
        _ROW.deleted.is_not(True),
        _ROW.auto_apply.is_(True),
        *(
            sa.or_(column == value, column.is_(None))
            for column, value in (
                (_ROW.tenant_id, project_id),
                (_ROW.datastore_id, version.datastore_id),
                (_ROW.datastore_version_id, version.id),
            )
        ),
    )
    with session.reader() as db:
        return _load(db.scalars(query))


@session.retry
def update(
    conf: cfg.ConfigOpts,
    context: trove_context.TroveContext,
    module_id: str,
    columns: Mapping[str, Any],
    contents: str | None = None,
) -> Module:
    """Change columns of a module, or its contents.

    :raises NotFound: see :func:`get`
    :raises BadRequest: there is one like it
    :raises NotSupported: the key of modules is not set
    """
    with session.writer() as db:
        row = _row(db, context, module_id)
        for name, value in columns.items():
            setattr(row, name, value)
        if contents is not None:
            row.contents, row.md5 = _seal(conf, contents), _md5(contents)
        row.updated = timeutils.utcnow()
        with db.no_autoflush:
            _check_unique(db, {key: getattr(row, key) for key in _KEY}, row.id)
        db.flush()
        db.refresh(row)
        return _load([row])[0]


@session.retry
def delete(context: trove_context.TroveContext, module_id: str) -> None:
    """Mark a module as deleted.

    :raises NotFound: see :func:`get`
    """
    with session.writer() as db:
        row = _row(db, context, module_id)
        row.deleted = True
        row.deleted_at = timeutils.utcnow()


def order(conf: cfg.ConfigOpts, module: Module) -> dict[str, Any]:
    """Return a module with its contents, as guest agents are sent it.

    :raises NotSupported: the key of modules is not set, or not the one that
        the contents were encrypted with
    """
    try:
        contents = crypto.decrypt_released(module.sealed, _key(conf))
    except exception.SealError:
        contents = ''
    if _md5(contents) != module.md5:
        raise exception.NotSupported(
            f'The contents of module {module.id} were encrypted with another '
            'module_aes_cbc_key. Ask an administrator to set that one, or '
            'update the module with its contents.'
        )
    return {'module': {**told(module), 'contents': contents}}


def told(module: Module) -> dict[str, Any]:
    """Return what users and guest agents are told, but for the times."""
    return {
        'id': module.id,
        'name': module.name,
        'type': module.type,
        'description': module.description,
        'tenant': module.tenant_id or ALL,
        'tenant_id': module.tenant_id,
        'datastore': module.datastore_name or ALL,
        'datastore_id': module.datastore_id,
        'datastore_version': module.version_name or ALL,
        'datastore_version_id': module.datastore_version_id,
        'auto_apply': module.auto_apply,
        'visible': module.visible,
        'live_update': module.live_update,
        'priority_apply': module.priority_apply,
        'apply_order': module.apply_order,
        'is_admin': module.is_admin,
        'md5': module.md5,
    }


def _seen(context: trove_context.TroveContext) -> list[Any]:
    """Return what restricts a query to those that somebody sees."""
    if context.is_admin:
        return []
    return [
        _ROW.visible.is_(True),
        sa.or_(
            _ROW.tenant_id == context.project_id, _ROW.tenant_id.is_(None)
        ),
    ]


def _row(
    db: orm.Session, context: trove_context.TroveContext, module_id: str
) -> models.Module:
    found = None
    if '\0' not in module_id:
        found = db.scalar(
            sa.select(_ROW).where(
                _ROW.id == module_id,
                _ROW.deleted.is_not(True),
                *_seen(context),
            )
        )
    if found is None:
        raise exception.NotFound(f'Module {module_id} could not be found.')
    return found


def _check_unique(
    db: orm.Session, columns: Mapping[str, Any], but: str | None = None
) -> None:
    query = sa.select(_ROW.id).where(
        _ROW.deleted.is_not(True),
        _ROW.id != (but or ''),
        *(
            getattr(_ROW, key).is_not_distinct_from(columns.get(key))
            for key in _KEY
        ),
    )
    if db.scalar(query) is not None:
        raise exception.BadRequest(
            f'There is a module "{columns["name"]}" of this type for the same '
            'projects and datastores. Choose another name, or update it.'
        )


def _load(rows: Iterable[models.Module]) -> list[Module]:
    found = list(rows)
    names = {each.id: each.name for each in datastores.list_(inactive=True)}
    versions = datastores.versions_of(
        {row.datastore_version_id for row in found if row.datastore_version_id}
    )
    copied = {field.name for field in dataclasses.fields(Module)}
    copied -= {'datastore_name', 'version_name', 'sealed'}
    return [
        Module(
            **{name: getattr(row, name) for name in copied}
            | {
                # Released Trove made these columns later.
                'apply_order': 5 if row.apply_order is None
                else row.apply_order,
                'is_admin': bool(row.is_admin),
                'priority_apply': bool(row.priority_apply),
            },
            datastore_name=names.get(row.datastore_id or ''),
            version_name=(
                versions[row.datastore_version_id].name
                if row.datastore_version_id in versions
                else None
            ),
            sealed=row.contents,
        )
        for row in found
    ]


def _seal(conf: cfg.ConfigOpts, contents: str) -> str:
    return crypto.encrypt_released(contents, _key(conf))


def _key(conf: cfg.ConfigOpts) -> str:
    key: str | None = conf.module_aes_cbc_key
    if not key:
        raise exception.NotSupported(
            'This cloud has no key for the contents of modules. Ask an '
            'administrator to set module_aes_cbc_key.'
        )
    return key


def _md5(contents: str) -> str:
    return hashlib.md5(contents.encode(), usedforsecurity=False).hexdigest()
