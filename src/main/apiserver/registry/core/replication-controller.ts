// ReplicationControllers.
import { ReplicationController } from '../../../../shared/api/core/v1.ts'
import { longName } from '../../../../shared/machinery/names.ts'
import { ageColumn, integer, labelsText, nameColumn, templateColumns, text, wide } from '../columns/common.ts'
import { unlikelyHostName } from '../support/warnings.ts'
import { changedTemplate } from './pod/warnings.ts'
import { defineResource } from '../resource.ts'
import { isEmpty, sortedEntries } from '../support/collections.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'
import { setPodTemplateDefaults } from './pod/defaults.ts'
import { validateReplicationController } from './validate-replication-controller.ts'
import { PARTS_OF_REPLICA_SET, validateReplicaStatus } from '../apps/validate.ts'

export const replicationControllers = defineResource<ReplicationController>({
  type: ReplicationController,
  shortNames: ['rc'],
  categories: ['all'],
  setDefaults: rc => {
    ensureStructs(rc, 'spec', 'status')
    rc.status.replicas ??= 0
    rc.spec.replicas ??= 1
    const labels = rc.spec.template?.metadata?.labels
    if (labels && isEmpty(rc.spec.selector)) rc.spec.selector = { ...labels }
    if (labels && isEmpty(rc.metadata.labels)) rc.metadata.labels = { ...labels }
    setPodTemplateDefaults(rc.spec.template)
  },
  ...specAndStatus({ replicas: 0 }),
  status: statusStrategy<ReplicationController>((rc, old) =>
    validateReplicaStatus(PARTS_OF_REPLICA_SET, rc.status, old.status),
  ),
  scale: {
    replicas: rc => rc.spec.replicas ?? 0,
    setReplicas: (rc, replicas) => {
      rc.spec.replicas = replicas
    },
    statusReplicas: rc => rc.status.replicas,
    selector: rc =>
      sortedEntries(rc.spec.selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
  },
  selectableFields: { 'status.replicas': rc => String(rc.status.replicas) },
  validateName: longName,
  validate: validateReplicationController,
  warnings: (rc, old) => [...unlikelyHostName(rc.metadata, old), ...changedTemplate(rc, old)],
  columns: [
    nameColumn,
    integer('Desired', 'Replicas wanted.', rc => rc.spec.replicas ?? 0),
    integer('Current', 'Replicas that exist.', rc => rc.status.replicas),
    integer('Ready', 'Replicas that are ready.', rc => rc.status.readyReplicas ?? 0),
    ageColumn,
    ...templateColumns<ReplicationController>(rc => rc.spec.template?.spec?.containers),
    wide(text('Selector', 'Labels that select the pods.', rc => labelsText(rc.spec.selector))),
  ],
})
