// Decides which slices change, so that as few as possible do: every changed slice goes to every node.
//
// 1. Endpoints stay in the slice that they are in; gone ones are taken out, changed ones replaced.
// 2. New ones fill slices that change anyway.
// 3. What is left fills one slice that has room for all of it, else it becomes new slices.
import type { Endpoint, EndpointPort, EndpointSlice } from '../../../shared/api/discovery/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { type PortGroup, endpointKey, portsKey } from './endpoints.ts'

export const MAX_ENDPOINTS = 100

export interface SlicePlan {
  readonly create: { readonly ports: readonly EndpointPort[]; readonly endpoints: readonly Endpoint[] }[]
  readonly update: { readonly slice: EndpointSlice; readonly endpoints: readonly Endpoint[] }[]
  readonly delete: EndpointSlice[]
}

interface Draft {
  readonly slice: EndpointSlice
  readonly endpoints: Endpoint[]
  changed: boolean
}

type Labels = Readonly<Record<string, string>>

/**
 * @param slices the present ones of one address type
 * @param labels what all slices carry
 */
export function planSlices(slices: readonly EndpointSlice[], groups: readonly PortGroup[], labels: Labels): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], delete: [] }
  const byPorts = new Map<string, EndpointSlice[]>()
  for (const slice of slices) {
    const key = portsKey(slice.ports)
    byPorts.set(key, [...(byPorts.get(key) ?? []), slice])
  }
  for (const group of groups) {
    const key = portsKey(group.ports)
    planGroup(plan, byPorts.get(key) ?? [], group, labels)
    byPorts.delete(key)
  }
  // An empty placeholder that nothing replaces stays as it is.
  const leftover = [...byPorts.values()].flat()
  const [placeholder] = leftover
  const keep = groups.length === 0 && leftover.length === 1 && placeholder && isUpToDatePlaceholder(placeholder, labels)
  if (!keep) plan.delete.push(...leftover)
  return plan
}

const isUpToDatePlaceholder = (slice: EndpointSlice, labels: Labels): boolean =>
  (slice.endpoints ?? []).length === 0 && deepEqual(slice.metadata.labels, labels)

function planGroup(plan: SlicePlan, slices: readonly EndpointSlice[], group: PortGroup, labels: Labels): void {
  const missing = new Map(group.endpoints.map(endpoint => [endpointKey(endpoint), endpoint]))
  const drafts = slices.map(slice => keepWanted(slice, missing, !deepEqual(slice.metadata.labels, labels)))
  for (const draft of drafts) if (draft.changed && draft.endpoints.length > 0) fill(draft, missing)
  if (missing.size > 0) fillSmallestThatFits(drafts, missing)
  for (const { slice, endpoints, changed } of drafts) {
    if (endpoints.length === 0) plan.delete.push(slice)
    else if (changed) plan.update.push({ slice, endpoints })
  }
  while (missing.size > 0) {
    const endpoints: Endpoint[] = []
    take(missing, MAX_ENDPOINTS, endpoints)
    // An emptied slice is used again rather than deleted beside a new one.
    const emptied = plan.delete.pop()
    if (emptied && portsKey(emptied.ports) === portsKey(group.ports)) plan.update.push({ slice: emptied, endpoints })
    else {
      if (emptied) plan.delete.push(emptied)
      plan.create.push({ ports: group.ports, endpoints })
    }
  }
}

/** Takes out of `missing` what the slice has already. */
function keepWanted(slice: EndpointSlice, missing: Map<string, Endpoint>, relabelled: boolean): Draft {
  const endpoints: Endpoint[] = []
  let changed = relabelled
  for (const present of slice.endpoints ?? []) {
    const key = endpointKey(present)
    const wanted = missing.get(key)
    if (!wanted) {
      changed = true
      continue
    }
    missing.delete(key)
    const same = deepEqual(present, wanted, { emptyIsAbsent: true })
    if (!same) changed = true
    endpoints.push(same ? present : wanted)
  }
  return { slice, endpoints, changed }
}

function fill(draft: Draft, missing: Map<string, Endpoint>): void {
  const before = draft.endpoints.length
  take(missing, MAX_ENDPOINTS - before, draft.endpoints)
  if (draft.endpoints.length > before) draft.changed = true
}

/** Fills the fullest slice that has room for everything; packing is not worth changing several slices. */
function fillSmallestThatFits(drafts: readonly Draft[], missing: Map<string, Endpoint>): void {
  const fitting = drafts
    .filter(({ endpoints }) => endpoints.length > 0 && endpoints.length + missing.size <= MAX_ENDPOINTS)
    .sort((a, b) => b.endpoints.length - a.endpoints.length)
  if (fitting[0]) fill(fitting[0], missing)
}

function take(missing: Map<string, Endpoint>, count: number, into: Endpoint[]): void {
  for (const [key, endpoint] of missing) {
    if (count-- <= 0) return
    into.push(endpoint)
    missing.delete(key)
  }
}
