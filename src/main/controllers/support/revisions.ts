// ControllerRevisions: the history of pod templates of DaemonSets and StatefulSets.
import { ControllerRevision } from '../../../shared/api/apps/v1.ts'
import type { PodTemplateSpec } from '../../../shared/api/core/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { KubeObject, NamespacedMeta } from '../../../shared/machinery/object.ts'
import { controllerRef } from '../../../shared/machinery/owner.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import type { LabelMatcher } from '../../../shared/machinery/selectors.ts'
import { isAlreadyExists, isNotFound } from '../../../shared/machinery/status.ts'
import { claim, claimCandidates } from './claim.ts'
import { canonicalJson, templateHash } from './template-hash.ts'
import { oneMore } from '../../../shared/machinery/whole-number.ts'

/** The label of pods. */
export const REVISION_HASH = 'controller-revision-hash'
/** The labels of revisions, by their owner's kind. */
const HASH_LABELS: Readonly<Record<string, string>> = {
  DaemonSet: REVISION_HASH,
  StatefulSet: 'controller.kubernetes.io/hash',
}

export interface RevisionedOwner extends KubeObject {
  metadata: NamespacedMeta
  spec: { template: PodTemplateSpec; revisionHistoryLimit?: number }
  status: { collisionCount?: number }
}

export interface History {
  /** The revision of the present template. */
  readonly current: ControllerRevision
  /** All, oldest first. */
  readonly all: readonly ControllerRevision[]
}

/**
 * Applied as a strategic merge patch, this brings the template back: `kubectl rollout undo` does that. Clients compare its
 * bytes with what they would write themselves, keys in order.
 */
const dataOf = ({ spec }: RevisionedOwner): Record<string, unknown> =>
  JSON.parse(canonicalJson({ spec: { template: { ...spec.template, $patch: 'replace' } } })) as Record<string, unknown>

const byRevision = (a: ControllerRevision, b: ControllerRevision) =>
  a.revision === b.revision ? (a.metadata.name < b.metadata.name ? -1 : 1) : a.revision < b.revision ? -1 : 1

/** @returns what the pods of a DaemonSet's revision carry as their hash label; those of a StatefulSet carry its name */
export const hashOf = (revision: ControllerRevision): string => revision.metadata.labels?.[REVISION_HASH] ?? ''

export const templateOf = (revision: ControllerRevision): PodTemplateSpec | undefined => {
  const template = (revision.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } })?.spec?.template
  if (!template) return undefined
  const { $patch: _patch, ...rest } = template
  return rest
}

/**
 * Finds or makes the revision of the present template; one used before becomes the newest again. Revisions that were left
 * by an owner of before are taken over.
 */
export async function syncRevisions<T extends RevisionedOwner>(
  context: ControllerContext,
  type: ResourceType<T>,
  owner: T,
  selector: LabelMatcher,
): Promise<History> {
  const { client, signal } = context
  const candidates = claimCandidates(context.lister(ControllerRevision), owner, selector)
  const claimed = await claim(context, { type: ControllerRevision, candidates, ownerType: type, owner, selector })
  const all = claimed.sort(byRevision)
  const newest = all.at(-1)?.revision ?? 0
  const data = dataOf(owner)
  const same = all.filter(revision => deepEqual(revision.data, data, { emptyIsAbsent: true })).at(-1)
  if (same && same.revision === newest) return { current: same, all }
  if (same) {
    const current = await client.update(ControllerRevision, { ...same, revision: oneMore(newest) }, { signal })
    return { current, all: [...all.filter(revision => revision !== same), current] }
  }
  const current = await create(context, type, owner, data, oneMore(newest))
  return { current, all: [...all, current] }
}

async function create<T extends RevisionedOwner>(
  { client, signal }: ControllerContext,
  type: ResourceType<T>,
  owner: T,
  data: Record<string, unknown>,
  revision: number,
): Promise<ControllerRevision> {
  const { namespace, name } = owner.metadata
  // None yet and none told are the same: what was left by another owner, and is not seen as that yet, keeps its name.
  for (let salt = owner.status.collisionCount || undefined; ; salt = (salt ?? 0) + 1) {
    const hash = await templateHash(owner.spec.template, salt)
    const metadata = {
      namespace,
      name: `${name}-${hash}`,
      labels: { ...owner.spec.template.metadata?.labels, [HASH_LABELS[type.kind] ?? REVISION_HASH]: hash },
      // Among them is the cause of the change, which the history of a rollout tells.
      ...(owner.metadata.annotations ? { annotations: owner.metadata.annotations } : {}),
      ownerReferences: [controllerRef(type, owner)],
    }
    try {
      return await client.create(ControllerRevision, { metadata, data, revision }, { signal })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const existing = await client.get(ControllerRevision, metadata, { signal })
      if (deepEqual(existing.data, data, { emptyIsAbsent: true })) return existing
    }
  }
}

/** Forgets the oldest revisions beyond the limit that no pod has. */
export async function truncateHistory(
  { client, signal }: ControllerContext,
  { spec }: RevisionedOwner,
  { current, all }: History,
  isUsed: (revision: ControllerRevision) => boolean,
): Promise<void> {
  const unused = all.filter(revision => revision !== current && !isUsed(revision))
  for (const { metadata } of unused.slice(0, Math.max(0, unused.length - (spec.revisionHistoryLimit ?? 10)))) {
    try {
      await client.delete(ControllerRevision, metadata, { preconditions: { uid: metadata.uid }, signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
