// ReplicaSets.
import { ReplicaSet } from '../../../../shared/api/apps/v1.ts'
import { ageColumn, integer, nameColumn, selectorColumn, templateColumns } from '../columns/common.ts'
import { emptyTemplate, setPodTemplateDefaults } from '../core/pod/defaults.ts'
import { changedTemplate } from '../core/pod/warnings.ts'
import { unlikelyHostName } from '../support/warnings.ts'
import { defineResource } from '../resource.ts'
import { selectorScale } from '../support/scale.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'
import { PARTS_OF_REPLICA_SET, validateReplicaStatus } from './validate.ts'
import { validateReplicaSet, validateReplicaSetUpdate } from './validate-replica-set.ts'

export const replicaSets = defineResource<ReplicaSet>({
  type: ReplicaSet,
  shortNames: ['rs'],
  categories: ['all'],
  setDefaults: set => {
    ensureStructs(set, 'spec', 'status')
    set.status.replicas ??= 0
    set.spec.replicas ??= 1
    setPodTemplateDefaults((set.spec.template ??= emptyTemplate()))
  },
  ...specAndStatus({ replicas: 0 }),
  status: statusStrategy<ReplicaSet>((set, old) => validateReplicaStatus(PARTS_OF_REPLICA_SET, set.status, old.status)),
  scale: selectorScale<ReplicaSet>(),
  validate: validateReplicaSet,
  validateUpdate: validateReplicaSetUpdate,
  warnings: (object, old) => [...unlikelyHostName(object.metadata, old), ...changedTemplate(object, old)],
  columns: [
    nameColumn,
    integer('Desired', 'Replicas wanted.', set => set.spec.replicas ?? 0),
    integer('Current', 'Replicas that exist.', set => set.status.replicas),
    integer('Ready', 'Replicas that are ready.', set => set.status.readyReplicas ?? 0),
    ageColumn,
    ...templateColumns<ReplicaSet>(set => set.spec.template?.spec?.containers),
    selectorColumn<ReplicaSet>(set => set.spec.selector),
  ],
})
