// Carries out a pod's resizes, of its containers and of it as a whole, one after the other, and tells how far it is.
import type { Pod, PodCondition, ResourceRequirements } from '../../../shared/api/core/v1.ts'
import type { Shortage } from '../admission/fit.ts'
import type { WaitingResize } from '../admission/resize-order.ts'
import { type KubeletParts, nodeLimitsOf } from '../parts.ts'
import { podReference } from '../references.ts'
import type { RuntimePod } from '../runtime/contract.ts'
import { graceSecondsOf } from '../spec/grace.ts'
import { killContainer } from './kill.ts'
import { memoryProblem } from './memory-decrease.ts'
import { Allocation, type PendingUpdate, type ResizePending, describeResources, pendingUpdates } from './resize.ts'

/** The node's resources, which all its resizes share. */
export interface NodeRoom {
  /** @returns what the node lacks for the pod as it is to be, beside its others and the resizes that come first */
  shortage(resize: WaitingResize): Shortage | undefined
  /** A pod has other amounts from now on: others may have theirs. */
  resized(): void
}

export class Resizer {
  readonly #parts: KubeletParts
  readonly #room: NodeRoom
  readonly #allocation: Allocation
  #pending: ResizePending | undefined
  #waiting: WaitingResize | undefined
  /** Since when it waits for room. */
  #sinceMs: number | undefined
  #inProgress: boolean
  /** Whether the pod's own cgroup has what is allocated. */
  #isWholeDone: boolean
  #error: string | undefined
  /** Of containers that have not got theirs yet. */
  #before = new Map<string, ResourceRequirements>()

  constructor(pod: Pod, parts: KubeletParts, room: NodeRoom) {
    this.#parts = parts
    this.#room = room
    this.#allocation = new Allocation(pod)
    const deferred = pod.status.conditions?.find(
      ({ type, reason }) => type === 'PodResizePending' && reason === 'Deferred',
    )
    this.#sinceMs = deferred?.lastTransitionTime ? Date.parse(deferred.lastTransitionTime) : undefined
    // An agent that ended in the midst of it left the rest to this one.
    this.#inProgress = (pod.status.conditions ?? []).some(({ type }) => type === 'PodResizeInProgress')
    this.#isWholeDone = !this.#inProgress
  }

  get isInProgress(): boolean {
    return this.#inProgress
  }

  /** Whether something is still to be done of it, or may be once the node has more. */
  get isWaiting(): boolean {
    return this.#inProgress || this.#pending !== undefined
  }

  /** The resize that waits for room, if one does. */
  get waiting(): WaitingResize | undefined {
    return this.#waiting
  }

  /** The pod with what is set aside for it. */
  allocated(pod: Pod): Pod {
    return this.#allocation.apply(pod)
  }

  /** Sets aside what the spec asks for, if the node has it. @returns the pod with what it may have now */
  resize(wanted: Pod, runtime: RuntimePod): Pod {
    const before = this.#pending
    this.#pending = undefined
    this.#waiting = undefined
    if (this.#allocation.isChanged(wanted)) {
      const had = this.#allocation.ofRunning(wanted, runtime)
      const sinceMs = this.#sinceMs ?? this.#parts.clock.now()
      const resize = { wanted, allocated: this.allocated(wanted), sinceMs }
      this.#pending = this.#allocation.take(wanted, this.#room.shortage(resize))
      this.#waiting = this.#pending?.reason === 'Deferred' ? resize : undefined
      const { recorder } = this.#parts
      const about = podReference(wanted)
      if (!this.#pending) {
        this.#inProgress = true
        for (const [id, resources] of had) if (!this.#before.has(id)) this.#before.set(id, resources)
        this.#isWholeDone = false
        this.#error = undefined
        recorder.event(about, 'Normal', 'ResizeStarted', `Pod resize started: ${describeResources(wanted)}`)
        this.#room.resized()
      } else if (before?.reason !== this.#pending.reason) {
        const { reason, message } = this.#pending
        const text = `Pod resize ${reason}: ${describeResources(wanted, message)}`
        recorder.event(about, 'Warning', `Resize${reason}`, text)
      }
    }
    this.#sinceMs = this.#waiting?.sinceMs
    return this.allocated(wanted)
  }

  /** Gives the pod and its running containers what is allocated to them. @returns whether a container was stopped for it */
  async actuate(pod: Pod, runtime: RuntimePod, podIP: string): Promise<boolean> {
    if (!this.#inProgress) return false
    const updates = this.#updates(pod, runtime)
    const problem = await memoryProblem(this.#parts, pod, runtime, updates)
    if (problem !== undefined) {
      this.#fail(pod, problem)
      return false
    }
    try {
      // The kernel lets no container have more than its pod: that grows before them, and shrinks after them.
      await this.#applyWhole(pod, runtime, 'widen')
      const stopped = await this.#actuateContainers(pod, updates, podIP)
      await this.#applyWhole(pod, runtime, 'apply')
      this.#isWholeDone = true
      this.#error = undefined
      return stopped
    } catch (error) {
      this.#fail(pod, (error as Error).message)
      return false
    }
  }

  #updates(pod: Pod, runtime: RuntimePod): PendingUpdate[] {
    return pendingUpdates(pod, runtime, nodeLimitsOf(this.#parts), this.#before)
  }

  async #applyWhole(pod: Pod, { sandboxes }: RuntimePod, how: 'widen' | 'apply'): Promise<void> {
    const pid = sandboxes[0]?.pid ?? 0
    if (pid > 0) await this.#parts.cgroups[how](pod, pid)
  }

  async #actuateContainers(pod: Pod, updates: readonly PendingUpdate[], podIP: string): Promise<boolean> {
    let stopped = false
    for (const { container, spec, limits, restart } of updates) {
      if (restart) {
        const graceSeconds = graceSecondsOf(pod)
        const message = `Container ${spec.name} resize requires restart`
        await killContainer(this.#parts, pod, container, { graceSeconds, message, podIP })
        stopped = true
        continue
      }
      await this.#parts.runtime.update(container.id, limits).catch((error: unknown) => {
        throw new Error(`failed to resize container ${spec.name}: ${(error as Error).message}`)
      })
    }
    return stopped
  }

  #fail(pod: Pod, message: string): void {
    if (this.#error !== message)
      this.#parts.recorder.event(
        podReference(pod),
        'Warning',
        'ResizeError',
        `Pod resize error: ${describeResources(pod, message)}`,
      )
    this.#error = message
  }

  /** @returns the conditions that tell about a resize; an empty list when there is none */
  conditions(pod: Pod, runtime: RuntimePod): Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>[] {
    if (this.#inProgress && this.#isWholeDone && this.#updates(pod, runtime).length === 0) {
      this.#inProgress = false
      this.#before.clear()
      const text = `Pod resize completed: ${describeResources(pod)}`
      this.#parts.recorder.event(podReference(pod), 'Normal', 'ResizeCompleted', text)
    }
    const error = this.#error === undefined ? {} : { reason: 'Error', message: this.#error }
    return [
      ...(this.#pending ? [{ type: 'PodResizePending', status: 'True', ...this.#pending }] : []),
      ...(this.#inProgress ? [{ type: 'PodResizeInProgress', status: 'True', ...error }] : []),
    ]
  }
}
