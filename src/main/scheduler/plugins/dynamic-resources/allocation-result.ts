// What is written into a claim about the devices that it got: which, how they are configured, where they can be reached.
import type { NodeSelector, NodeSelectorRequirement } from '../../../../shared/api/core/v1.ts'
import type { AllocationResult, Device, DeviceAllocationConfiguration } from '../../../../shared/api/resource/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import type { Chosen } from './allocate.ts'
import type { Alternative, WantedClaim } from './requests.ts'
import type { Amounts } from './shares.ts'

/** @param target name of the node that they were found for */
export function allocationResult(
  { claim, requests }: WantedClaim,
  chosen: readonly Chosen[],
  target: string,
): AllocationResult {
  const nodeSelector = nodeSelectorOf(chosen, target)
  const config = configuration(
    { claim, requests },
    requests.flatMap(alternatives =>
      alternatives.filter(each => chosen.some(({ alternative }) => alternative === each)),
    ),
  )
  return {
    devices: {
      results: chosen.map(
        ({ alternative: { name, adminAccess, tolerations }, device: { driver, pool, device }, share }) => ({
          request: name,
          driver,
          pool: pool.name,
          device: device.name,
          ...(adminAccess ? { adminAccess } : {}),
          ...(tolerations.length > 0 ? { tolerations: [...tolerations] } : {}),
          ...(share ? { shareID: share.id } : {}),
          ...(share?.amounts.size ? { consumedCapacity: textsOf(share.amounts) } : {}),
          ...given('bindingConditions', device),
          ...given('bindingFailureConditions', device),
        }),
      ),
      ...(config.length > 0 ? { config } : {}),
    },
    ...(nodeSelector ? { nodeSelector } : {}),
  }
}

const textsOf = (amounts: Amounts) => Object.fromEntries([...amounts].map(([name, amount]) => [name, `${amount}`]))

const given = <K extends 'bindingConditions' | 'bindingFailureConditions'>(key: K, device: Pick<Device, K>) =>
  device[key]?.length ? { [key]: [...device[key]] } : {}

/** The classes' first, so that a claim's own overrides them. No requests = all of them. */
function configuration(
  { claim, requests }: WantedClaim,
  used: readonly Alternative[],
): DeviceAllocationConfiguration[] {
  const names = (of: readonly string[] = []) =>
    of.length > 0 && of.length < requests.length ? { requests: [...of] } : {}
  const classes = new Map(used.map(({ deviceClass }) => [deviceClass.metadata.name, deviceClass]))
  const fromClasses = [...classes.values()].flatMap(deviceClass => {
    const users = used.filter(each => each.deviceClass === deviceClass).map(({ name }) => name)
    return (deviceClass.spec.config ?? []).map(({ opaque }) => ({
      source: 'FromClass',
      ...names(users),
      ...(opaque ? { opaque } : {}),
    }))
  })
  const applies = (of: readonly string[] = []) =>
    of.length === 0 || used.some(({ name, request }) => of.includes(name) || of.includes(request))
  const own = (claim.spec.devices?.config ?? [])
    .filter(entry => applies(entry.requests))
    .map(({ opaque, requests: of }) => ({ source: 'FromClaim', ...names(of), ...(opaque ? { opaque } : {}) }))
  return [...fromClasses, ...own]
}

/** @returns undefined for devices that every node reaches */
function nodeSelectorOf(chosen: readonly Chosen[], target: string): NodeSelector | undefined {
  const matchFields: NodeSelectorRequirement[] = []
  const matchExpressions: NodeSelectorRequirement[] = []
  const merge = (into: NodeSelectorRequirement[], more: readonly NodeSelectorRequirement[] = []) => {
    for (const requirement of more) if (!into.some(known => deepEqual(known, requirement))) into.push(requirement)
  }
  for (const { device } of chosen) {
    const { nodeName, nodeSelector } = device.slice.spec.perDeviceNodeSelection ? device.device : device.slice.spec
    // Some devices can come to several nodes, and then stay with the one that they were prepared for.
    if (nodeName || device.device.bindsToNode) {
      const only = { key: 'metadata.name', operator: 'In', values: [target] }
      return { nodeSelectorTerms: [{ matchFields: [only] }] }
    }
    const [term] = nodeSelector?.nodeSelectorTerms ?? []
    merge(matchFields, term?.matchFields)
    merge(matchExpressions, term?.matchExpressions)
  }
  if (matchFields.length + matchExpressions.length === 0) return undefined
  const term = {
    ...(matchExpressions.length > 0 ? { matchExpressions } : {}),
    ...(matchFields.length > 0 ? { matchFields } : {}),
  }
  return { nodeSelectorTerms: [term] }
}
