// What a controller is: which kinds it watches, and what it does about one object. The manager (controller-manager.ts)
// owns queues, caches, workers and retries.
import type { Clock } from '../machinery/clock.ts'
import type { Log } from '../machinery/log.ts'
import type { KubeObject } from '../machinery/object.ts'
import { controllerOf } from '../machinery/owner.ts'
import { type ResourceType, apiVersionOf } from '../machinery/resource-type.ts'
import type { Client, ObjectRef } from './client.ts'
import type { EventRecorder } from './events.ts'
import type { InformerHandler } from './informer.ts'
import type { Lister } from './lister.ts'

export interface ControllerContext {
  /** Acts as this controller's own identity. */
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly events: EventRecorder
  /** Aborts when the manager stops. */
  readonly signal: AbortSignal
  /** The shared cache of a kind that `watches` names. @throws Error for another kind */
  lister<T extends KubeObject>(type: ResourceType<T>): Lister<T>
  /** Queues an object by hand, such as the one whose retry a timer asks for. */
  enqueue(ref: ObjectRef, delayMs?: number): void
}

/** What happened to an object of a watched kind. */
export type Change<T> =
  | { readonly type: 'added'; readonly object: T; readonly old?: undefined }
  | { readonly type: 'updated'; readonly object: T; readonly old: T }
  | { readonly type: 'deleted'; readonly object: T; readonly old?: undefined }

/** One watched kind, and whom its changes concern. */
export interface Watch {
  readonly type: ResourceType<KubeObject>
  /** @returns the handler that queues what has to be reconciled; none = the kind is only read */
  readonly handler?: (context: ControllerContext) => InformerHandler<KubeObject>
}

export interface Result {
  /** Reconcile again after this time even if nothing changes. */
  readonly requeueAfterMs?: number
}

export const done: Result = {}
export const requeueAfter = (delayMs: number): Result => ({ requeueAfterMs: Math.max(1, delayMs) })

/** Trying again cannot help until the object changes. */
export class TerminalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TerminalError'
  }
}

/** Brings the world towards what one object says. A throw is retried with back-off, except a `TerminalError`. */
export interface Reconciler<T extends KubeObject = KubeObject> {
  /** Upstream's name of the controller, such as `replicaset`. */
  readonly name: string
  /** The kind that is reconciled. */
  readonly type: ResourceType<T>
  readonly watches: readonly Watch[]
  /** How many objects are worked on at the same time; default 5. */
  readonly workers?: number
  /** How long an object waits that could not be reconciled, doubling; default 5 ms to 1000 s. Conflicts wait less. */
  readonly backoff?: { readonly baseMs?: number; readonly maxMs: number }
  /** Service account in kube-system as which it acts; default `<name>-controller`. */
  readonly identity?: string
  /** The component that its events name; default its identity. */
  readonly eventSource?: string
  /** @param object immutable: copy before changing */
  reconcile(object: T, context: ControllerContext): Promise<Result>
  /** The object is gone. */
  gone?(ref: ObjectRef, context: ControllerContext): Promise<Result | undefined> | undefined
}

/** A control loop that is not about one object at a time, such as the garbage collector's graph. */
export interface ControlLoop {
  readonly name: string
  readonly watches: readonly Watch[]
  readonly identity?: string
  readonly eventSource?: string
  /** Called once the caches are synced; runs until the signal aborts. */
  run(context: ControllerContext): Promise<void>
}

export type Controller = Reconciler | ControlLoop

/** Erases the kind so that controllers of all kinds fit into one list. */
export const controller = <T extends KubeObject>(reconciler: Reconciler<T>): Controller =>
  reconciler as unknown as Reconciler

/** The reconciled kind itself: every change queues the object. */
export function own<T extends KubeObject>(
  type: ResourceType<T>,
  concerns: (change: Change<T>) => boolean = () => true,
): Watch {
  return mapped(type, change => (concerns(change) ? [change.object.metadata] : []))
}

/** Objects that the reconciled kind controls: changes queue the controlling owner, before and after. */
export function owned<T extends KubeObject>(type: ResourceType<T>, owner: ResourceType<KubeObject>): Watch {
  return mapped(type, ({ object, old }) => {
    const now = ownerOf(object, owner)
    const before = old && ownerOf(old, owner)
    return [...(now ? [now] : []), ...(before && before.name !== now?.name ? [before] : [])]
  })
}

/** Another kind: `refs` names the objects that a change concerns. */
export function mapped<T extends KubeObject>(
  type: ResourceType<T>,
  refs: (change: Change<T>, context: ControllerContext) => Iterable<ObjectRef>,
): Watch {
  const handler = (context: ControllerContext): InformerHandler<T> => {
    const queue = (change: Change<T>) => {
      for (const ref of refs(change, context)) context.enqueue(ref)
    }
    return {
      added: object => queue({ type: 'added', object }),
      updated: (object, old) => queue({ type: 'updated', object, old }),
      deleted: object => queue({ type: 'deleted', object }),
    }
  }
  return { type, handler: handler as unknown as NonNullable<Watch['handler']> }
}

/** A kind that is read through its cache, and queues nothing. */
export const read = (type: ResourceType<KubeObject>): Watch => ({ type })

/** @returns the controlling owner if it is of this kind, whatever the version. */
export function ownerOf(object: KubeObject, type: ResourceType<KubeObject>): (ObjectRef & { uid: string }) | undefined {
  const ref = controllerOf(object)
  if (ref?.kind !== type.kind || groupOf(ref.apiVersion) !== groupOf(apiVersionOf(type))) return undefined
  const { namespace } = object.metadata
  return { ...(namespace && type.namespaced ? { namespace } : {}), name: ref.name, uid: ref.uid }
}

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '')
