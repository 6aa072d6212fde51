// Pods.
import { Pod } from '../../../../shared/api/core/v1.ts'
import { podColumns, podRowCondition } from '../columns/pod.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { bumpGeneration, keepField, keepStatus, startGeneration } from '../support/strategy.ts'
import { unlikelyHostName } from '../support/warnings.ts'
import { withPodScheduled } from './pod-scheduled.ts'
import { takeAppArmorAnnotations } from './pod/app-armor-annotations.ts'
import { setPodDefaults } from './pod/defaults.ts'
import { applyLabelKeys } from './pod/label-keys.ts'
import { qosClass } from '../../../../shared/machinery/qos.ts'
import { podWarnings } from './pod/warnings.ts'
import { validatePodStatusUpdate } from './pod/validate-status.ts'
import { validatePodUpdate } from './pod/validate-update.ts'
import { validateNewPod, validatePod } from './pod/validate.ts'

const TERMINAL = new Set(['Succeeded', 'Failed'])

/**
 * Seconds that the kubelet gets. A pod that never reached a node, or that has ended, has nothing to wind down.
 * @param requested what the client asked for; negative means one second
 */
export function podGracePeriod(pod: Pod, requested: number | undefined): number {
  let seconds = Math.min(Number(requested ?? pod.spec.terminationGracePeriodSeconds ?? 0), Number.MAX_SAFE_INTEGER)
  if (!pod.spec.nodeName || TERMINAL.has(pod.status.phase ?? '')) seconds = 0
  return seconds < 0 ? 1 : seconds
}

const GATED = {
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
}

export const pods = defineResource<Pod>({
  type: Pod,
  shortNames: ['po'],
  categories: ['all'],
  setDefaults: setPodDefaults,
  prepareForCreate: (pod, warn) => {
    startGeneration(pod)
    takeAppArmorAnnotations(pod, warn)
    applyLabelKeys(pod)
    pod.status = { phase: 'Pending', qosClass: qosClass(pod) }
    if (list(pod.spec.schedulingGates).length > 0)
      pod.status.conditions = withPodScheduled(undefined, GATED, pod.metadata.creationTimestamp)
  },
  prepareForUpdate: (pod, old) => {
    keepStatus(pod, old)
    bumpGeneration(pod, old)
  },
  // Only an object that was stored has a version.
  validate: pod => [...validatePod(pod), ...(pod.metadata.resourceVersion ? [] : validateNewPod(pod))],
  validateUpdate: validatePodUpdate,
  status: {
    validateUpdate: validatePodStatusUpdate,
    keptMetadata: ['ownerReferences'],
    prepareForUpdate: (pod, old) => {
      keepField(pod, old, 'spec')
      if (old.metadata.generation !== undefined) pod.metadata.generation = old.metadata.generation
      // The class is decided when the pod is created; who does not say it does not change it.
      if (old.status.qosClass) pod.status.qosClass ||= old.status.qosClass
      if (old.metadata.ownerReferences) pod.metadata.ownerReferences = old.metadata.ownerReferences
      else delete pod.metadata.ownerReferences
    },
  },
  warnings: (pod, old) => [...unlikelyHostName(pod.metadata, old, "the Pod's hostname"), ...podWarnings(pod)],
  gracefulDeletion: podGracePeriod,
  selectableFields: {
    'spec.nodeName': pod => pod.spec.nodeName ?? '',
    // What its name was at first.
    'spec.host': pod => pod.spec.nodeName ?? '',
    'spec.restartPolicy': pod => pod.spec.restartPolicy ?? '',
    'spec.schedulerName': pod => pod.spec.schedulerName ?? '',
    'spec.serviceAccountName': pod => pod.spec.serviceAccountName ?? '',
    'spec.hostNetwork': pod => String(pod.spec.hostNetwork ?? false),
    'status.phase': pod => pod.status.phase ?? '',
    'status.podIP': pod => list(pod.status.podIPs)[0]?.ip ?? '',
    // Taken, and never filled in.
    'status.podIPs': () => '',
    'status.nominatedNodeName': pod => pod.status.nominatedNodeName ?? '',
  },
  columns: podColumns,
  rowCondition: podRowCondition,
})
