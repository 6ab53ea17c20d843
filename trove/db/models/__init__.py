# SPDX-License-Identifier: Apache-2.0
"""The tables, one class each.

Tables of release 26.0 keep their names, types and keys, so that its database
is migrated in place. ``services``, ``workflows``, ``guest_probes``,
``backup_logs``, ``backup_schedules``, ``backup_verifications``,
``instance_addresses``, ``instance_certificates``, ``instance_keys``,
``instance_sealing``, ``log_archives``, ``log_series``,
``pending_parameters``, ``reapplied_modules``, ``replication_states``,
``rpc_rejected``, ``rpc_replays`` and ``scheduled_backups`` were added since.
"""

from __future__ import annotations

from trove.db.models import backup
from trove.db.models import base
from trove.db.models import cluster
from trove.db.models import configuration
from trove.db.models import datastore
from trove.db.models import instance
from trove.db.models import legacy
from trove.db.models import message
from trove.db.models import module
from trove.db.models import quota
from trove.db.models import service

Backup = backup.Backup
BackupLog = backup.BackupLog
BackupSchedule = backup.BackupSchedule
BackupStrategy = backup.BackupStrategy
BackupVerification = backup.BackupVerification
LogArchive = backup.LogArchive
LogSeries = backup.LogSeries
ScheduledBackup = backup.ScheduledBackup
Base = base.Base
Cluster = cluster.Cluster
Configuration = configuration.Configuration
ConfigurationParameter = configuration.ConfigurationParameter
PendingParameter = configuration.PendingParameter
Capability = datastore.Capability
CapabilityOverride = datastore.CapabilityOverride
Datastore = datastore.Datastore
DatastoreConfigurationParameter = datastore.DatastoreConfigurationParameter
DatastoreVersion = datastore.DatastoreVersion
DatastoreVersionMetadata = datastore.DatastoreVersionMetadata
AgentHeartbeat = instance.AgentHeartbeat
ConductorLastSeen = instance.ConductorLastSeen
Instance = instance.Instance
InstanceAddress = instance.InstanceAddress
InstanceCertificate = instance.InstanceCertificate
InstanceFault = instance.InstanceFault
ReplicationState = instance.ReplicationState
RootHistory = instance.RootHistory
ServiceStatus = instance.ServiceStatus
Workflow = instance.Workflow
DNSRecord = legacy.DNSRecord
SecurityGroup = legacy.SecurityGroup
SecurityGroupInstanceAssociation = legacy.SecurityGroupInstanceAssociation
SecurityGroupRule = legacy.SecurityGroupRule
ServiceImage = legacy.ServiceImage
UsageEvent = legacy.UsageEvent
GuestProbe = message.GuestProbe
InstanceKeys = message.InstanceKeys
InstanceSealing = message.InstanceSealing
RejectedMessage = message.RejectedMessage
SeenMessage = message.SeenMessage
InstanceModule = module.InstanceModule
Module = module.Module
ReappliedModule = module.ReappliedModule
Quota = quota.Quota
QuotaUsage = quota.QuotaUsage
Reservation = quota.Reservation
Service = service.Service

__all__ = (
    'AgentHeartbeat',
    'Backup',
    'BackupLog',
    'BackupSchedule',
    'BackupStrategy',
    'BackupVerification',
    'Base',
    'Capability',
    'CapabilityOverride',
    'Cluster',
    'ConductorLastSeen',
    'Configuration',
    'ConfigurationParameter',
    'DNSRecord',
    'Datastore',
    'DatastoreConfigurationParameter',
    'DatastoreVersion',
    'DatastoreVersionMetadata',
    'GuestProbe',
    'Instance',
    'InstanceAddress',
    'InstanceCertificate',
    'InstanceFault',
    'InstanceKeys',
    'InstanceModule',
    'InstanceSealing',
    'LogArchive',
    'LogSeries',
    'Module',
    'PendingParameter',
    'Quota',
    'QuotaUsage',
    'ReappliedModule',
    'RejectedMessage',
    'ReplicationState',
    'Reservation',
    'RootHistory',
    'ScheduledBackup',
    'SecurityGroup',
    'SecurityGroupInstanceAssociation',
    'SecurityGroupRule',
    'SeenMessage',
    'Service',
    'ServiceImage',
    'ServiceStatus',
    'UsageEvent',
    'Workflow',
)
