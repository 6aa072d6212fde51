// Sends a pod's status to the API server: the latest one, one request at a time, again until it arrives.
import { Pod, type PodStatus } from '../../../shared/api/core/v1.ts'
import { createBackoff } from '../../../shared/client/backoff.ts'
import type { Client } from '../../../shared/client/client.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { ApiError, isNotFound } from '../../../shared/machinery/status.ts'
import { isStatic } from '../static/manifests.ts'
import { OWNED_TYPES } from './conditions.ts'

export interface StatusWriterOptions {
  readonly client: Client
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onError: (error: unknown) => void
}

export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #pod: Pod
  #sent: PodStatus | undefined
  /** Whether it was told what to say, which a start from a checkpoint is not. */
  #hasSaid = false
  /** Of the object as the last write left it. */
  #revision: bigint | undefined
  #next: PodStatus | undefined
  /** The object as the API told of it last, until it was looked at. */
  #seen: Pod | undefined
  #writing: Promise<void> | undefined

  /** @param sent what the API server has already, as far as is known */
  constructor(pod: Pod, options: StatusWriterOptions, sent?: PodStatus) {
    this.#pod = pod
    this.#options = options
    this.#sent = sent
  }

  set(status: PodStatus): void {
    this.#hasSaid = true
    if (deepEqual(status, this.#next ?? this.#sent, { emptyIsAbsent: true })) return
    this.#next = status
    this.#start()
  }

  #start(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
      if (this.#options.signal.aborted) return
      if (this.#next)
        this.#start() // set after the last look
      else this.#putRight()
    })
  }

  /** What was set last is sent again: the object that has it is new. */
  resend(): void {
    const last = this.#next ?? this.#sent
    this.#sent = undefined
    if (last) this.set(last)
  }

  /**
   * What the API has now. Others may have written what is ours to say, as the node controller does when it hears nothing:
   * it is put right. Before anything was said here, it is what was sent: a checkpoint may be older.
   */
  seen(pod: Pod): void {
    this.#seen = pod
    if (!this.#hasSaid) this.#sent = pod.status
    // Others may have written after a write under way that is not answered yet: that is looked at when it is.
    else if (!this.#writing) this.#putRight()
  }

  #putRight(): void {
    if (!this.#seen || !this.#sent) return
    const { metadata, status } = this.#seen
    this.#seen = undefined
    const isOld = this.#revision !== undefined && BigInt(metadata.resourceVersion ?? 0) <= this.#revision
    if (!isOld && differs(this.#sent, status)) this.resend()
  }

  /** Resolves when the API server has what was set last, or can no longer take it. */
  async flushed(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  async #write(): Promise<void> {
    const { client, clock, signal, onError } = this.#options
    const { namespace, name, uid } = this.#pod.metadata
    const backoff = createBackoff({ initialMs: 100, maxMs: 10_000 })
    while (this.#next && !signal.aborted) {
      const status = this.#next
      try {
        const patch = { ...(isStatic(this.#pod) ? {} : { metadata: { uid } }), status: asPatch(status, this.#sent) }
        const { metadata } = await client.patch(Pod, { namespace, name }, patch, { subresource: 'status', signal })
        this.#revision = BigInt(metadata.resourceVersion ?? 0)
        this.#sent = status
        if (this.#next === status) this.#next = undefined
        backoff.reset()
      } catch (error) {
        if (signal.aborted) return
        onError(error)
        if (isGone(error)) {
          // A static pod's mirror is still to come: the status is sent when it is there.
          if (isStatic(this.#pod)) this.#sent = status
          this.#next = undefined
          return
        }
        await delay(clock, backoff.next(), signal).catch(() => undefined) // aborted: the loop ends
      }
    }
  }
}

/** In what only the kubelet says: the phase, and whether its conditions hold. */
const differs = (said: PodStatus, stored: PodStatus): boolean =>
  (said.phase !== undefined && said.phase !== stored.phase) ||
  (said.conditions ?? []).some(
    ({ type, status }) =>
      OWNED_TYPES.includes(type) && status !== stored.conditions?.find(other => other.type === type)?.status,
  )

/** Deleted, or replaced by another pod of the same name. Whatever else refuses a status may take it later. */
const isGone = (error: unknown): boolean => isNotFound(error) || (error instanceof ApiError && isOfAnotherUid(error))

const isOfAnotherUid = ({ code, message, status }: ApiError): boolean =>
  (code === 409 && message.includes('UID in precondition')) ||
  (code === 422 && (status.details?.causes ?? []).some(({ field }) => field === 'metadata.uid'))

/** Lists that merge by key would keep addresses and conditions that are gone, and the reasons of those that changed. */
function asPatch(status: PodStatus, sent: PodStatus | undefined): object {
  const had = sent?.podIPs ?? []
  const kept = had.every(({ ip }) => status.podIPs?.some(other => other.ip === ip))
  const conditions = (status.conditions ?? []).map(condition =>
    OWNED_TYPES.includes(condition.type) ? { reason: null, message: null, ...condition } : condition,
  )
  const over = (sent?.conditions ?? []).filter(
    ({ type }) => OWNED_TYPES.includes(type) && conditions.every(other => other.type !== type),
  )
  return {
    ...status,
    ...(kept ? {} : { podIPs: [{ $patch: 'replace' }, ...(status.podIPs ?? [])] }),
    conditions: [...conditions, ...over.map(({ type }) => ({ $patch: 'delete', type }))],
  }
}
