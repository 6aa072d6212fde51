// One pod, one loop: looks at what the API wants and what the runtime has, does what is missing, reports. Whatever
// happens — an update, a container's death, a probe's verdict, a timer — only wakes the loop; passes never overlap.
import type { Container, Pod, PodStatus } from '../../shared/api/core/v1.ts'
import { Pod as PodType } from '../../shared/api/core/v1.ts'
import { isNotFound } from '../../shared/machinery/status.ts'
import type { Shortage } from './admission/fit.ts'
import { type KubeletParts, containerReference, nodeLimitsOf, podDirOf, podReference } from './parts.ts'
import { Prober } from './probes/prober.ts'
import type { RuntimePod } from './runtime/contract.ts'
import { allContainers, describePod } from './spec/containers.ts'
import { containerIdOf, type WaitReason } from './status/container-status.ts'
import { isStatic } from './static/manifests.ts'
import { ContainerUsers } from './status/container-users.ts'
import { podStatusOf } from './status/pod-status.ts'
import { StatusWriter } from './status/status-writer.ts'
import { type Actions, computeActions } from './sync/actions.ts'
import { killContainer, killPod } from './sync/kill.ts'
import { addressesOf, createSandbox, writeNameFiles } from './sync/sandbox.ts'
import { PodVolumes } from './sync/pod-volumes.ts'
import { Resizer } from './sync/resizer.ts'
import { StartBackoff } from './sync/start-backoff.ts'
import { startContainer } from './sync/start-container.ts'
import { StartError } from './sync/start-error.ts'
import { TerminationMessages } from './sync/termination-message.ts'
import { removeVolumes } from './volumes/volumes.ts'

const DEFAULT_GRACE_SECONDS = 30
const RETRY_MS = 2_000
const MAX_RETRY_MS = 60_000

export interface Verdict {
  readonly reason: string
  readonly message: string
  /** Undefined = the pod's own. */
  readonly graceSeconds?: number
  /** Told as the condition DisruptionTarget. */
  readonly disruption?: boolean
}

export interface PodWorkerOptions {
  readonly parts: KubeletParts
  readonly pod: Pod
  /** The pod is over and nothing of it is left on this node. */
  readonly onGone: () => void
  readonly random?: () => number
  /** What the node lacks for this pod beside its others. */
  readonly shortage: (pod: Pod) => Shortage | undefined
}

export class PodWorker {
  readonly #parts: KubeletParts
  readonly #onGone: () => void
  readonly #stop = new AbortController()
  /** Aborted when the pod begins to end: pulls and waits for volumes are given up. */
  readonly #alive = new AbortController()
  readonly #prober: Prober
  readonly #writer: StatusWriter
  readonly #messages: TerminationMessages
  readonly #waiting = new Map<string, WaitReason>()
  readonly #users = new ContainerUsers()
  readonly #resizer: Resizer
  readonly #starts: StartBackoff
  /** As the API has it. */
  #wantedPod: Pod
  /** With the resources that are set aside for it. */
  #pod: Pod
  #status: PodStatus
  /** Set once the API no longer has the pod. */
  #removed = false
  #graceSeconds: number | undefined
  #verdict: Verdict | undefined
  readonly #volumes: PodVolumes
  #failures = 0
  #wanted = false
  #running: Promise<void> | undefined
  #cancelTimer: () => void = () => undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor({ parts, pod, onGone, random = Math.random, shortage }: PodWorkerOptions) {
    this.#parts = parts
    this.#pod = pod
    this.#wantedPod = pod
    this.#status = pod.status
    this.#onGone = onGone
    const { runtime, recorder, clock, client, probeCounts, log } = parts
    this.#prober = new Prober(pod, {
      runtime,
      recorder,
      clock,
      random,
      onChange: () => this.wake(),
      onResult: (container, kind, healthy) => probeCounts.count(pod, container, kind, healthy),
    })
    this.#messages = new TerminationMessages(runtime)
    this.#volumes = new PodVolumes(parts, this.#alive.signal)
    this.#resizer = new Resizer(pod, parts, shortage)
    this.#starts = new StartBackoff(parts)
    this.#writer = new StatusWriter(
      pod,
      {
        client,
        clock,
        signal: this.#stop.signal,
        onError: error => log.debug({ pod: describePod(this.#pod), error: String(error) }, 'status not written'),
      },
      pod.status,
    )
    this.#noteEnding()
  }

  get pod(): Pod {
    return this.#pod
  }
  /** The status as last computed; newer than the API's. */
  get status(): PodStatus {
    return this.#status
  }

  /** The API's object changed. */
  update(pod: Pod): void {
    this.#takeUp(pod)
    this.#noteEnding()
    this.wake()
  }

  /** The API no longer has the pod. */
  remove(last: Pod): void {
    this.#removed = true
    this.#takeUp(last)
    this.#noteEnding()
    this.wake()
  }

  /** The object in the API that shows this pod is new. */
  resendStatus(): void {
    this.#writer.resend()
  }

  #takeUp(pod: Pod): void {
    this.#wantedPod = pod
    this.#pod = this.#resizer.allocated(pod)
  }

  /** Ends the pod for a reason of the node's own, such as an eviction. */
  end(verdict: Verdict): void {
    this.#verdict ??= verdict
    this.#alive.abort(new Error(verdict.reason))
    this.wake()
  }

  /** Asks for a pass; returns at once. */
  wake(): void {
    this.#wanted = true
    this.#running ??= this.#loop().finally(() => (this.#running = undefined))
  }

  /** Stops looking after the pod; its containers run on. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('the agent stops'))
    this.#alive.abort(new Error('the agent stops'))
    this.#cancelTimer()
    this.#prober.stop()
    await this.#running
  }

  /** A pod that is being deleted ends within its grace period, which may be shortened while it runs. */
  #noteEnding(): void {
    const { deletionTimestamp, deletionGracePeriodSeconds } = this.#pod.metadata
    if (!deletionTimestamp && !this.#removed) return
    const wanted = deletionGracePeriodSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
    const before = this.#graceSeconds
    this.#graceSeconds = Math.min(before ?? wanted, wanted)
    this.#alive.abort(new Error('the pod is being deleted'))
    if (before !== undefined && this.#graceSeconds < before) void this.#hasten(this.#graceSeconds)
  }

  /** The stop in progress holds the loop: a shorter grace period acts beside it. */
  async #hasten(graceSeconds: number): Promise<void> {
    const { runtime, clock } = this.#parts
    clock.after(graceSeconds * 1000, () => {
      void runtime
        .pod(this.#pod.metadata.uid)
        .then(({ containers }) =>
          Promise.all(containers.filter(({ state }) => state === 'running').map(({ id }) => runtime.stop(id, 0))),
        )
        .catch(() => undefined) // the loop's own stop reports what goes wrong
    })
  }

  async #loop(): Promise<void> {
    while (this.#wanted && !this.#stop.signal.aborted) {
      this.#wanted = false
      this.#cancelTimer()
      this.#timerAt = Number.POSITIVE_INFINITY
      try {
        await this.#sync()
        this.#failures = 0
      } catch (error) {
        if (this.#stop.signal.aborted) return
        this.#failures++
        this.#parts.log.warn({ pod: describePod(this.#pod), error: String(error) }, 'pod not in sync')
        this.#wakeIn(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(this.#failures - 1, 5)))
      }
    }
  }

  /** Of several timers the earliest counts. */
  #wakeIn(delayMs: number): void {
    const at = this.#parts.clock.monotonic() + delayMs
    if (at >= this.#timerAt) return
    this.#cancelTimer()
    this.#timerAt = at
    this.#cancelTimer = this.#parts.clock.after(delayMs, () => this.wake())
  }

  get #ending(): boolean {
    return this.#graceSeconds !== undefined || this.#verdict !== undefined || this.#isOver
  }
  get #isOver(): boolean {
    return this.#status.phase === 'Succeeded' || this.#status.phase === 'Failed'
  }

  async #sync(): Promise<void> {
    this.#checkDeadline()
    const runtime = await this.#observe()
    if (this.#ending) return this.#endPod(runtime)
    this.#pod = this.#resizer.resize(this.#wantedPod)
    const actions = computeActions(this.#pod, runtime, this.#prober)
    await this.#report(runtime, actions.endPod)
    if (actions.endPod) return this.#endPod(runtime)
    await this.#act(runtime, actions)
    await this.#report(await this.#observe())
    await this.#removeOld(runtime)
    const refreshMs = await this.#volumes.refresh(this.#pod)
    if (refreshMs !== undefined) this.#wakeIn(refreshMs)
  }

  async #observe(): Promise<RuntimePod> {
    const runtime = await this.#parts.runtime.pod(this.#pod.metadata.uid)
    const podIP = addressesOf(this.#parts, this.#pod)[0] ?? ''
    const wasReady = new Set(
      [...(this.#status.containerStatuses ?? []), ...(this.#status.initContainerStatuses ?? [])]
        .filter(({ ready }) => ready)
        .map(({ containerID }) => containerID),
    )
    if (!this.#ending) this.#prober.update(this.#pod, runtime, podIP, id => wasReady.has(containerIdOf(id)))
    return runtime
  }

  #checkDeadline(): void {
    const { activeDeadlineSeconds } = this.#pod.spec
    if (activeDeadlineSeconds === undefined || !this.#status.startTime || this.#ending) return
    const leftMs = Date.parse(this.#status.startTime) + activeDeadlineSeconds * 1000 - this.#parts.clock.now()
    if (leftMs > 0) return this.#wakeIn(leftMs)
    const message = 'Pod was active on the node longer than the specified deadline'
    this.#parts.recorder.event(podReference(this.#pod), 'Normal', 'DeadlineExceeded', message)
    this.#verdict = { reason: 'DeadlineExceeded', message }
    this.#alive.abort(new Error('DeadlineExceeded'))
  }

  async #act(runtime: RuntimePod, actions: Actions): Promise<void> {
    const podIP = addressesOf(this.#parts, this.#pod)[0] ?? ''
    if (actions.createSandbox) {
      await this.#newSandbox(runtime, actions.sandboxAttempt)
      const now = await this.#observe()
      return this.#act(now, computeActions(this.#pod, now, this.#prober))
    }
    for (const { container, spec, reason } of actions.kill) {
      const graceSeconds =
        spec?.livenessProbe?.terminationGracePeriodSeconds ??
        this.#pod.spec.terminationGracePeriodSeconds ??
        DEFAULT_GRACE_SECONDS
      const message = `${reason}, will be restarted`
      await killContainer(this.#parts, this.#pod, container, { graceSeconds, message, podIP })
    }
    if (await this.#resizer.actuate(this.#pod, runtime, podIP)) this.#wanted = true
    if (actions.kill.length > 0) this.#wanted = true
    const [sandbox] = runtime.sandboxes
    if (actions.start.length === 0 || !sandbox) return
    if (!this.#volumes.current && !(await this.#prepareVolumes())) return
    const podIPs = addressesOf(this.#parts, this.#pod)
    if (actions.kill.length > 0 || runtime.containers.length > 0) await writeNameFiles(this.#parts, this.#pod, podIPs)
    for (const container of actions.start) {
      if (this.#alive.signal.aborted) return
      await this.#start(container, runtime, sandbox.id, podIPs)
    }
  }

  /** Volumes are prepared and images looked for while the sandbox starts. */
  async #newSandbox(runtime: RuntimePod, attempt: number): Promise<void> {
    const { recorder } = this.#parts
    const podIP = addressesOf(this.#parts, this.#pod)[0] ?? ''
    if (runtime.sandboxes.length > 0) {
      recorder.event(
        podReference(this.#pod),
        'Normal',
        'SandboxChanged',
        'Pod sandbox changed, it will be killed and re-created.',
      )
      await killPod(this.#parts, this.#pod, runtime, { graceSeconds: 2, podIP })
      for (const { id } of runtime.sandboxes) await this.#parts.runtime.remove(id)
    } else if (runtime.containers.some(({ state }) => state === 'running')) {
      // The sandbox was removed under them: their network is gone.
      await killPod(this.#parts, this.#pod, runtime, { graceSeconds: 2, podIP })
    }
    const needsAddress = JSON.stringify(this.#pod.spec.volumes ?? []).includes('status.podIP')
    const [sandbox] = await Promise.allSettled([
      createSandbox(this.#parts, this.#pod, attempt),
      needsAddress ? undefined : this.#prepareVolumes(),
    ])
    if (sandbox.status === 'rejected') {
      const message = `Failed to create pod sandbox: ${(sandbox.reason as Error).message}`
      recorder.event(podReference(this.#pod), 'Warning', 'FailedCreatePodSandBox', message)
      throw sandbox.reason
    }
    await writeNameFiles(this.#parts, this.#pod, sandbox.value.podIPs)
  }

  async #prepareVolumes(): Promise<boolean> {
    if (await this.#volumes.prepare(this.#pod)) return true
    this.#failures++
    this.#wakeIn(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(this.#failures, 5)))
    return false
  }

  async #start(container: Container, runtime: RuntimePod, sandboxId: string, podIPs: readonly string[]): Promise<void> {
    const last = runtime.containers.find(({ name }) => name === container.name)
    const hold = this.#starts.hold(this.#pod, container, last)
    if (hold) {
      if (hold.waiting) this.#tellBackoff(container.name, hold.waiting)
      return this.#wakeIn(hold.waitMs)
    }
    const attempt = this.#nextAttempt(container.name, runtime)
    const volumes = this.#volumes.current ?? new Map()
    const { signal } = this.#alive
    const pod = this.#pod
    this.#starts.attempt(pod, container, last)
    try {
      await startContainer(this.#parts, { pod, container, runtime, sandboxId, podIPs, volumes, attempt, signal })
      this.#waiting.delete(container.name)
      this.#wanted = true
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      this.#waiting.set(container.name, { reason: error.reason, message: error.message })
      this.#wakeIn(this.#starts.failed(pod, container, last, error))
    }
  }

  #tellBackoff(name: string, waiting: WaitReason): void {
    const message = `Back-off restarting failed container=${name} pod=${describePod(this.#pod)}`
    this.#parts.recorder.event(containerReference(this.#pod, name), 'Warning', 'BackOff', message)
    this.#waiting.set(name, waiting)
  }

  /** One more than any attempt that is known, also of containers that were removed behind our back. */
  #nextAttempt(name: string, runtime: RuntimePod): number {
    const known = runtime.containers.filter(container => container.name === name).map(({ attempt }) => attempt)
    const statuses = [...(this.#status.containerStatuses ?? []), ...(this.#status.initContainerStatuses ?? [])]
    const before = statuses.find(status => status.name === name)
    if (before?.containerID) known.push(before.restartCount)
    return known.length === 0 ? 0 : Math.max(...known) + 1
  }

  async #report(runtime: RuntimePod, ending = this.#ending): Promise<void> {
    const { node, clock } = this.#parts
    for (const { name } of allContainers(this.#pod))
      if (runtime.containers.find(container => container.name === name)?.state === 'running') this.#waiting.delete(name)
    this.#status = podStatusOf({
      pod: this.#pod,
      previous: this.#status,
      runtime,
      waiting: this.#waiting,
      terminationMessages: await this.#messages.of(runtime),
      users: await this.#users.of(runtime),
      resize: this.#resizer.conditions(this.#pod, runtime),
      nodeLimits: nodeLimitsOf(this.#parts),
      probes: this.#prober,
      podIPs: addressesOf(this.#parts, this.#pod),
      hostIP: node.nodeIP,
      verdict: this.#verdict,
      ending,
      nowMs: clock.now(),
    })
    if (!this.#removed) this.#writer.set(this.#status)
  }

  /** Keeps the newest container of each name and the one before it, for its logs. */
  async #removeOld(runtime: RuntimePod): Promise<void> {
    const seen = new Map<string, number>()
    for (const { name, id, state } of runtime.containers) {
      const count = (seen.get(name) ?? 0) + 1
      seen.set(name, count)
      if (count > 2 && state !== 'running') await this.#parts.runtime.remove(id)
    }
    for (const { id, state } of runtime.sandboxes.slice(1))
      if (state !== 'running') await this.#parts.runtime.remove(id)
  }

  /** Everything stops; a pod that is being deleted is then removed from the node and from the API. */
  async #endPod(observed: RuntimePod): Promise<void> {
    const { runtime, network, client, images, tokens, backoff, tools, dataDir } = this.#parts
    const { uid, namespace, name } = this.#pod.metadata
    this.#prober.stop(['startup', 'liveness'])
    const podIP = addressesOf(this.#parts, this.#pod)[0] ?? ''
    const grace =
      this.#graceSeconds ??
      this.#verdict?.graceSeconds ??
      this.#pod.spec.terminationGracePeriodSeconds ??
      DEFAULT_GRACE_SECONDS
    await this.#report(observed, true)
    if (observed.containers.some(({ state }) => state === 'running'))
      await killPod(this.#parts, this.#pod, observed, { graceSeconds: grace, podIP })
    this.#prober.stop()
    const ended = await runtime.pod(uid)
    for (const { id } of ended.sandboxes) await runtime.remove(id)
    await this.#report({ ...ended, sandboxes: [] }, true)
    if (!this.#pod.spec.hostNetwork) {
      await network.hostPorts(uid, podIP, [])
      await network.podNetwork.tearDown(uid)
    }
    if (this.#graceSeconds === undefined) return
    await this.#writer.flushed()
    for (const { id } of ended.containers) await runtime.remove(id)
    await removeVolumes({ podDir: podDirOf(dataDir, uid), tools })
    images.forget(uid)
    tokens.forget(uid)
    this.#parts.probeCounts.forget(uid)
    backoff.forget(`${uid}/`)
    if (!this.#removed && !isStatic(this.#pod)) {
      try {
        await client.delete(PodType, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
      } catch (error) {
        if (!isNotFound(error) && (error as { code?: number }).code !== 409) throw error
      }
    }
    // With finalizers the object stays until others have done their part; nothing is left to do here either way.
    this.#onGone()
  }
}
