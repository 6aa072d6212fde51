// CSIDrivers.
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { CSIDriver } from '../../../../shared/api/storage/v1.ts'
import { NONE, UNSET, ageColumn, boolean, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { immutable } from '../support/rules.ts'
import { validateCSIDriver } from './validate-csi.ts'
import { bumpGeneration, ensureStructs } from '../support/strategy.ts'

export const csiDrivers = defineResource<CSIDriver>({
  type: CSIDriver,
  updatesNeedVersion: true,
  setDefaults: driver => {
    ensureStructs(driver, 'spec')
    const { spec } = driver
    spec.attachRequired ??= true
    spec.podInfoOnMount ??= false
    spec.storageCapacity ??= false
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
    if (list(spec.volumeLifecycleModes).length === 0) spec.volumeLifecycleModes = ['Persistent']
    spec.requiresRepublish ??= false
    spec.seLinuxMount ??= false
  },
  prepareForUpdate: bumpGeneration,
  validate: validateCSIDriver,
  validateUpdate: ({ spec }, old) => [
    // Upstream calls it so.
    ...immutable('spec.attachedRequired', spec.attachRequired, old.spec.attachRequired),
    ...immutable('spec.volumeLifecycleModes', spec.volumeLifecycleModes, old.spec.volumeLifecycleModes),
  ],
  warnings: ({ spec }, old) =>
    list(spec.tokenRequests).length > 0 &&
    spec.serviceAccountTokenInSecrets === undefined &&
    !deepEqual(spec.tokenRequests, old?.spec.tokenRequests)
      ? [
          'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
        ]
      : [],
  columns: [
    nameColumn,
    boolean('AttachRequired', 'Whether volumes are attached to nodes.', d => d.spec.attachRequired ?? true),
    boolean('PodInfoOnMount', 'Whether mounts are told about the pod.', d => d.spec.podInfoOnMount ?? false),
    boolean('StorageCapacity', 'Whether capacity is published.', d => d.spec.storageCapacity ?? false),
    text('TokenRequests', 'Audiences of tokens that the driver gets.', d =>
      d.spec.tokenRequests ? d.spec.tokenRequests.map(t => t.audience).join(',') : UNSET,
    ),
    boolean('RequiresRepublish', 'Whether mounts are refreshed.', d => d.spec.requiresRepublish ?? false),
    text('Modes', 'Lifecycles of volumes.', d => list(d.spec.volumeLifecycleModes).join(',') || NONE),
    ageColumn,
  ],
})
