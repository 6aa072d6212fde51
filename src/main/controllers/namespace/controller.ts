// namespace: empties a namespace that is being deleted, then lets it go.
import { Namespace, Pod } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { isConflict, isNotFound } from '../../../shared/machinery/status.ts'
import { writeStatus } from '../support/write-status.ts'
import { conditionsOf } from './conditions.ts'
import { deleteContent } from './delete-content.ts'

const FINALIZER = 'kubernetes'
/** Pods tell when they are gone; for other content it looks again, less and less often. */
const FIRST_RECHECK_MS = 250
const MAX_RECHECK_MS = 15_000

export class NamespaceController implements Reconciler<Namespace> {
  readonly name = 'namespace'
  readonly type = Namespace
  readonly workers = 10
  readonly backoff = { maxMs: 60_000 }
  readonly watches = [
    own(Namespace),
    // The last pods of a namespace are usually what it waits for.
    mapped(Pod, ({ type, object }, context) => {
      const { namespace } = object.metadata
      const terminating = type === 'deleted' && context.lister(Namespace).get({ name: namespace })?.metadata
      return terminating && terminating.deletionTimestamp ? [{ name: namespace }] : []
    }),
  ]

  /** By name: how long the next wait is. */
  readonly #waits = new Map<string, number>()

  async reconcile(cached: Namespace, context: ControllerContext): Promise<Result> {
    if (!cached.metadata.deletionTimestamp) return done
    const live = await getLive(cached, context)
    if (!live || (live.spec.finalizers ?? []).length === 0) return done
    let namespace = await writeStatus(context, Namespace, live, { ...live.status, phase: 'Terminating' })
    const outcome = await deleteContent(context.client, namespace.metadata.name)
    const conditions = conditionsOf(namespace.status.conditions, outcome, context.clock)
    namespace = await writeStatus(context, Namespace, namespace, { ...namespace.status, conditions })
    if (outcome.errors.length > 0) throw outcome.errors[0]
    if (outcome.remaining.size > 0) return requeueAfter(this.#nextWait(namespace.metadata.name))
    await finalize(namespace, context)
    return done
  }

  gone({ name }: ObjectRef): undefined {
    this.#waits.delete(name)
  }

  #nextWait(name: string): number {
    const wait = this.#waits.get(name) ?? FIRST_RECHECK_MS
    this.#waits.set(name, Math.min(wait * 2, MAX_RECHECK_MS))
    return wait
  }
}

/** The cache may be older than the last finalizer. */
async function getLive({ metadata: { name, uid } }: Namespace, context: ControllerContext) {
  try {
    const live = await context.client.get(Namespace, { name }, { signal: context.signal })
    return live.metadata.uid === uid ? live : undefined
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function finalize(namespace: Namespace, { client }: ControllerContext): Promise<void> {
  const finalizers = (namespace.spec.finalizers ?? []).filter(name => name !== FINALIZER)
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace.metadata.name)}/finalize`
  try {
    await client.raw('PUT', path, { ...namespace, spec: { ...namespace.spec, finalizers } })
  } catch (error) {
    if (isNotFound(error)) return
    if (isConflict(error)) throw new Error(`namespace ${namespace.metadata.name} changed while it was finalized`)
    throw error
  }
}
