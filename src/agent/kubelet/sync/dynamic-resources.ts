// Devices of a pod's ResourceClaims: their drivers would have to prepare them. A driver hands devices to containers
// through CDI, which Docker offers from version 25 on at the earliest, so none can register here: a pod that was given
// devices waits, and says so. A claim that asked for none needs no driver.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { ResourceClaim } from '../../../shared/api/resource/v1.ts'
import { claimNameOf, isReservedFor, notMadeFor } from '../../../shared/machinery/resource-claims.ts'

export interface ResourceClaimSource {
  /** @returns undefined when it does not exist @throws Error when it cannot be known */
  resourceClaim(namespace: string, name: string): Promise<ResourceClaim | undefined>
}

/** @returns why the pod's devices cannot be prepared, in upstream's words */
export async function devicesProblem(pod: Pod, source: ResourceClaimSource): Promise<string | undefined> {
  for (const wanted of pod.spec.resourceClaims ?? []) {
    const named = claimNameOf(pod, wanted)
    if ('problem' in named) return named.problem
    if (named.name === undefined) continue
    const problem = await claimProblem(pod, named.name, named.generated, source)
    if (problem !== undefined) return problem
  }
  const { extendedResourceClaimStatus: extended } = pod.status
  return extended && claimProblem(pod, extended.resourceClaimName, true, source)
}

async function claimProblem(
  pod: Pod,
  name: string,
  generated: boolean,
  source: ResourceClaimSource,
): Promise<string | undefined> {
  let claim: ResourceClaim | undefined
  try {
    claim = await source.resourceClaim(pod.metadata.namespace, name)
  } catch (error) {
    return `fetch ResourceClaim ${name}: ${(error as Error).message}`
  }
  if (!claim) return `fetch ResourceClaim ${name}: resourceclaims.resource.k8s.io "${name}" not found`
  const foreign = generated ? notMadeFor(pod, claim) : undefined
  if (foreign !== undefined) return foreign
  if (!isReservedFor(claim, pod))
    return `pod ${pod.metadata.name} (${pod.metadata.uid}) is not allowed to use ResourceClaim ${name} (${claim.metadata.uid})`
  const driver = claim.status.allocation?.devices?.results?.[0]?.driver
  return driver === undefined ? undefined : `DRA driver ${driver} is not registered`
}
