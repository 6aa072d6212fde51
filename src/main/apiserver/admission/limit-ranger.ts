// LimitRanger: a namespace's LimitRanges fill in requests and limits, and bound them.
// @see https://kubernetes.io/docs/concepts/policy/limit-range/
import {
  type Container,
  type LimitRange,
  type LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
} from '../../../shared/api/core/v1.ts'
import { parseQuantity, type Quantity } from '../../../shared/machinery/quantity.ts'
import { totalOf } from '../../../shared/machinery/quota-pod-usage.ts'
import { forbidden } from '../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../store/contract.ts'
import { defaultPodLevelResources } from '../registry/core/pod/pod-level-resources.ts'
import type { AdmissionPlugin, AdmissionRequest } from './contract.ts'
import { isType } from './is-type.ts'

type Amounts = Readonly<Record<string, string | number>>
interface Resources {
  readonly requests: Amounts
  readonly limits: Amounts
}

const ANNOTATION = 'kubernetes.io/limit-ranger'

/** Of each LimitRange its items. */
const rangesOf = (store: ObjectStore, namespace: string): (readonly LimitRangeItem[])[] =>
  store
    .list(`/registry/core/limitranges/${namespace}/`)
    .items.map(({ object }) => (object as unknown as LimitRange).spec?.limits ?? [])

const resourcesOf = (container: Container): Resources => ({
  requests: container.resources?.requests ?? {},
  limits: container.resources?.limits ?? {},
})

/** Fills one container. @returns what was set, for the annotation */
function fill(container: Container, { defaultRequest = {}, default: defaultLimit = {} }: LimitRangeItem): string[] {
  const { requests, limits } = resourcesOf(container)
  const newLimits = Object.keys(defaultLimit).filter(name => limits[name] === undefined)
  const newRequests = Object.keys(defaultRequest).filter(name => requests[name] === undefined)
  if (newLimits.length + newRequests.length === 0) return []
  const nextLimits = { ...defaultLimit, ...limits }
  const nextRequests = { ...defaultRequest, ...requests }
  container.resources = {
    ...container.resources,
    ...(Object.keys(nextLimits).length > 0 ? { limits: nextLimits } : {}),
    ...(Object.keys(nextRequests).length > 0 ? { requests: nextRequests } : {}),
  }
  return [
    ...(newRequests.length > 0 ? [`${newRequests.sort().join(', ')} request for container ${container.name}`] : []),
    ...(newLimits.length > 0 ? [`${newLimits.sort().join(', ')} limit for container ${container.name}`] : []),
  ]
}

function setDefaults(store: ObjectStore, request: AdmissionRequest): void {
  const pod = request.object as unknown as Pod
  const { spec } = pod
  const set: string[] = []
  for (const item of rangesOf(store, request.namespace).flat()) {
    if (item.type !== 'Container') continue
    for (const container of spec.containers) set.push(...fill(container, item))
    for (const container of spec.initContainers ?? [])
      set.push(...fill(container, item).map(text => text.replace(' for container ', ' for init container ')))
  }
  if (set.length === 0) return
  // What a pod asks for as a whole may come from what its containers ask for by now.
  defaultPodLevelResources(spec)
  pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${set.join('; ')}` }
}

const amount = (value: string | number | undefined): Quantity | undefined =>
  value === undefined ? undefined : parseQuantity(value)

function tooLittle(name: string, bound: string | number, { requests, limits }: Resources): string | undefined {
  const [request, limit, minimum] = [amount(requests[name]), amount(limits[name]), parseQuantity(bound)]
  if (!request) return '.  No request is specified'
  if (request.compare(minimum) < 0) return `, but request is ${request}`
  return limit && limit.compare(minimum) < 0 ? `, but limit is ${limit}` : undefined
}

function tooMuch(name: string, bound: string | number, { requests, limits }: Resources): string | undefined {
  const [request, limit, maximum] = [amount(requests[name]), amount(limits[name]), parseQuantity(bound)]
  if (!limit) return '.  No limit is specified'
  if (limit.compare(maximum) > 0) return `, but limit is ${limit}`
  return request && request.compare(maximum) > 0 ? `, but request is ${request}` : undefined
}

/** Claims have requests only. */
function claimTooMuch(name: string, bound: string | number, { requests }: Resources): string | undefined {
  const request = amount(requests[name])
  if (!request) return '.  No request is specified'
  return request.compare(parseQuantity(bound)) > 0 ? `, but request is ${request}` : undefined
}

function ratioTooHigh(name: string, bound: string | number, { requests, limits }: Resources): string | undefined {
  const [request, limit] = [amount(requests[name]), amount(limits[name])]
  if (!request || request.isZero()) return ', but no request is specified or request is 0'
  if (!limit || limit.isZero()) return ', but no limit is specified or limit is 0'
  const ratio = Number(limit.nano) / Number(request.nano)
  return ratio > Number(parseQuantity(bound).nano) / 1e9 ? `, but provided ratio is ${ratio.toFixed(6)}` : undefined
}

type Bound = typeof tooMuch

/** What breaks the item's bounds, in upstream's words. */
function violations(item: LimitRangeItem, resources: Resources): string[] {
  const { type, min = {}, max = {}, maxLimitRequestRatio = {} } = item
  const each = (bounds: Amounts, what: (name: string) => string, check: Bound) =>
    Object.entries(bounds).flatMap(([name, bound]) => {
      const why = check(name, bound, resources)
      return why === undefined ? [] : [`${what(name)} per ${type} is ${parseQuantity(bound)}${why}`]
    })
  return [
    ...each(min, name => `minimum ${name} usage`, tooLittle),
    ...each(max, name => `maximum ${name} usage`, type === PersistentVolumeClaim.kind ? claimTooMuch : tooMuch),
    ...each(maxLimitRequestRatio, name => `${name} max limit to request ratio`, ratioTooHigh),
  ]
}

/** Overhead is the node's, and bounds are for what was asked for. */
const total = ({ spec: { overhead: _, ...spec } }: Pod, kind: keyof Resources): Amounts =>
  Object.fromEntries([...totalOf(spec, kind)].map(([name, sum]) => [name, sum.toString()]))

function podViolations(pod: Pod, item: LimitRangeItem): string[] {
  if (item.type === 'Container')
    return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].flatMap(container =>
      violations(item, resourcesOf(container)),
    )
  if (item.type !== 'Pod') return []
  return violations(item, { requests: total(pod, 'requests'), limits: total(pod, 'limits') })
}

/** @throws ApiError 403 */
function refuse(request: AdmissionRequest, found: readonly string[]): void {
  if (found.length === 0) return
  const why = found.length === 1 ? (found[0] ?? '') : `[${[...new Set(found)].join(', ')}]`
  throw forbidden(request.resource.type, request.object?.metadata.name ?? request.name, why)
}

/** Resources of a pod are given when it is made, and by its `resize` subresource. */
const concernsPod = (request: AdmissionRequest): boolean =>
  isType(request, Pod) &&
  ((request.operation === 'CREATE' && request.subresource === '') || request.subresource === 'resize')

/** What is going away may take its last steps, whatever has been bounded since. */
const isLeaving = ({ operation, object, oldObject }: AdmissionRequest): boolean =>
  !object || operation === 'DELETE' || operation === 'CONNECT' || oldObject?.metadata.deletionTimestamp !== undefined

export function limitRanger(store: ObjectStore): AdmissionPlugin {
  return {
    name: 'LimitRanger',
    kinds: [Pod, PersistentVolumeClaim],
    mutate(request) {
      if (concernsPod(request) && !isLeaving(request)) setDefaults(store, request)
    },
    validate(request) {
      const { object, subresource, namespace } = request
      if (isLeaving(request)) return
      // The first that is broken is told.
      if (concernsPod(request)) {
        const pod = object as unknown as Pod
        for (const range of rangesOf(store, namespace)) refuse(request, range.flatMap(item => podViolations(pod, item))) // prettier-ignore
      } else if (isType(request, PersistentVolumeClaim) && subresource === '') {
        const { requests = {}, limits = {} } = (object as unknown as PersistentVolumeClaim).spec?.resources ?? {}
        for (const range of rangesOf(store, namespace)) {
          const items = range.filter(({ type }) => type === PersistentVolumeClaim.kind)
          refuse(request, items.flatMap(item => violations(item, { requests, limits }))) // prettier-ignore
        }
      }
    },
  }
}
