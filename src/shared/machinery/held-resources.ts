// What a pod holds while it is resized: of each amount the most of what it asks for, what its node has set aside for it
// and what it really has.
// @see KEP-1287, "Scheduler and API Server Interaction", and KEP-5419
import type { Container, Pod, PodSpec, ResourceRequirements } from '../api/core/v1.ts'
import { deepEqual } from './deep-equal.ts'
import { parseQuantity } from './quantity.ts'

type Amounts = Readonly<Record<string, string | number>>

/** As a status tells it, of a container or of the pod as a whole. */
interface Given {
  readonly resources?: ResourceRequirements
  readonly allocatedResources?: Amounts
}

/** @returns the pod's spec, with the amounts that it holds */
export function heldSpec(pod: Pod): PodSpec {
  const { spec, status } = pod
  // What the node will never have is not held for it.
  const hopeless = (status.conditions ?? []).some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  )
  const given = new Map<string, Given>()
  for (const one of [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])])
    given.set(one.name, one)
  const hold = (container: Container): Container => {
    const resources = held(container.resources, given.get(container.name), hopeless)
    return resources === container.resources ? container : { ...container, resources: resources ?? {} }
  }
  const holdSidecar = (container: Container) => (container.restartPolicy === 'Always' ? hold(container) : container)
  const { resources } = spec
  return {
    ...spec,
    containers: spec.containers.map(hold),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(holdSidecar) } : {}),
    ...(resources ? { resources: held(resources, ofWhole(pod, resources), hopeless) ?? resources } : {}),
  }
}

function held(
  wanted: ResourceRequirements | undefined,
  { resources: actual, allocatedResources: allocated }: Given = {},
  hopeless: boolean,
): ResourceRequirements | undefined {
  if (!actual || isAsWanted(wanted, actual, allocated)) return wanted
  const asked = hopeless ? undefined : wanted
  return {
    ...wanted,
    requests: most(asked?.requests, actual.requests, allocated),
    limits: most(asked?.limits, actual.limits),
  }
}

const isAsWanted = (wanted: ResourceRequirements = {}, actual: ResourceRequirements, allocated: Amounts | undefined) =>
  deepEqual(wanted.requests ?? {}, actual.requests ?? {}) &&
  deepEqual(wanted.limits ?? {}, actual.limits ?? {}) &&
  deepEqual(wanted.requests ?? {}, allocated ?? {})

function most(...lists: readonly (Amounts | undefined)[]): Record<string, string | number> {
  const greatest: Record<string, string | number> = {}
  for (const list of lists)
    for (const [name, amount] of Object.entries(list ?? {})) {
      const known = greatest[name]
      if (known === undefined || parseQuantity(known).compare(parseQuantity(amount)) < 0) greatest[name] = amount
    }
  return greatest
}

/** The status counts all containers and the overhead: of what the pod as a whole asks for itself, without overhead. */
function ofWhole({ spec: { overhead = {} }, status }: Pod, { requests, limits }: ResourceRequirements): Given {
  const part = (amounts: Amounts | undefined, asked: Amounts | undefined) =>
    Object.fromEntries(
      Object.entries(amounts ?? {})
        .filter(([name]) => asked?.[name] !== undefined)
        .map(([name, amount]) => [name, overhead[name] === undefined ? amount : less(amount, overhead[name])]),
    )
  const { resources: actual, allocatedResources } = status
  return {
    ...(actual
      ? { resources: { requests: part(actual.requests, requests), limits: part(actual.limits, limits) } }
      : {}),
    allocatedResources: part(allocatedResources, requests),
  }
}

const less = (amount: string | number, by: string | number) => parseQuantity(amount).sub(parseQuantity(by)).toString()
