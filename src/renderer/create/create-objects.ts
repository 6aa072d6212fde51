// Creates the objects of a manifest, checking all of them on the server before the first is made.
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { connection } from '../api/connection.ts'
import { typeOfReference } from '../kinds/references.ts'
import { t } from '../i18n/i18n.ts'

/** A refused object: which one, and why. */
export class CreateError extends Error {
  readonly kind: string
  constructor(kind: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = 'CreateError'
    this.kind = kind
  }
}

export interface Created {
  readonly type: ResourceType<AnyObject>
  readonly object: AnyObject
}

interface Plan {
  readonly type: ResourceType<AnyObject>
  readonly draft: AnyObject
}

/** Where each object would go. */
function planOf(objects: readonly AnyObject[], defaultNamespace: string): Plan[] {
  return objects.map(object => {
    const type = typeOfReference(object)
    if (!type)
      throw new CreateError(
        object.kind,
        new Error(
          t('This cluster does not serve {apiVersion} {kind}.', { apiVersion: object.apiVersion, kind: object.kind }),
        ),
      )
    const namespace = object.metadata?.namespace ?? defaultNamespace
    return { type, draft: type.namespaced ? { ...object, metadata: { ...object.metadata, namespace } } : object }
  })
}

async function createAll(plans: readonly Plan[], dryRun: boolean): Promise<Created[]> {
  const created: Created[] = []
  for (const { type, draft } of plans)
    created.push({
      type,
      object: await connection.client.create(type, draft, { dryRun }).catch((error: unknown) => {
        throw new CreateError(type.kind, error)
      }),
    })
  return created
}

/** What the server would store; nothing is created. @throws CreateError */
export const tryObjects = async (objects: readonly AnyObject[], defaultNamespace: string): Promise<Created[]> =>
  await createAll(planOf(objects, defaultNamespace), true)

/** @throws CreateError; when it comes from the check, nothing was created */
export async function createObjects(objects: readonly AnyObject[], defaultNamespace: string): Promise<Created[]> {
  const plans = planOf(objects, defaultNamespace)
  await createAll(plans, true)
  return await createAll(plans, false)
}
