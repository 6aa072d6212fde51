// resourceclaim, the pods' side: makes the claims that pods want made from templates, and reserves claims for pods that
// came to their node without the scheduler.
import { Pod, type PodResourceClaim } from '../../../shared/api/core/v1.ts'
import { ResourceClaim, ResourceClaimTemplate } from '../../../shared/api/resource/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { Expectations } from '../../../shared/client/expectations.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import { byControllerUid, type Index } from '../../../shared/client/lister.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import { controllerOf, ownerRef } from '../../../shared/machinery/owner.ts'
import {
  canBeReserved,
  claimNameOf,
  claimNamesOf,
  consumer,
  isReservedFor,
  notMadeFor,
  POD_CLAIM_ANNOTATION,
} from '../../../shared/machinery/resource-claims.ts'
import { isPodTerminal } from '../support/pod-state.ts'

const byTemplate: Index<Pod> = {
  name: 'resourceClaimTemplate',
  values: ({ metadata, spec }) =>
    (spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) =>
      name === undefined ? [] : [`${metadata.namespace}/${name}`],
    ),
}
const byClaim: Index<Pod> = {
  name: 'resourceClaim',
  values: pod => claimNamesOf(pod).map(name => `${pod.metadata.namespace}/${name}`),
}

const MOST_PREFIX = 57 // with a hyphen and five characters a name of 63

/** `<pod>-<claim>-`, both cut in proportion where that is too long. */
export function claimPrefix(pod: string, claim: string): string {
  const whole = `${pod}-${claim}-`
  if (whole.length <= MOST_PREFIX) return whole
  const cut = (name: string) => name.slice(0, Math.trunc((name.length * MOST_PREFIX) / whole.length))
  return `${cut(pod)}-${cut(claim)}`
}

export class PodResourceClaims implements Reconciler<Pod> {
  readonly name = 'resourceclaim-pods'
  readonly identity = 'resourceclaim-controller'
  readonly eventSource = 'resource_claim'
  readonly type = Pod
  readonly watches = [
    own(Pod, ({ type, object }) => type !== 'deleted' && Boolean(object.spec.resourceClaims?.length)),
    mapped(ResourceClaimTemplate, ({ type, object }, { lister }) =>
      type === 'added'
        ? lister(Pod)
            .by(byTemplate, `${object.metadata.namespace}/${object.metadata.name}`)
            .map(pod => pod.metadata)
        : [],
    ),
    // A claim that is deleted under its pod is made again; one that was allocated meanwhile may want a reservation.
    mapped(ResourceClaim, ({ type, object }, { lister }) => {
      const { namespace, name } = object.metadata
      const owner = controllerOf(object)
      const made = owner?.kind === 'Pod' ? [{ namespace, name: owner.name }] : []
      if (type === 'added') for (const pod of made) this.#expectations.creationObserved(keyOf(pod))
      return [
        ...made,
        ...lister(Pod)
          .by(byClaim, `${namespace}/${name}`)
          .map(pod => pod.metadata),
      ]
    }),
  ]
  readonly #expectations: Expectations

  constructor(clock: Clock) {
    this.#expectations = new Expectations(clock)
  }

  async reconcile(pod: Pod, context: ControllerContext): Promise<Result> {
    if (pod.metadata.deletionTimestamp || isPodTerminal(pod)) return done
    const made: { name: string; resourceClaimName: string }[] = []
    for (const claim of pod.spec.resourceClaims ?? []) {
      // One that was made and is not seen yet would be made again; it brings the pod back here.
      if (!this.#expectations.satisfied(keyOf(pod.metadata))) break
      try {
        const name = await makeClaim(pod, claim, context, this.#expectations)
        if (name !== undefined) made.push({ name: claim.name, resourceClaimName: name })
      } catch (error) {
        const why = `PodResourceClaim ${claim.name}: ${(error as Error).message}`
        context.events.event(pod, 'Warning', 'FailedResourceClaimCreation', why)
        throw error
      }
    }
    if (made.length > 0) await tellPod(pod, made, context)
    // The scheduler reserves for the pods that it places.
    if (pod.spec.nodeName) await reserve(pod, context)
    return done
  }

  gone(ref: ObjectRef): undefined {
    this.#expectations.forget(keyOf(ref))
  }
}

/** @returns the name of the claim if the pod does not know it yet @throws Error */
async function makeClaim(
  pod: Pod,
  claim: PodResourceClaim,
  { client, lister, signal }: ControllerContext,
  expectations: Expectations,
): Promise<string | undefined> {
  const template = claim.resourceClaimTemplateName
  if (template === undefined) return undefined
  const { namespace } = pod.metadata
  const named = claimNameOf(pod, claim)
  if (!('problem' in named)) {
    if (named.name === undefined) return undefined
    const known = lister(ResourceClaim).get({ namespace, name: named.name })
    if (known && notMadeFor(pod, known) === undefined) return undefined
  }
  // Made before, and then the pod could not be told.
  const orphan = lister(ResourceClaim)
    .by(byControllerUid, pod.metadata.uid)
    .find(({ metadata }) => metadata.annotations?.[POD_CLAIM_ANNOTATION] === claim.name)
  if (orphan) return orphan.metadata.name
  const found = lister(ResourceClaimTemplate).get({ namespace, name: template })
  if (!found)
    throw new Error(
      `resource claim template ${JSON.stringify(template)}: resourceclaimtemplate.resource.k8s.io ${JSON.stringify(template)} not found`,
    )
  const { metadata: given, spec } = found.spec
  const draft: Draft<ResourceClaim> = {
    metadata: {
      namespace,
      generateName: claimPrefix(pod.metadata.name, claim.name),
      ...(given?.labels ? { labels: { ...given.labels } } : {}),
      annotations: { ...given?.annotations, [POD_CLAIM_ANNOTATION]: claim.name },
      // It blocks nobody's deletion.
      ownerReferences: [{ ...ownerRef(Pod, pod), controller: true }],
    },
    spec: structuredClone(spec),
  }
  const key = keyOf(pod.metadata)
  expectations.expectCreations(key, 1)
  try {
    return (await client.create(ResourceClaim, draft, { signal })).metadata.name
  } catch (error) {
    expectations.creationObserved(key)
    throw error
  }
}

async function tellPod(
  { metadata: { namespace, name, uid } }: Pod,
  resourceClaimStatuses: readonly { readonly name: string; readonly resourceClaimName: string }[],
  { client, signal }: ControllerContext,
): Promise<void> {
  const patch = { metadata: { uid }, status: { resourceClaimStatuses } }
  await client.patch(Pod, { namespace, name }, patch, { type: 'strategic', subresource: 'status', signal })
}

async function reserve(pod: Pod, { client, lister, signal }: ControllerContext): Promise<void> {
  for (const name of claimNamesOf(pod)) {
    const claim = lister(ResourceClaim).get({ namespace: pod.metadata.namespace, name })
    if (!claim?.status.allocation || isReservedFor(claim, pod) || !canBeReserved(claim)) continue
    const reservedFor = [...(claim.status.reservedFor ?? []), consumer(pod)]
    await client.updateStatus(ResourceClaim, { ...claim, status: { ...claim.status, reservedFor } }, { signal })
  }
}
