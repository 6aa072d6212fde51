// StatefulSets.
import { StatefulSet } from '../../../../shared/api/apps/v1.ts'
import { dns1123Label } from '../../../../shared/machinery/names.ts'
import { ageColumn, nameColumn, templateColumns, text } from '../columns/common.ts'
import { claimSpecWarnings } from '../core/claim-warnings.ts'
import { changedTemplate } from '../core/pod/warnings.ts'
import { setClaimDefaults } from '../core/claim-defaults.ts'
import { emptyTemplate, setPodTemplateDefaults } from '../core/pod/defaults.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { selectorScale } from '../support/scale.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'
import { PARTS_OF_STATEFUL_SET, validateReplicaStatus } from './validate.ts'
import { validateStatefulSet, validateStatefulSetUpdate } from './validate-stateful-set.ts'

function setStatefulSetDefaults(set: StatefulSet): void {
  ensureStructs(set, 'spec', 'status')
  set.status.replicas ??= 0
  set.status.availableReplicas ??= 0
  const { spec } = set
  spec.podManagementPolicy ||= 'OrderedReady'
  const strategy = (spec.updateStrategy ??= {})
  if (!strategy.type) {
    strategy.type = 'RollingUpdate'
    strategy.rollingUpdate ??= {}
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) {
    strategy.rollingUpdate.partition ??= 0
  }
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {})
  retention.whenDeleted ||= 'Retain'
  retention.whenScaled ||= 'Retain'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  setPodTemplateDefaults((spec.template ??= emptyTemplate()))
  for (const claim of list(spec.volumeClaimTemplates)) {
    claim.apiVersion = 'v1'
    claim.kind = 'PersistentVolumeClaim'
    setClaimDefaults(claim)
  }
}

const counted = specAndStatus({ replicas: 0, availableReplicas: 0 })

/** Upstream has the feature off: pods go one at a time, and the field stays only where it was before. */
function dropMaxUnavailable({ spec }: StatefulSet, old?: StatefulSet): void {
  if (old?.spec.updateStrategy?.rollingUpdate?.maxUnavailable === undefined)
    delete spec.updateStrategy?.rollingUpdate?.maxUnavailable
}

export const statefulSets = defineResource<StatefulSet>({
  type: StatefulSet,
  shortNames: ['sts'],
  categories: ['all'],
  setDefaults: setStatefulSetDefaults,
  validateName: dns1123Label,
  prepareForCreate(set) {
    dropMaxUnavailable(set)
    counted.prepareForCreate(set)
  },
  prepareForUpdate(set, old) {
    dropMaxUnavailable(set, old)
    counted.prepareForUpdate(set, old)
  },
  status: statusStrategy<StatefulSet>((set, old) =>
    validateReplicaStatus(PARTS_OF_STATEFUL_SET, set.status, old.status, 'status.readyReplicas'),
  ),
  scale: selectorScale<StatefulSet>(),
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  warnings: (set, old) => [
    ...changedTemplate(set, old),
    ...list(set.spec.volumeClaimTemplates).flatMap(({ spec }, i) =>
      claimSpecWarnings(`spec.volumeClaimTemplates[${i}]${old ? '.Spec' : ''}`, spec),
    ),
    ...((set.spec.revisionHistoryLimit ?? 0) < 0
      ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
      : []),
  ],
  columns: [
    nameColumn,
    text(
      'Ready',
      'Replicas that are ready, of those wanted.',
      s => `${s.status.readyReplicas ?? 0}/${s.spec.replicas ?? 0}`,
    ),
    ageColumn,
    ...templateColumns<StatefulSet>(s => s.spec.template?.spec?.containers),
  ],
})
