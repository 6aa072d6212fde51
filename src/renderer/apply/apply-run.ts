// Tries each object of a plan on the server, then applies those that can be.
import { messageOf } from '../../shared/machinery/message-of.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { ApiError, isConflict, isNotFound } from '../../shared/machinery/status.ts'
import { connection } from '../api/connection.ts'
import { typeOfReference } from '../kinds/references.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { type ApplyItem, type ApplyPlan, differs, ownedByOthers, waitsFor } from './apply-plan.ts'
import { t } from '../i18n/i18n.ts'

export type Verdict =
  | { readonly state: 'checking' }
  | { readonly state: 'new'; readonly after: AnyObject }
  | { readonly state: 'changed' | 'same'; readonly before: AnyObject; readonly after: AnyObject }
  /** Cannot be tried before something of the same plan exists. */
  | { readonly state: 'later'; readonly message: string }
  /** Somebody else owns fields that would change. */
  | { readonly state: 'owned'; readonly fields: readonly string[] }
  | { readonly state: 'refused' | 'failed'; readonly message: string }
  | { readonly state: 'applied' }

const fieldManager = 'flotilla-window'
/** A definition is there before its objects are served. */
const SERVED_AGAIN_MS = 250
const MOST_TIMES = 40

interface Place {
  readonly type: ResourceType<AnyObject>
  readonly ref: { readonly name: string; readonly namespace?: string }
  readonly draft: AnyObject
}

function placeOf({ object }: ApplyItem, defaultNamespace: string): Place | undefined {
  const type = typeOfReference(object)
  if (!type) return undefined
  const { name } = object.metadata
  if (!type.namespaced) return { type, ref: { name }, draft: object }
  const namespace = object.metadata.namespace ?? defaultNamespace
  return { type, ref: { name, namespace }, draft: { ...object, metadata: { ...object.metadata, namespace } } }
}

export async function tryItem(item: ApplyItem, plan: ApplyPlan, defaultNamespace: string): Promise<Verdict> {
  const place = placeOf(item, defaultNamespace)
  const cause = waitsFor(item, plan, place?.ref.namespace)
  if (!place)
    return cause
      ? { state: 'later', message: t('Waits for {cause}.', { cause }) }
      : {
          state: 'refused',
          message: t('This cluster does not serve {apiVersion} {kind}.', {
            apiVersion: item.object.apiVersion,
            kind: item.object.kind,
          }),
        }
  const { type, ref, draft } = place
  const before = await connection.client.get(type, ref).catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })
  try {
    const after = await connection.client.patch(type, ref, draft, { type: 'apply', fieldManager, dryRun: true })
    if (!before) return { state: 'new', after }
    return { state: differs(before, after) ? 'changed' : 'same', before, after }
  } catch (error) {
    if (isNotFound(error) && cause) return { state: 'later', message: t('Waits for {cause}.', { cause }) }
    const fields = error instanceof ApiError && isConflict(error) ? ownedByOthers(error.status) : []
    return fields.length ? { state: 'owned', fields } : { state: 'refused', message: messageOf(error) }
  }
}

/** What a definition of the same plan has added is not known yet. */
async function findServed({ object }: ApplyItem): Promise<void> {
  for (let times = 0; !typeOfReference(object) && times < MOST_TIMES; times++) {
    if (times > 0) await new Promise(resolve => setTimeout(resolve, SERVED_AGAIN_MS))
    await useClusterStore().refresh()
  }
}

async function applyItem(item: ApplyItem, defaultNamespace: string, force: boolean): Promise<Verdict> {
  const place = placeOf(item, defaultNamespace)
  if (!place) return { state: 'failed', message: t('This cluster does not serve {kind}.', { kind: item.object.kind }) }
  try {
    await connection.client.patch(place.type, place.ref, place.draft, { type: 'apply', fieldManager, force })
    return { state: 'applied' }
  } catch (error) {
    return { state: 'failed', message: messageOf(error) }
  }
}

/**
 * One after the other. A kind that does not come to be served is waited for once, however many objects it has.
 *
 * @param force takes fields from their owners
 */
export async function* applyItems(
  items: readonly ApplyItem[],
  defaultNamespace: string,
  force: boolean,
): AsyncGenerator<readonly [ApplyItem, Verdict]> {
  const awaited = new Set<string>()
  for (const item of items) {
    const { apiVersion, kind } = item.object
    const served = `${apiVersion} ${kind}`
    if (!awaited.has(served)) await findServed(item)
    awaited.add(served)
    yield [item, await applyItem(item, defaultNamespace, force)]
  }
}
