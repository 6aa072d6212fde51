// What the statuses of a Pod's containers may say: what has ended for good stays so.
import type { Container, ContainerStatus, Pod, PodSpec } from '../../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../../../../shared/machinery/field-error.ts'
import { byteLength } from '../../../../../shared/machinery/names.ts'
import { mayRestartAll, restartRuleOf } from '../../../../../shared/machinery/restart-rules.ts'
import { list, lookup } from '../../support/collections.ts'
import { MAX_INT32, between, each, obey } from '../../support/rules.ts'

const HEALTH = ['Healthy', 'Unhealthy', 'Unknown']
const LONGEST_MESSAGE = 1024
const LONGEST_IMAGE = 256

/** Whether a container, if it is one of the pod's, is started again after it ended with this code. */
function mayRestart(container: Container | undefined, { restartPolicy }: PodSpec, exitCode: number): boolean {
  if (!container) return false
  if (container.restartPolicy !== undefined && restartRuleOf(container, exitCode)) return true
  const policy = container.restartPolicy ?? restartPolicy ?? 'Always'
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never'
}

type Statuses = readonly ContainerStatus[] | undefined

/** @param containers those that may start again, each by its own rules */
function transitionErrors(path: string, now: Statuses, old: Statuses, containers: readonly Container[], spec: PodSpec) {
  return each(path, old, (at, { name, state }) => {
    const ended = state?.terminated
    const after = list(now).find(status => status.name === name)
    if (!ended || !after || after.state?.terminated) return []
    const container = containers.find(one => one.name === name)
    return mayRestart(container, spec, ended.exitCode ?? 0)
      ? []
      : [forbiddenField(`${at}.state`, 'may not be transitioned to non-terminated state')]
  })
}

const id = between(0, MAX_INT32)

function userErrors(path: string, { user }: ContainerStatus, isWindows: boolean): FieldError[] {
  const at = `${path}.user.linux`
  if (!user?.linux) return []
  if (isWindows) return [forbiddenField(at, 'cannot be set for a windows pod')]
  const { uid, gid, supplementalGroups } = user.linux
  return [
    ...obey(`${at}.uid`, uid ?? 0, id),
    ...obey(`${at}.gid`, gid ?? 0, id),
    ...each(`${at}.supplementalGroups`, supplementalGroups, (where, group) => obey(where, group, id)),
  ]
}

function healthErrors(path: string, status: ContainerStatus, container: Container | undefined): FieldError[] {
  return each(`${path}.allocatedResourcesStatus`, status.allocatedResourcesStatus, (at, { name = '', resources }) => {
    const isClaim = name.startsWith('claim:')
    const claims = list(container?.resources?.claims).map(
      claim => `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`,
    )
    const isKnown =
      !container || (isClaim ? claims.includes(name) : lookup(container.resources?.requests, name) !== undefined)
    const seen = new Set<string>()
    return [
      ...(isKnown
        ? []
        : [
            invalidValue(
              `${at}.name`,
              name,
              isClaim
                ? "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
                : "must match one of the container's resource requests",
            ),
          ]),
      ...each(`${at}.resources`, resources, (where, { health = '', message, resourceID = '' }) => {
        const isTwice = seen.has(resourceID)
        seen.add(resourceID)
        return [
          ...(HEALTH.includes(health) ? [] : [notSupported(`${where}.health`, health, HEALTH)]),
          ...(message === '' ? [required(`${where}.message`, 'must be non-empty if specified')] : []),
          ...(byteLength(message ?? '') > LONGEST_MESSAGE ? [tooLong(`${where}.message`, LONGEST_MESSAGE)] : []),
          ...(isTwice ? [duplicate(`${where}.resourceID`, resourceID)] : []),
        ]
      }),
    ]
  })
}

const mountErrors = (path: string, { volumeMounts }: ContainerStatus): FieldError[] =>
  each(`${path}.volumeMounts`, volumeMounts, (at, { volumeStatus }) => {
    if (!volumeStatus?.image) return []
    const where = `${at}.volumeStatus.imageVolumeStatus.imageRef`
    const { imageRef = '' } = volumeStatus.image
    if (imageRef === '') return [required(where, 'imageRef must not be empty')]
    return byteLength(imageRef) > LONGEST_IMAGE ? [tooLong(where, LONGEST_IMAGE)] : []
  })

/** @returns what is wrong with the statuses of containers of all sorts */
export function containerStatusErrors({ spec, status }: Pod, old: Pod): FieldError[] {
  const isWindows = spec.os?.name === 'windows'
  const restartsAll = mayRestartAll(old.spec)
  const sorts = [
    ['containerStatuses', list(spec.containers), list(old.spec.containers)],
    ['initContainerStatuses', list(spec.initContainers), list(old.spec.initContainers)],
    // These are never started again, and get no resources.
    ['ephemeralContainerStatuses', undefined, []],
  ] as const
  return sorts.flatMap(([field, containers, before]) => {
    const path = `status.${field}`
    const canAllStart = restartsAll && containers !== undefined
    return [
      ...(canAllStart ? [] : transitionErrors(path, status[field], old.status[field], before, old.spec)),
      ...each(path, status[field], (at, one) => [
        ...userErrors(at, one, isWindows),
        ...(containers
          ? healthErrors(
              at,
              one,
              containers.find(({ name }) => name === one.name),
            )
          : list(one.allocatedResourcesStatus).length > 0
            ? [forbiddenField(`${at}.allocatedResourcesStatus`, 'must not be specified in container status')]
            : []),
        ...mountErrors(at, one),
      ]),
    ]
  })
}
