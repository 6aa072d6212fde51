// garbage-collector: deletes what lost its owners, in the background or the foreground, and orphans where asked to.
import { CustomResourceDefinition } from '../../../shared/api/apiextensions/v1.ts'
import { APIService } from '../../../shared/api/apiregistration/v1.ts'
import { createBackoff } from '../../../shared/client/backoff.ts'
import type { DiscoveredResource } from '../../../shared/client/discovery.ts'
import { Informer } from '../../../shared/client/informer.ts'
import { createRateLimiter } from '../../../shared/client/rate-limiter.ts'
import type { ControllerContext, ControlLoop } from '../../../shared/client/reconciler.ts'
import { WorkQueue } from '../../../shared/client/workqueue.ts'
import { delay } from '../../../shared/machinery/clock.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import { type ResourceType, apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import { isConflict } from '../../../shared/machinery/status.ts'
import { type Collector, collect, orphan } from './collect.ts'
import { Graph } from './graph.ts'
import { Monitors } from './monitors.ts'
import { AbsentOwners } from './references.ts'

const WORKERS = 20
/** A new kind is served a moment after its definition: look again after changes have settled. */
const SETTLE_MS = 200
const ORPHAN_PREFIX = 'orphan '

export class GarbageCollector implements ControlLoop {
  readonly name = 'garbage-collector'
  readonly identity = 'generic-garbage-collector'
  readonly eventSource = 'garbage-collector-controller'
  readonly watches = []

  async run(context: ControllerContext): Promise<void> {
    const { clock, signal } = context
    const queue = new WorkQueue({ clock, limiter: createRateLimiter(clock) })
    signal.addEventListener('abort', () => queue.close(), { once: true })
    const graph = new Graph({
      check: node => queue.add(node.uid),
      orphan: node => queue.add(ORPHAN_PREFIX + node.uid),
    })
    const absent = new AbsentOwners()
    const monitors = new Monitors({ context, ...feeding(graph, absent) })
    await followKinds(context, monitors)
    await monitors.synced()
    if (signal.aborted) return
    const collector: Collector = {
      context,
      graph,
      monitors,
      absent,
      check: node => queue.add(node.uid),
    }
    await Promise.all(Array.from({ length: WORKERS }, () => work(collector, queue)))
  }
}

const feeding = (graph: Graph, absent: AbsentOwners) => ({
  handlerFor: (type: DiscoveredResource) => ({
    added: (object: KubeObject) => graph.upsert(type, object),
    updated: (object: KubeObject) => graph.upsert(type, object),
    deleted: ({ metadata: { uid, name, namespace = '' } }: KubeObject) => {
      const { kind } = type
      if (graph.dependents(uid).length > 0) absent.add({ apiVersion: apiVersionOf(type), kind, name, uid }, namespace)
      graph.remove(uid)
    },
  }),
  onStopped: (type: DiscoveredResource) => graph.forget(type),
})

async function work(collector: Collector, queue: WorkQueue): Promise<void> {
  const { context, graph } = collector
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    const isOrphaning = key.startsWith(ORPHAN_PREFIX)
    const node = graph.get(isOrphaning ? key.slice(ORPHAN_PREFIX.length) : key)
    try {
      if (node) await (isOrphaning ? orphan(collector, node) : collect(collector, node))
      queue.forget(key)
    } catch (error) {
      if (context.signal.aborted) return
      const fields = { object: `${node?.namespace ?? ''}/${node?.name ?? ''}`, error: String(error) }
      if (!isConflict(error)) context.log.debug(fields, 'garbage collection is retried')
      queue.addRateLimited(key)
    }
    queue.done(key)
  }
}

/** Kinds come and go with definitions and aggregated servers: those are watched, discovery is not polled. */
async function followKinds(context: ControllerContext, monitors: Monitors): Promise<void> {
  const { clock, signal, log, client } = context
  const backoff = createBackoff({ initialMs: 500, maxMs: 30_000 })
  let due: (() => void) | undefined
  const sync = async () => {
    due = undefined
    try {
      await monitors.sync()
      if (!monitors.incomplete) backoff.reset()
      else plan(backoff.next())
    } catch (error) {
      if (signal.aborted) return
      log.warn({ error: String(error) }, 'the garbage collector cannot discover what is served; it tries again')
      plan(backoff.next())
    }
  }
  const plan = (delayMs: number) => {
    due?.()
    due = signal.aborted ? undefined : clock.after(delayMs, () => void sync())
  }
  signal.addEventListener('abort', () => due?.(), { once: true })
  await sync()
  // Without any kind known there is nothing to wait for yet.
  while (!monitors.typeOf('v1', 'Pod') && !signal.aborted) await delay(clock, SETTLE_MS, signal).catch(() => undefined)
  const kinds: readonly ResourceType<KubeObject>[] = [CustomResourceDefinition, APIService]
  for (const type of kinds) {
    if (!monitors.typeOf(`${type.group}/${type.version}`, type.kind)) continue
    const informer = new Informer(client, type, { clock })
    const changed = () => plan(SETTLE_MS)
    void informer.start(signal)
    await informer.synced().catch(() => undefined) // stopped: the caller notices
    informer.on({ updated: changed, deleted: changed, added: (_object, initial) => initial || changed() })
  }
}
