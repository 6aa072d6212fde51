// Priority: turns a pod's priorityClassName into the number that the scheduler compares, and keeps one global default.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
import { Pod } from '../../../shared/api/core/v1.ts'
import { PriorityClass } from '../../../shared/api/scheduling/v1.ts'
import { forbidden } from '../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionPlugin, AdmissionRequest } from './contract.ts'
import { isCreateOf, isType } from './is-type.ts'

const CLASSES = '/registry/scheduling.k8s.io/priorityclasses/'

function classesOf(store: ObjectStore): PriorityClass[] {
  return store.list(CLASSES).items.map(({ object }) => object as unknown as PriorityClass)
}

/** The global default; of several, which an old cluster may have, the lowest. */
function defaultClass(store: ObjectStore): PriorityClass | undefined {
  return classesOf(store)
    .filter(({ globalDefault }) => globalDefault)
    .reduce<PriorityClass | undefined>(
      (least, next) => (least && (least.value ?? 0) <= (next.value ?? 0) ? least : next),
      undefined,
    )
}

function prioritize(store: ObjectStore, request: AdmissionRequest): void {
  const pod = request.object as unknown as Pod
  const { spec } = pod
  const { name = '' } = pod.metadata
  if (!spec.priorityClassName) {
    const found = defaultClass(store)
    if (found) spec.priorityClassName = found.metadata.name
    assign(pod, found?.value ?? 0, found?.preemptionPolicy)
    return
  }
  const stored = store.get(`${CLASSES}${spec.priorityClassName}`)
  if (!stored) throw forbidden(Pod, name, `no PriorityClass with name ${spec.priorityClassName} was found`)
  const { value, preemptionPolicy } = stored.object as unknown as PriorityClass
  assign(pod, value ?? 0, preemptionPolicy)
}

function assign({ spec, metadata }: Pod, value: number, policy = 'PreemptLowerPriority'): void {
  if (spec.priority !== undefined && spec.priority !== value)
    throw forbidden(
      Pod,
      metadata.name,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy)
    throw forbidden(
      Pod,
      metadata.name,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    )
  spec.priority = value
  spec.preemptionPolicy = policy
}

function oneDefault(store: ObjectStore, request: AdmissionRequest): void {
  const given = request.object as unknown as PriorityClass
  if (!given.globalDefault) return
  const other = defaultClass(store)
  if (!other || (request.operation === 'UPDATE' && other.metadata.name === given.metadata.name)) return
  throw forbidden(
    PriorityClass,
    given.metadata.name,
    `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`,
  )
}

export function priority(store: ObjectStore): AdmissionPlugin {
  return {
    name: 'Priority',
    kinds: [Pod, PriorityClass],
    mutate(request) {
      if (isCreateOf(request, Pod)) prioritize(store, request)
      // Clients that do not know the fields leave them out of an update.
      else if (isType(request, Pod) && request.operation === 'UPDATE' && request.object && request.oldObject) {
        const [pod, old] = [request.object as unknown as Pod, request.oldObject as unknown as Pod]
        if (old.spec.priority !== undefined) pod.spec.priority ??= old.spec.priority
        if (old.spec.preemptionPolicy !== undefined) pod.spec.preemptionPolicy ??= old.spec.preemptionPolicy
      }
    },
    validate(request) {
      if (isType(request, PriorityClass) && request.object) oneDefault(store, request)
    },
  }
}
