// One pod, one loop: looks at what the API wants and what the runtime has, does what is missing, reports. Whatever
// happens — an update, a container's death, a probe's verdict, a timer — only wakes the loop; passes never overlap.
import type { Pod, PodStatus } from '../../shared/api/core/v1.ts'
import { countable } from '../../shared/machinery/seconds.ts'
import type { WaitingResize } from './admission/resize-order.ts'
import { type KubeletParts, nodeIPsOf, nodeLimitsOf } from './parts.ts'
import { podReference } from './references.ts'
import { Prober } from './probes/prober.ts'
import type { RuntimeEvent, RuntimePod } from './runtime/contract.ts'
import { describePod } from './spec/containers.ts'
import { graceSecondsOf } from './spec/grace.ts'
import { containerIdOf } from './status/container-status.ts'
import { isStatic } from './static/manifests.ts'
import type { PassKind } from './stats/work-times.ts'
import { ContainerUsers } from './status/container-users.ts'
import { isOwnEcho } from './status/own-echo.ts'
import { podStatusOf } from './status/pod-status.ts'
import { StatusWriter } from './status/status-writer.ts'
import { type Actions, computeActions, isSomething } from './sync/actions.ts'
import { removeOldAttempts } from './sync/attempts.ts'
import { deleteFromApi, emptyPod, forgetPod, releasePod, stopContainers, stopSandboxes } from './sync/end-pod.ts'
import { hasten, killContainer } from './sync/kill.ts'
import { type ReplaceSandbox, replaceSandbox } from './sync/replace-sandbox.ts'
import { addressesOf, writeNameFiles } from './sync/sandbox.ts'
import { PodObserver } from './sync/pod-observer.ts'
import { PodVolumes } from './sync/pod-volumes.ts'
import { type NodeRoom, Resizer } from './sync/resizer.ts'
import { SideReports } from './sync/side-reports.ts'
import { ContainerStarter } from './sync/container-starter.ts'
import { TerminationMessages } from './sync/termination-message.ts'
import { WakeLoop } from './sync/wake-loop.ts'

/** Of a pod that is ended at once. */
const MIN_GRACE_SECONDS = 1
const VOLUMES_RETRY_MS = 4_000
/** What a resize waits for may come without an event: a pod that ends, a limit that the kernel takes later. */
const RESIZE_RETRY_MS = 30_000

export interface Verdict {
  readonly reason: string
  readonly message: string
  /** Undefined = the pod's own. */
  readonly graceSeconds?: number
  /** Told as the message of the condition DisruptionTarget. */
  readonly disruption?: string
}

export interface PodWorkerOptions {
  readonly parts: KubeletParts
  readonly pod: Pod
  /** The pod is over and nothing of it is left on this node. */
  readonly onGone: () => void
  readonly random?: () => number
  readonly room: NodeRoom
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
  readonly #users = new ContainerUsers()
  readonly #resizer: Resizer
  readonly #starter: ContainerStarter
  readonly #volumes: PodVolumes
  readonly #observer: PodObserver
  readonly #loop: WakeLoop
  /** Readiness goes on while containers stop. */
  readonly #sideReports: SideReports
  /** As the API has it. */
  #wantedPod: Pod
  /** With the resources that are set aside for it. */
  #pod: Pod
  #status: PodStatus
  /** Set once the API no longer has the pod. */
  #removed = false
  #graceSeconds: number | undefined
  /** What the containers that stop now were given for it. */
  #granted: number | undefined
  /** Aborted when a grace period that was given later is over. */
  readonly #cut = new AbortController()
  /** Of the sandbox that was made and connected here. */
  #sandboxId: string | undefined
  /** Why none could be made, the last time that it was tried. */
  #sandboxProblem: string | undefined
  #verdict: Verdict | undefined
  /** Set while the pod rests: its containers are stopped, to be started again when the machine is back. */
  #restSeconds: number | undefined
  /** Monotonic: when it was seen first; undefined once it has run. */
  #seenMs: number | undefined
  /** Of the pass that comes or is under way. */
  #isFirst = true
  #isChanged = false
  /** Waiting for the pod to have stopped. */
  readonly #onStopped: (() => void)[] = []

  constructor({ parts, pod, onGone, random = Math.random, room }: PodWorkerOptions) {
    this.#parts = parts
    this.#pod = pod
    this.#wantedPod = pod
    this.#status = pod.status
    this.#onGone = onGone
    const { runtime, recorder, clock, client, probeCounts, times, log } = parts
    this.#seenMs = pod.status.phase === 'Running' ? undefined : clock.monotonic()
    this.#prober = new Prober(pod, {
      runtime,
      recorder,
      clock,
      random,
      onChange: () => {
        if (!this.#sideReports.tell()) this.wake()
      },
      onResult: (container, kind, healthy) => probeCounts.count(pod, container, kind, healthy),
    })
    const notWritten = (error: unknown) =>
      log.debug({ pod: describePod(this.#pod), error: String(error) }, 'status not written')
    this.#sideReports = new SideReports(notWritten)
    this.#observer = new PodObserver(runtime, pod.metadata.uid)
    this.#messages = new TerminationMessages(runtime)
    this.#resizer = new Resizer(pod, parts, room)
    this.#loop = new WakeLoop({
      pass: () =>
        times.pass(
          () => this.#passKind(),
          () => this.#sync(),
        ),
      hasNews: () => this.#observer.hasNews,
      onError: error => log.warn({ pod: describePod(this.#pod), error: String(error) }, 'pod not in sync'),
      clock,
    })
    this.#volumes = new PodVolumes(parts, this.#loop, this.#alive.signal)
    this.#starter = new ContainerStarter(parts, this.#loop, this.#alive.signal)
    this.#writer = new StatusWriter(
      pod,
      {
        client,
        clock,
        signal: this.#stop.signal,
        onError: notWritten,
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

  /** A resize of the pod that waits for room. */
  get waitingResize(): WaitingResize | undefined {
    return this.#ending ? undefined : this.#resizer.waiting
  }

  /** The API's object changed. */
  update(pod: Pod): void {
    const isNews = !isOwnEcho(this.#wantedPod, pod)
    this.#takeUp(pod)
    if (!isStatic(pod)) this.#writer.seen(pod)
    this.#noteEnding()
    if (!isNews) return
    this.#isChanged = true
    this.wake()
  }

  /** Whether the API no longer has the pod. */
  get isRemoved(): boolean {
    return this.#removed
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

  /** Stops the containers for now. Nothing is told to the API: the pod is not over. */
  rest(graceSeconds: number): void {
    this.#restSeconds = graceSeconds
    this.#alive.abort(new Error('the machine shuts down'))
    this.wake()
  }

  /** Resolves when nothing of the pod runs any more. */
  stopped(): Promise<void> {
    return new Promise(resolve => this.#onStopped.push(resolve))
  }

  /** Resolves when the API has the status of now, or can no longer take it. */
  told(): Promise<void> {
    return this.#writer.flushed()
  }

  #tellStopped(): void {
    for (const resolve of this.#onStopped.splice(0)) resolve()
  }

  /** Asks for a pass; returns at once. */
  wake(): void {
    this.#loop.wake()
  }
  /** The runtime tells that something happened to the pod's containers. */
  nudge(event: RuntimeEvent): void {
    this.#observer.note(event)
    this.#loop.nudge()
  }

  /** Stops looking after the pod; its containers run on. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('the agent stops'))
    this.#alive.abort(new Error('the agent stops'))
    this.#prober.stop()
    await this.#loop.close()
  }

  /** A pod that is being deleted ends within its grace period, which may be shortened while it runs. */
  #noteEnding(): void {
    const { deletionTimestamp, deletionGracePeriodSeconds } = this.#pod.metadata
    if (!deletionTimestamp && !this.#removed) return
    const wanted = countable(deletionGracePeriodSeconds ?? graceSecondsOf(this.#pod))
    const before = this.#graceSeconds ?? this.#granted
    this.#graceSeconds = Math.min(before ?? wanted, wanted)
    this.#alive.abort(new Error('the pod is being deleted'))
    if (before === undefined || this.#graceSeconds >= before) return
    hasten(this.#parts, this.#pod, this.#graceSeconds, this.#cut)
  }

  get #ending(): boolean {
    return this.#graceSeconds !== undefined || this.#verdict !== undefined || this.isOver
  }
  get isOver(): boolean {
    return this.#status.phase === 'Succeeded' || this.#status.phase === 'Failed'
  }

  /** What the pass that ends was for, as upstream names it. */
  #passKind(): PassKind {
    const kind = this.#ending ? 'kill' : this.#isFirst ? 'create' : this.#isChanged ? 'update' : 'sync'
    this.#isFirst = this.#isChanged = false
    return kind
  }

  async #sync(): Promise<void> {
    this.#checkDeadline()
    let runtime = await this.#observe()
    if (this.#ending) return this.#endPod(runtime)
    if (this.#restSeconds !== undefined) {
      const { sandboxes } = await stopContainers(this.#parts, this.#pod, runtime, {
        graceSeconds: this.#restSeconds,
      })
      await stopSandboxes(this.#parts, this.#pod, sandboxes)
      return this.#tellStopped()
    }
    this.#pod = this.#resizer.resize(this.#wantedPod, runtime)
    const actions = computeActions(this.#pod, runtime, this.#prober, this.#sandboxId)
    await this.#report(runtime, actions.endPod)
    if (actions.endPod) return this.#endPod(runtime)
    if (isSomething(actions) || this.#resizer.isInProgress) {
      await this.#act(runtime, actions)
      runtime = await this.#observe()
      await this.#report(runtime)
    }
    await removeOldAttempts(this.#parts.runtime, runtime)
    if (runtime.containers.some(({ state }) => state === 'running')) this.#volumes.keepCurrent(this.#pod)
    if (this.#resizer.isWaiting) this.#loop.wakeIn(RESIZE_RETRY_MS)
    const deadlineMs = this.#deadlineMs
    if (deadlineMs !== undefined) this.#loop.wakeIn(Math.max(0, deadlineMs))
  }

  async #observe(): Promise<RuntimePod> {
    const runtime = await this.#observer.look()
    const podIP = addressesOf(this.#parts, this.#pod)[0] ?? ''
    const wasReady = new Set(
      [...(this.#status.containerStatuses ?? []), ...(this.#status.initContainerStatuses ?? [])]
        .filter(({ ready }) => ready)
        .map(({ containerID }) => containerID),
    )
    if (!this.#ending) this.#prober.update(this.#pod, runtime, podIP, id => wasReady.has(containerIdOf(id)))
    return runtime
  }

  /** Until the pod has run as long as it may; undefined where it may run on. */
  get #deadlineMs(): number | undefined {
    const { activeDeadlineSeconds } = this.#pod.spec
    if (activeDeadlineSeconds === undefined || !this.#status.startTime || this.#ending) return undefined
    return Date.parse(this.#status.startTime) + activeDeadlineSeconds * 1000 - this.#parts.clock.now()
  }

  #checkDeadline(): void {
    if ((this.#deadlineMs ?? 1) > 0) return
    const message = 'Pod was active on the node longer than the specified deadline'
    this.#parts.recorder.event(podReference(this.#pod), 'Normal', 'DeadlineExceeded', message)
    this.#verdict = { reason: 'DeadlineExceeded', message }
    this.#alive.abort(new Error('DeadlineExceeded'))
  }

  async #act(runtime: RuntimePod, actions: Actions): Promise<void> {
    const podIP = addressesOf(this.#parts, this.#pod)[0] ?? ''
    if (actions.createSandbox) return this.#startOver(runtime, actions.sandboxAttempt)
    for (const { container, message, graceSeconds: grace } of actions.kill) {
      const graceSeconds = countable(grace ?? graceSecondsOf(this.#pod))
      this.#granted = graceSeconds
      await killContainer(this.#parts, this.#pod, container, { graceSeconds, message, podIP, cut: this.#cut.signal })
      this.#granted = undefined
    }
    if (await this.#resizer.actuate(this.#pod, runtime, podIP)) this.#loop.wake()
    if (actions.kill.length > 0) this.#loop.wake()
    if (actions.start.length === 0) return
    const now = actions.kill.length > 0 ? await this.#observe() : runtime
    const [sandbox] = now.sandboxes
    if (!sandbox) return
    if (!this.#volumes.has(this.#pod) && !(await this.#prepareVolumes())) return
    const podIPs = addressesOf(this.#parts, this.#pod)
    if (actions.kill.length > 0 || runtime.containers.some(({ state }) => state !== 'created'))
      await writeNameFiles(this.#parts, this.#pod, podIPs)
    for (const container of actions.start) {
      if (this.#alive.signal.aborted) return
      const volumes = this.#volumes.current ?? new Map()
      const pod = this.#pod
      const input = { pod, container, runtime: now, sandboxId: sandbox.id, podIPs, volumes }
      await this.#starter.start(input, this.#status)
    }
  }

  /** Makes a sandbox, and starts in it what may be started. */
  async #startOver(runtime: RuntimePod, attempt: number): Promise<void> {
    const { ahead } = this.#starter
    const prepareVolumes = async () => ((await this.#prepareVolumes()) ? this.#volumes.current : undefined)
    try {
      await ahead.drop() // a sandbox that ended at once had it made
      const [pod, status] = [this.#pod, this.#status]
      const now = await this.#newSandbox({ pod, runtime, status, attempt, prepareVolumes, ahead })
      await this.#act(now, computeActions(this.#pod, now, this.#prober, this.#sandboxId))
    } finally {
      await ahead.drop()
    }
  }

  async #newSandbox(wanted: ReplaceSandbox): Promise<RuntimePod> {
    try {
      const now = await replaceSandbox(this.#parts, wanted)
      this.#sandboxId = now.sandboxes[0]?.id
      this.#sandboxProblem = undefined
      return now
    } catch (error) {
      // Reported by the pass that tries again.
      this.#sandboxProblem = (error as Error).message
      throw error
    }
  }

  async #prepareVolumes(): Promise<boolean> {
    if ((await this.#prepareDevices()) && (await this.#volumes.prepare(this.#pod))) return true
    this.#loop.wakeIn(VOLUMES_RETRY_MS)
    return false
  }

  async #prepareDevices(): Promise<boolean> {
    try {
      await this.#parts.claims.prepare(this.#pod)
      return true
    } catch (error) {
      const message = `Failed to prepare dynamic resources: prepare dynamic resources: ${(error as Error).message}`
      this.#parts.recorder.event(podReference(this.#pod), 'Warning', 'FailedPrepareDynamicResources', message)
      return false
    }
  }

  async #report(runtime: RuntimePod, ending = this.#ending): Promise<void> {
    const { node, clock, terminations, times } = this.#parts
    const before = this.#status
    const status = podStatusOf({
      pod: this.#pod,
      previous: before,
      runtime,
      sandboxProblem: this.#sandboxProblem,
      waiting: new Map([...this.#volumes.waiting(this.#pod), ...this.#starter.waiting(this.#pod, runtime)]),
      terminationMessages: await this.#messages.of(runtime),
      users: await this.#users.of(runtime),
      resize: this.#resizer.conditions(this.#pod, runtime),
      nodeLimits: nodeLimitsOf(this.#parts),
      recursiveReadOnlyMounts: this.#parts.recursiveReadOnlyMounts,
      probes: this.#prober,
      podIPs: addressesOf(this.#parts, this.#pod),
      hostIPs: nodeIPsOf(node),
      verdict: this.#verdict,
      ending,
      nowMs: clock.now(),
    })
    this.#status = this.#withDevices(status)
    terminations.observe(before, this.#status)
    if (this.#seenMs !== undefined && this.#status.phase === 'Running') {
      times.podRuns(this.#seenMs)
      this.#seenMs = undefined
    }
    if (!this.#removed) this.#writer.set(this.#status)
  }

  #withDevices(status: PodStatus): PodStatus {
    const { containerStatuses } = status
    if (!containerStatuses) return status
    const { devices, claims } = this.#parts
    const ofPlugins = devices.withHealth(this.#pod, containerStatuses)
    return { ...status, containerStatuses: claims.withHealth(this.#pod, ofPlugins) }
  }

  /** Everything stops; a pod that is being deleted is then removed from the node and from the API. */
  async #endPod(observed: RuntimePod): Promise<void> {
    this.#alive.abort(new Error('the pod is over'))
    this.#prober.stop(['startup', 'liveness'])
    using _ = this.#parts.removals.hold()
    const given = this.#graceSeconds ?? this.#verdict?.graceSeconds ?? graceSecondsOf(this.#pod)
    const graceSeconds = (this.#granted = Math.max(MIN_GRACE_SECONDS, given))
    await this.#report(observed, true)
    const ended = await this.#sideReports.during(
      () => this.#report(observed, true),
      () => stopContainers(this.#parts, this.#pod, observed, { graceSeconds, cut: this.#cut.signal }),
    )
    this.#prober.stop()
    await this.#report({ ...ended, sandboxes: [] }, true)
    await releasePod(this.#parts, this.#pod, ended)
    this.#tellStopped()
    if (this.#graceSeconds === undefined) return emptyPod(this.#parts, { ...this.#pod, status: this.#status }, ended)
    await this.#writer.flushed()
    await forgetPod(this.#parts, this.#pod, ended)
    if (!this.#removed && !isStatic(this.#pod)) await deleteFromApi(this.#parts, this.#pod)
    // With finalizers the object stays until others have done their part; nothing is left to do here either way.
    this.#onGone()
  }
}
