// Carries out a pod's resizes, one after the other, and tells how far it is.
import type { Pod, PodCondition } from '../../../shared/api/core/v1.ts'
import type { Shortage } from '../admission/fit.ts'
import { type KubeletParts, nodeLimitsOf, podReference } from '../parts.ts'
import type { RuntimePod } from '../runtime/contract.ts'
import { killContainer } from './kill.ts'
import { Allocation, type ResizePending, describeResources, pendingUpdates } from './resize.ts'

const DEFAULT_GRACE_SECONDS = 30

export class Resizer {
  readonly #parts: KubeletParts
  readonly #shortage: (pod: Pod) => Shortage | undefined
  readonly #allocation: Allocation
  #pending: ResizePending | undefined
  #inProgress = false
  #error: string | undefined

  /** @param shortage what the node lacks for the pod beside its others */
  constructor(pod: Pod, parts: KubeletParts, shortage: (pod: Pod) => Shortage | undefined) {
    this.#parts = parts
    this.#shortage = shortage
    this.#allocation = new Allocation(pod)
  }

  get isInProgress(): boolean {
    return this.#inProgress
  }

  /** Whether something is still to be done of it, or may be once the node has more. */
  get isWaiting(): boolean {
    return this.#inProgress || this.#pending !== undefined
  }

  /** The pod with what is set aside for it. */
  allocated(pod: Pod): Pod {
    return this.#allocation.apply(pod)
  }

  /** Sets aside what the spec asks for, if the node has it. @returns the pod with what it may have now */
  resize(wanted: Pod): Pod {
    const before = this.#pending
    this.#pending = undefined
    if (this.#allocation.isChanged(wanted)) {
      this.#pending = this.#allocation.take(wanted, this.#shortage(wanted))
      const { recorder } = this.#parts
      const about = podReference(wanted)
      if (!this.#pending) {
        this.#inProgress = true
        this.#error = undefined
        recorder.event(about, 'Normal', 'ResizeStarted', `Pod resize started: ${describeResources(wanted)}`)
      } else if (before?.reason !== this.#pending.reason) {
        const { reason, message } = this.#pending
        const text = `Pod resize ${describeResources(wanted)} ${reason.toLowerCase()}: ${message}`
        recorder.event(about, 'Warning', `Resize${reason}`, text)
      }
    }
    return this.allocated(wanted)
  }

  /** Gives running containers what is allocated to them. @returns whether a container was stopped for it */
  async actuate(pod: Pod, runtime: RuntimePod, podIP: string): Promise<boolean> {
    if (!this.#inProgress) return false
    const updates = pendingUpdates(pod, runtime, nodeLimitsOf(this.#parts))
    const pid = runtime.sandboxes[0]?.pid ?? 0
    if (pid > 0) await this.#parts.cgroups.apply(pod, pid)
    let stopped = false
    for (const { container, spec, limits, restart } of updates) {
      if (restart) {
        const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
        const message = `Container ${spec.name} resize requires restart`
        await killContainer(this.#parts, pod, container, { graceSeconds, message, podIP })
        stopped = true
        continue
      }
      try {
        await this.#parts.runtime.update(container.id, limits)
        this.#error = undefined
      } catch (error) {
        const message = `failed to resize container ${spec.name}: ${(error as Error).message}`
        if (this.#error !== message)
          this.#parts.recorder.event(podReference(pod), 'Warning', 'ResizeError', `Pod resize error: ${message}`)
        this.#error = message
      }
    }
    return stopped
  }

  /** @returns the conditions that tell about a resize; an empty list when there is none */
  conditions(pod: Pod, runtime: RuntimePod): Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>[] {
    if (this.#inProgress && pendingUpdates(pod, runtime, nodeLimitsOf(this.#parts)).length === 0) {
      this.#inProgress = false
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
