// Decides which objects belong to a controlling object: adopts matching orphans, releases what no longer matches.
import type { Lister } from '../../../shared/client/lister.ts'
import { byControllerUid } from '../../../shared/client/lister.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import { orphansSelectedBy } from '../../../shared/client/selection.ts'
import type { KubeObject, NamespacedMeta } from '../../../shared/machinery/object.ts'
import { controllerRef, isControlledBy } from '../../../shared/machinery/owner.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import type { LabelMatcher } from '../../../shared/machinery/selectors.ts'
import { ApiError, isNotFound, isReason } from '../../../shared/machinery/status.ts'

type Namespaced = KubeObject & { metadata: NamespacedMeta }

export interface ClaimOptions<T extends Namespaced, O extends Namespaced> {
  readonly type: ResourceType<T>
  readonly candidates: readonly T[]
  readonly ownerType: ResourceType<O>
  readonly owner: O
  readonly selector: LabelMatcher
  /** Further condition for adoption and for staying, such as a naming scheme. */
  readonly accepts?: (object: T) => boolean
  /** Comes with adoption and goes with release. */
  readonly finalizer?: string
}

/** Everything that `owner` controls already, and the orphans in its namespace that it might adopt. */
export const claimCandidates = <T extends Namespaced>(
  lister: Lister<T>,
  owner: Namespaced,
  selector: LabelMatcher,
): T[] => [
  ...lister.by(byControllerUid, owner.metadata.uid),
  ...orphansSelectedBy(lister, owner.metadata.namespace, selector),
]

/** @returns the objects that the owner controls after adopting and releasing. @throws ApiError */
export async function claim<T extends Namespaced, O extends Namespaced>(
  context: ControllerContext,
  { type, candidates, ownerType, owner, selector, accepts = () => true, finalizer }: ClaimOptions<T, O>,
): Promise<T[]> {
  const claimed: T[] = []
  const matches = (object: T) => selector.matches(object.metadata.labels) && accepts(object)
  let mayAdopt: Promise<boolean> | undefined
  for (const object of candidates) {
    if (isControlledBy(object, owner)) {
      if (matches(object)) claimed.push(object)
      else if (!owner.metadata.deletionTimestamp) await release(context, type, object, owner, finalizer)
      continue
    }
    if (owner.metadata.deletionTimestamp || object.metadata.deletionTimestamp || !matches(object)) continue
    mayAdopt ??= stillThere(context, ownerType, owner)
    if (await mayAdopt) {
      const adopted = await adopt(context, type, object, ownerType, owner, finalizer)
      if (adopted) claimed.push(adopted)
    }
  }
  return claimed
}

/** The cache may show an owner that was deleted or replaced meanwhile: only the live one may adopt. */
async function stillThere<O extends Namespaced>(
  { client, signal }: ControllerContext,
  type: ResourceType<O>,
  { metadata: { namespace, name, uid } }: O,
): Promise<boolean> {
  const live = await client.get(type, { namespace, name }, { signal })
  if (live.metadata.uid !== uid) throw new Error(`original ${type.kind} ${namespace}/${name} is gone`)
  if (live.metadata.deletionTimestamp) throw new Error(`${namespace}/${name} has just been deleted`)
  return true
}

async function adopt<T extends Namespaced, O extends Namespaced>(
  { client, signal }: ControllerContext,
  type: ResourceType<T>,
  { metadata: { namespace, name, uid } }: T,
  ownerType: ResourceType<O>,
  owner: O,
  finalizer: string | undefined,
): Promise<T | undefined> {
  const finalizers = finalizer === undefined ? {} : { finalizers: [finalizer] }
  const patch = { metadata: { uid, ownerReferences: [controllerRef(ownerType, owner)], ...finalizers } }
  try {
    return await client.patch(type, { namespace, name }, patch, { signal })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function release<T extends Namespaced>(
  { client, signal }: ControllerContext,
  type: ResourceType<T>,
  { metadata: { namespace, name, uid } }: T,
  owner: Namespaced,
  finalizer: string | undefined,
): Promise<void> {
  const finalizers = finalizer === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': [finalizer] }
  const ownerReferences = [{ $patch: 'delete', uid: owner.metadata.uid }]
  const patch = { metadata: { uid, ownerReferences, ...finalizers } }
  try {
    await client.patch(type, { namespace, name }, patch, { signal })
  } catch (error) {
    // Gone, or replaced by another of the same name: nothing to release any more.
    if (isNotFound(error) || isReason(error, 'Invalid') || isUidConflict(error)) return
    throw error
  }
}

const isUidConflict = (error: unknown): boolean =>
  error instanceof ApiError && error.message.includes('Precondition failed: UID')
