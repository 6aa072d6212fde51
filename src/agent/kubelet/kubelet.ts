// The kubelet: one worker per pod that the API assigns to this node, woken by the API's watch and the runtime's events.
import { Pod } from '../../shared/api/core/v1.ts'
import { Informer } from '../../shared/client/informer.ts'
import { keyOf } from '../../shared/client/object-key.ts'
import { Serialised } from '../network/serialised.ts'
import { Checkpoints } from './checkpoints.ts'
import { type Rejection, rejectionOf } from './admission/admit.ts'
import { type Shortage, shortageOf, shortagesOf } from './admission/fit.ts'
import { type WaitingResize, besideResizes } from './admission/resize-order.ts'
import { victimsOf } from './admission/preemption.ts'
import { Orphans } from './orphans.ts'
import { type KubeletParts, clearOptions } from './parts.ts'
import { podDirOf } from './pod-dir.ts'
import { podReference } from './references.ts'
import { PodWorker } from './pod-worker.ts'
import { describePod } from './spec/containers.ts'
import { isCritical } from './spec/critical.ts'
import { EVICTED, removeDead } from './sync/end-pod.ts'
import { type ClaimVolume, claimVolumes } from './stats/claim-volumes.ts'
import { type PodDiskUsage, podDiskUsage } from './stats/disk-usage.ts'
import { fromApi, isMirror, isMirrorOf, isStatic, readManifests } from './static/manifests.ts'
import { MirrorPods } from './static/mirror-pods.ts'
import { removeVolumes } from './volumes/volumes.ts'

/** How often all of the runtime's containers are looked at: a safety net under its events. */
const RELIST_MS = 30_000

export class Kubelet implements AsyncDisposable {
  readonly #parts: KubeletParts
  readonly #stop = new AbortController()
  readonly #workers = new Map<string, PodWorker>()
  /** Ended pods whose objects the API still has. */
  readonly #finished = new Set<string>()
  readonly #checkpoints: Checkpoints
  readonly #informer: Informer<Pod>
  readonly #mirrors: MirrorPods
  readonly #orphans: Orphans
  readonly #orphanedVolumes = new Serialised(() => this.#releaseOrphanedVolumes())
  /** Critical pods get room one after the other, so that none counts on what another one frees. */
  #room: Promise<void> = Promise.resolve()
  /** As the manifests have them now. */
  #static: readonly Pod[] = []
  #cancelManifests: () => void = () => undefined
  readonly #tasks: Promise<void>[] = []
  #cancelRelist: () => void = () => undefined
  /** By uid: what the runtime had of each pod at the last look. */
  #outlines: ReadonlyMap<string, string> = new Map()

  constructor(parts: KubeletParts) {
    this.#parts = parts
    this.#checkpoints = new Checkpoints(parts.dataDir)
    this.#informer = new Informer(parts.client, Pod, {
      fieldSelector: `spec.nodeName=${parts.node.nodeName}`,
      clock: parts.clock,
      onError: error => parts.log.debug({ error: String(error) }, 'watch of pods interrupted'),
    })
    this.#mirrors = new MirrorPods({
      client: parts.client,
      lister: this.#informer.lister,
      node: parts.nodeReference,
      log: parts.log,
    })
    const { runtime, cgroups, network, log } = parts
    this.#orphans = new Orphans({
      runtime,
      cgroups,
      podNetwork: network.podNetwork,
      removeVolumes: uid => removeVolumes(clearOptions(parts, uid)),
      isKnown: uid => this.#isKnown(uid),
      signal: this.#stop.signal,
      log,
    })
  }

  /** Pods on this node, as last reported. */
  get pods(): readonly Pod[] {
    return [...this.#workers.values()].map(worker => ({ ...worker.pod, status: worker.status }))
  }

  diskUsage(pod: Pod): Promise<PodDiskUsage> {
    const { runtime, dataDir } = this.#parts
    return podDiskUsage(pod, podDirOf(dataDir, pod.metadata.uid), runtime)
  }

  claimVolumes(pod: Pod): Promise<ClaimVolume[]> {
    const { objects, dataDir, csi } = this.#parts
    return claimVolumes(pod, { podDir: podDirOf(dataDir, pod.metadata.uid), source: objects, csi })
  }

  /** Removes what pods that are over left of their containers. */
  async freeDisk(): Promise<void> {
    for (const { isOver, pod } of this.#workers.values()) if (isOver) await removeDead(this.#parts, pod)
  }

  /** Ends a pod to save the node. */
  evict(pod: Pod, message: string, graceSeconds: number): void {
    this.#parts.recorder.event(podReference(pod), 'Warning', EVICTED, message)
    const worker = this.#workers.get(pod.metadata.uid)
    if (!worker) return
    // An agent that starts before the API server could be told would start the pod again.
    if (!isStatic(pod))
      void worker.stopped().then(() => this.#checkpoints.save({ ...worker.pod, status: worker.status }))
    worker.end({ reason: EVICTED, message, graceSeconds, disruption: message })
  }

  /**
   * Ends a pod because the machine shuts down. Its controller makes another one; a pod that the API cannot be told about
   * would be lost to everybody, so that it rests instead and comes back with the machine.
   */
  async endForShutdown(pod: Pod, graceSeconds: number, isApiThere: boolean): Promise<void> {
    const worker = this.#workers.get(pod.metadata.uid)
    if (!worker) return
    const stopped = worker.stopped()
    const message = 'Pod was terminated in response to imminent node shutdown.'
    if (isApiThere) worker.end({ reason: 'Terminated', message, graceSeconds, disruption: message })
    else worker.rest(graceSeconds)
    await stopped
    if (isApiThere) await worker.told()
    if (!isApiThere || isStatic(pod)) return
    this.#checkpoints.save({ ...worker.pod, status: worker.status })
    await this.#checkpoints.flushed()
    await this.#parts.logLinks.settled()
  }

  pod(namespace: string, name: string): Pod | undefined {
    return this.pods.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  }

  /** Starts with the pods of the last run, so that nothing waits for the API server; resolves when they are taken up. */
  async start(): Promise<void> {
    const { signal } = this.#stop
    for (const pod of await this.#checkpoints.load()) this.#upsert(fromApi(pod))
    await this.#readManifests()
    this.#informer.on({
      added: pod => this.#fromApi(pod),
      updated: pod => this.#fromApi(pod),
      deleted: pod => (isMirror(pod) ? this.#syncMirrors() : this.#deleted(fromApi(pod))),
    })
    this.#tasks.push(this.#informer.start(signal), this.#followRuntime(signal))
    void this.#informer.synced().then(
      () => this.#onFirstList(),
      () => undefined, // stopped before the API server answered
    )
    this.#relistLater()
    this.#readManifestsLater()
  }

  #fromApi(pod: Pod): void {
    if (!isMirror(pod)) return this.#upsert(fromApi(pod))
    this.#syncMirrors()
    for (const worker of this.#workers.values()) if (isMirrorOf(pod, worker.pod)) worker.resendStatus()
  }

  #upsert(pod: Pod): void {
    const { uid } = pod.metadata
    if (this.#finished.has(uid)) return
    const worker = this.#workers.get(uid)
    // What ended here is over, whatever the API server knows of it by now.
    const status = worker?.isOver ? worker.status : pod.status
    if (!isStatic(pod)) this.#checkpoints.save({ ...pod, status })
    if (worker) return worker.update(pod)
    const isNew = pod.status.startTime === undefined && !pod.metadata.deletionTimestamp
    const rejection = isNew ? rejectionOf(pod, this.#others(uid), this.#parts.nodeFacts()) : undefined
    const created = new PodWorker({
      parts: this.#parts,
      pod,
      onGone: () => this.#gone(uid),
      room: {
        shortage: resize => this.#shortageFor(uid, resize),
        resized: () => this.#wakeWaiting(uid),
      },
    })
    this.#workers.set(uid, created)
    if (rejection?.reason === 'NodeAffinity') void this.#judgeAgain(created)
    else if (isNew) this.#carryOut(created, rejection)
    else created.wake()
  }

  #shortageFor(uid: string, resize: WaitingResize): Shortage | undefined {
    const { allocatable } = this.#parts
    const waiting = this.#alive.flatMap(({ pod, waitingResize }) =>
      pod.metadata.uid !== uid && waitingResize ? [waitingResize] : [],
    )
    return shortageOf(resize.wanted, besideResizes(resize, waiting, this.#others(uid), allocatable), allocatable)
  }

  #wakeWaiting(uid: string): void {
    for (const worker of this.#alive) if (worker.pod.metadata.uid !== uid && worker.waitingResize) worker.wake()
  }

  #carryOut(worker: PodWorker, rejection: Rejection | undefined): void {
    if (!rejection && this.#parts.devices.concerns(worker.pod)) void this.#giveDevices(worker)
    else if (!rejection) worker.wake()
    else if (rejection.isShortage && isCritical(worker.pod)) this.#room = this.#room.then(() => this.#makeRoom(worker))
    else this.#reject(worker, rejection)
  }

  /** Before anything of the pod starts. */
  async #giveDevices(worker: PodWorker): Promise<void> {
    try {
      await this.#parts.devices.allocate(worker.pod)
    } catch (error) {
      return this.#reject(worker, unexpected(`Allocate failed due to ${(error as Error).message}, which is unexpected`))
    }
    worker.wake()
  }

  /** Ends pods that matter less; they are gone when the critical pod starts. */
  async #makeRoom(worker: PodWorker): Promise<void> {
    const { pod } = worker
    const others = this.#others(pod.metadata.uid)
    try {
      const victims = victimsOf(pod, others, shortagesOf(pod, others, this.#parts.nodeFacts().allocatable))
      await Promise.all(victims.map(victim => this.#preempt(victim)))
    } catch (error) {
      const why = `preemption: error finding a set of pods to preempt: ${(error as Error).message}`
      return this.#reject(
        worker,
        unexpected(`Unexpected error while attempting to recover from admission failure: ${why}`),
      )
    }
    if (this.#parts.devices.concerns(pod)) await this.#giveDevices(worker)
    else worker.wake()
  }

  async #preempt({ metadata: { uid } }: Pod): Promise<void> {
    const worker = this.#workers.get(uid)
    if (!worker) return
    const stopped = worker.stopped()
    const message = 'Preempted in order to admit critical pod'
    this.#parts.recorder.event(podReference(worker.pod), 'Warning', 'Preempting', message)
    const disruption = 'Pod was preempted by Kubelet to accommodate a critical pod.'
    worker.end({ reason: 'Preempting', message, disruption })
    await stopped
  }

  /** The node may have been labelled a moment ago. */
  async #judgeAgain(worker: PodWorker): Promise<void> {
    await this.#parts.refreshNode()
    const { uid } = worker.pod.metadata
    if (this.#stop.signal.aborted || this.#workers.get(uid) !== worker) return
    this.#carryOut(worker, rejectionOf(worker.pod, this.#others(uid), this.#parts.nodeFacts()))
  }

  #reject(worker: PodWorker, { reason, message }: Rejection): void {
    this.#parts.recorder.event(podReference(worker.pod), 'Warning', reason, message)
    worker.end({ reason, message: `Pod was rejected: ${message}` })
  }

  /** Pods that have a claim on the node's resources: those that the API let go have none, also while they still stop. */
  #others(uid: string): Pod[] {
    return this.#alive.filter(({ pod, isRemoved }) => pod.metadata.uid !== uid && !isRemoved).map(({ pod }) => pod)
  }

  /** Pods that are not over. */
  get active(): Pod[] {
    return this.#alive.map(({ pod }) => pod)
  }

  get #alive(): PodWorker[] {
    return [...this.#workers.values()].filter(({ status: { phase } }) => phase !== 'Succeeded' && phase !== 'Failed')
  }

  /** Static pods follow their manifests; a changed one starts when the old one is gone. */
  async #readManifests(): Promise<void> {
    const { staticPodDir, node, log } = this.#parts
    this.#static = await readManifests(staticPodDir, node.nodeName, log)
    for (const worker of this.#workers.values()) {
      if (!isStatic(worker.pod)) continue
      const { uid } = worker.pod.metadata
      if (!this.#static.some(({ metadata }) => metadata.uid === uid)) worker.remove(worker.pod)
    }
    this.#startStatic()
  }

  #startStatic(): void {
    const taken = new Set([...this.#workers.values()].map(({ pod }) => keyOf(pod.metadata)))
    for (const pod of this.#static) if (!taken.has(keyOf(pod.metadata))) this.#upsert(pod)
    this.#syncMirrors()
  }

  #syncMirrors(): void {
    if (!this.#informer.hasSynced || this.#stop.signal.aborted) return
    void this.#mirrors.sync(this.#static.filter(({ metadata }) => this.#workers.has(metadata.uid)))
  }

  #readManifestsLater(): void {
    this.#cancelManifests = this.#parts.clock.after(this.#parts.manifestsMs, () => {
      void this.#readManifests().finally(() => this.#readManifestsLater())
    })
  }

  #deleted(pod: Pod): void {
    this.#finished.delete(pod.metadata.uid)
    this.#workers.get(pod.metadata.uid)?.remove(pod)
  }

  #gone(uid: string): void {
    const worker = this.#workers.get(uid)
    this.#workers.delete(uid)
    this.#checkpoints.remove(uid)
    if (worker && isStatic(worker.pod)) this.#startStatic()
    // What it had may let another be resized.
    this.#wakeAll()
    // Closed outside its own loop, which is calling this.
    queueMicrotask(() => void worker?.close())
    if (this.#informer.lister.list().some(({ metadata }) => metadata.uid === uid)) this.#finished.add(uid)
  }

  /** Now it is known which pods of the last run were deleted meanwhile. */
  #onFirstList(): void {
    const known = new Set(this.#informer.lister.list().map(({ metadata }) => metadata.uid))
    for (const [uid, worker] of this.#workers) if (!known.has(uid) && !isStatic(worker.pod)) worker.remove(worker.pod)
    this.#syncMirrors()
    this.#tasks.push(
      this.#orphans.remove().then(() => this.#removeLostLinks()),
      this.#parts.claims.reconcile(uid => this.#workers.has(uid)),
      this.#orphanedVolumes.run(),
    )
  }

  #isKnown(uid: string): boolean {
    return this.#workers.has(uid) || this.#parts.removals.has(uid)
  }

  #removeOrphans(): void {
    void this.#orphans.remove()
    void this.#orphanedVolumes.run()
    void this.#parts.claims.reconcile(uid => this.#workers.has(uid))
  }

  /** Volumes of drivers, of pods that went while neither the agent nor their containers were there. */
  async #releaseOrphanedVolumes(): Promise<void> {
    const { csi, log } = this.#parts
    for (const uid of csi.pods) {
      if (this.#stop.signal.aborted) return
      if (this.#isKnown(uid)) continue
      await removeVolumes(clearOptions(this.#parts, uid)).catch((error: unknown) =>
        log.warn({ uid, error: String(error) }, 'volumes of a pod that is gone not taken back'),
      )
    }
    await csi.unstageUnused()
  }

  /** Of pods that went while neither the agent nor their containers were there. */
  async #removeLostLinks(): Promise<void> {
    if (this.#stop.signal.aborted) return
    const { network, log } = this.#parts
    try {
      await network.podNetwork.retain(new Set(this.#workers.keys()))
    } catch (error) {
      log.warn({ error: String(error) }, 'the network of pods that are gone not removed')
    }
  }

  async #followRuntime(signal: AbortSignal): Promise<void> {
    for await (const event of this.#parts.runtime.events(signal, () => this.#wakeAll()))
      this.#workers.get(event.podUid)?.nudge(event)
  }

  /** @param uids of pods of which something is to be looked at again */
  wake(uids: ReadonlySet<string>): void {
    for (const uid of uids) this.#workers.get(uid)?.wake()
  }

  /** Volumes of pods may be had now, or taken back. */
  driverCame(): void {
    this.#wakeAll()
    if (this.#informer.hasSynced) void this.#orphanedVolumes.run()
  }

  #wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake()
  }

  #relistLater(): void {
    this.#cancelRelist = this.#parts.clock.after(RELIST_MS, () => {
      void this.#parts.times.relist(() => this.#relist())
      if (this.#informer.hasSynced) this.#removeOrphans()
      this.#relistLater()
    })
  }

  /** Wakes the pods whose containers came, went, started or ended since the last look, whatever events told. */
  async #relist(): Promise<void> {
    const found = await this.#parts.runtime.outlines().catch(() => undefined) // when it is back, all are woken
    if (!found || this.#stop.signal.aborted) return
    this.#parts.logLinks.sync(found)
    const outlines = new Map(found.map(outline => [outline.uid, JSON.stringify(outline)]))
    for (const [uid, worker] of this.#workers) if (outlines.get(uid) !== this.#outlines.get(uid)) worker.wake()
    this.#outlines = outlines
  }

  /** Stops looking after pods; their containers run on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the agent stops'))
    this.#cancelRelist()
    this.#cancelManifests()
    const pods = [...this.#workers.values()]
    await Promise.all(pods.map(worker => worker.close()))
    await Promise.all(this.#tasks)
    await this.#orphans.settled()
    await this.#orphanedVolumes.settled()
    await this.#checkpoints.flushed()
    this.#parts.log.debug({ pods: pods.map(({ pod }) => describePod(pod)) }, 'kubelet stopped')
  }
}

const unexpected = (message: string): Rejection => ({ reason: 'UnexpectedAdmissionError', message })
