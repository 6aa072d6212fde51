// What the kubelet needs of a container runtime. One implementation per engine; `docker/` is the first.
import type { Duplex, Readable } from 'node:stream'
import type { Pressures } from './pressure.ts'

/** A pod as the runtime sees it: everything that carries its uid, newest first. */
export interface RuntimePod {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  readonly sandboxes: readonly RuntimeContainer[]
  readonly containers: readonly RuntimeContainer[]
}

export interface RuntimeContainer {
  readonly id: string
  /** Name in the pod's spec; '' for a sandbox. */
  readonly name: string
  /** Counts from 0: how many containers of this name the pod had before. */
  readonly attempt: number
  /** Hash of the part of the spec that it was made of. */
  readonly specHash: string
  /** As in its `ContainerSpec`. */
  readonly runSinceMs?: number
  readonly state: 'created' | 'running' | 'exited'
  /** Of its first process, in the host's process namespace; 0 when not running. */
  readonly pid: number
  /** RFC 3339. */
  readonly createdAt: string
  /** RFC 3339; undefined before it started. */
  readonly startedAt?: string
  readonly finishedAt?: string
  readonly exitCode: number
  readonly oomKilled: boolean
  /** Why the runtime could not start it; '' if it could. */
  readonly startError: string
  /** As asked for in the spec. */
  readonly image: string
  /** `docker-pullable://name@sha256:…`, or the local id. */
  readonly imageId: string
  /** Host path of the file behind terminationMessagePath; '' if there is none. */
  readonly terminationMessageFile: string
  readonly fallbackToLogs: boolean
  /** What its cgroup was last set to. */
  readonly actual: Pick<ContainerLimits, 'cpuShares' | 'cpuQuota' | 'memoryBytes'>
}

export interface PodIdentity {
  readonly uid: string
  readonly name: string
  readonly namespace: string
}

/** What the runtime has of a pod, without the details. */
export interface PodOutline extends PodIdentity {
  readonly sandboxes: readonly Pick<RuntimeContainer, 'id' | 'state'>[]
  readonly containers: readonly Pick<RuntimeContainer, 'id' | 'name' | 'attempt' | 'state'>[]
}

export interface SandboxSpec {
  readonly pod: PodIdentity
  readonly attempt: number
  readonly hostname: string
  readonly hostNetwork: boolean
  readonly hostPID: boolean
  readonly hostIPC: boolean
  /** Whether app containers will join its process namespace, so that it is the parent of orphans. */
  readonly shareProcessNamespace: boolean
  readonly sysctls: Readonly<Record<string, string>>
  /** Cgroup that holds those of the pod's containers, as the engine's driver names it; undefined = the engine's own. */
  readonly cgroupParent?: string
  /** Of a RuntimeClass; undefined = the engine's default. */
  readonly handler?: string
}

export interface Mount {
  readonly hostPath: string
  readonly containerPath: string
  readonly readOnly: boolean
  /** Whether read-only reaches the mounts below it; only where the engine can. */
  readonly recursiveReadOnly?: boolean
  /** Undefined = private, or `rslave` where the engine takes nothing less. */
  readonly propagation?: 'rslave' | 'rshared'
}

export interface Device {
  readonly hostPath: string
  readonly containerPath: string
  /** Of `r`, `w`, `m`. */
  readonly permissions: string
}

export interface ContainerSpec {
  readonly pod: PodIdentity
  readonly name: string
  readonly attempt: number
  readonly specHash: string
  /** When the pod's run began that it belongs to, in milliseconds since the epoch; only where runs are told apart. */
  readonly runSinceMs?: number
  readonly sandboxId: string
  /** As in the pod's spec, for display. */
  readonly image: string
  /** What the runtime resolves: an image id from `findImage`. */
  readonly imageId: string
  /** Undefined = the image's own. */
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  /** `NAME=value` */
  readonly env: readonly string[]
  readonly workingDir?: string
  readonly mounts: readonly Mount[]
  readonly devices: readonly Device[]
  /** Devices that the engine finds itself, by the names that its own parts know. */
  readonly deviceRequests: readonly { readonly driver: 'cdi' | 'nvidia'; readonly ids: readonly string[] }[]
  /** For the engine's runtime. */
  readonly annotations: Readonly<Record<string, string>>
  readonly tty: boolean
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly terminationMessageFile: string
  readonly fallbackToLogs: boolean
  readonly stopSignal?: string
  readonly namespaces: ContainerNamespaces
  readonly resources: ContainerLimits
  readonly cgroupParent?: string
  readonly security: ContainerSecurity
  /** Of a RuntimeClass; undefined = the engine's default. */
  readonly handler?: string
}

export interface ContainerNamespaces {
  readonly network: 'sandbox' | 'host'
  readonly ipc: 'sandbox' | 'host'
  readonly pid: 'own' | 'host' | { readonly containerId: string }
}

export interface ContainerLimits {
  readonly cpuShares: number
  /** Microseconds per `cpuPeriod`; 0 = unlimited. */
  readonly cpuQuota: number
  /** Microseconds. */
  readonly cpuPeriod: number
  /** 0 = unlimited. */
  readonly memoryBytes: number
  /** 0 = unlimited. */
  readonly pids: number
  readonly oomScoreAdj: number
}

export interface ContainerSecurity {
  /** `uid`, `uid:gid` or undefined for the image's own. */
  readonly user?: string
  readonly supplementalGroups: readonly number[]
  readonly privileged: boolean
  readonly readOnlyRootFilesystem: boolean
  readonly noNewPrivileges: boolean
  readonly addCapabilities: readonly string[]
  readonly dropCapabilities: readonly string[]
  /** Docker's `seccomp=` value: `unconfined`, a JSON profile, or undefined for the engine's default. */
  readonly seccomp?: string
  readonly appArmor?: string
  readonly seLinux?: Readonly<Record<string, string>>
  readonly unmaskedProc: boolean
}

export interface RuntimeImage {
  readonly id: string
  readonly tags: readonly string[]
  readonly digests: readonly string[]
  readonly sizeBytes: number
  /** `User` of the image's config. */
  readonly user: string
}

export interface RegistryAuth {
  readonly username?: string
  readonly password?: string
  readonly identitytoken?: string
  readonly serveraddress?: string
}

export interface PullProgress {
  readonly doneBytes: number
  /** Of what is known so far. */
  readonly totalBytes: number
}

export interface LogQuery {
  readonly follow: boolean
  readonly timestamps: boolean
  /** Undefined = from the start. */
  readonly tailLines?: number
  /** Seconds since the epoch, with fraction. */
  readonly sinceSeconds?: number
  readonly signal?: AbortSignal
}

export interface ExecQuery {
  readonly command: readonly string[]
  readonly stdin: boolean
  readonly tty: boolean
}

/** A process's streams. With a terminal, everything comes on `stdout`. */
export interface ProcessStreams {
  /** Write side is the process's stdin. */
  readonly stdin: Duplex
  readonly stdout: Readable
  readonly stderr: Readable
  /** Columns and rows. */
  resize(width: number, height: number): Promise<void>
  /** Ends the streams; the process itself is not killed. */
  close(): void
}

export interface ExecSession extends ProcessStreams {
  /** Resolves when the process ended and its output was read. */
  exitCode(): Promise<number>
  /** Ends the process itself, if it runs still; nobody waits for its output any more. */
  kill(): Promise<void>
}

export interface ContainerStats {
  readonly cpuNanoseconds: number
  readonly memoryUsageBytes: number
  readonly memoryWorkingSetBytes: number
  readonly memoryRssBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
  /** Processes and threads. */
  readonly pids: number
}

/** Of one block device. */
export interface DiskTraffic {
  /** `/dev/sda` */
  readonly device: string
  readonly reads: number
  readonly readBytes: number
  readonly writes: number
  readonly writtenBytes: number
}

/** What is only read where somebody looks closely. */
export interface ContainerDetail {
  readonly cpuUserNanoseconds: number
  readonly cpuSystemNanoseconds: number
  /** Stretches of time that a limit of the processor was counted over. */
  readonly cpuPeriods: number
  readonly cpuThrottledPeriods: number
  readonly cpuThrottledNanoseconds: number
  /** Pages of files. */
  readonly memoryCacheBytes: number
  readonly memoryMappedBytes: number
  readonly memorySwapBytes: number
  /** How often its memory would have gone beyond its limit. */
  readonly memoryLimitHits: number
  readonly disks: readonly DiskTraffic[]
  /** Only with cgroup v2, where the kernel counts them. */
  readonly pressures?: Pressures
  /** Of the pod's cgroup, where it has one. */
  readonly podPressures?: Pressures
}

/** Bytes on disk. */
export interface ContainerDisk {
  readonly writableLayer: number
  readonly logs: number
}

export interface RuntimeEvent {
  readonly podUid: string
  readonly containerId: string
  readonly kind: 'started' | 'died' | 'removed' | 'other'
}

export interface RuntimeVersion {
  /** `docker://28.2.2` */
  readonly version: string
  readonly cgroupDriver: 'systemd' | 'cgroupfs' | 'none'
  readonly cgroupVersion: 1 | 2
  /** Names that a RuntimeClass may use. */
  readonly handlers: readonly string[]
  /** Folder that holds images and containers. */
  readonly rootDir: string
  /** Whether containers outlive a restart or an upgrade of the engine. */
  readonly liveRestore: boolean
  /** Whether it reads what the Container Device Interface says of devices. */
  readonly readsCdi: boolean
  /** Whether a read-only mount can cover the mounts below it. */
  readonly recursiveReadOnlyMounts: boolean
}

/** @throws RuntimeError from every method */
export interface ContainerRuntime {
  version(): Promise<RuntimeVersion>
  /** @returns all pods that this node's runtime holds, also those that the API no longer has */
  pods(): Promise<RuntimePod[]>
  /** The same without the details, in one question however many there are. */
  outlines(): Promise<PodOutline[]>
  /** @returns the pod, with no containers when the runtime has none of it */
  pod(uid: string): Promise<RuntimePod>
  /** @returns the id of a sandbox that is created but not started */
  createSandbox(spec: SandboxSpec): Promise<string>
  createContainer(spec: ContainerSpec): Promise<string>
  start(id: string): Promise<void>
  /** Changes cpu and memory of a running container. */
  update(id: string, limits: ContainerLimits): Promise<void>
  /** @returns undefined when it is gone */
  container(id: string): Promise<RuntimeContainer | undefined>
  /** Sends the stop signal, then SIGKILL after `graceSeconds`. Idempotent; resolves when it is dead. */
  stop(id: string, graceSeconds: number): Promise<void>
  /** Ends it at once. Idempotent; resolves when it is dead. @param container as last seen */
  kill(container: Pick<RuntimeContainer, 'id' | 'pid'>): Promise<void>
  /** Idempotent; kills it first if it runs. */
  remove(id: string): Promise<void>

  /** @returns undefined when the image is not on this node */
  findImage(reference: string): Promise<RuntimeImage | undefined>
  images(): Promise<RuntimeImage[]>
  pullImage(
    reference: string,
    auth: RegistryAuth | undefined,
    signal: AbortSignal,
    onProgress: (progress: PullProgress) => void,
  ): Promise<void>

  /** @returns ids of images that some container is made of, whoever's it is */
  imagesInUse(): Promise<ReadonlySet<string>>
  /** Fails while a container needs it. */
  removeImage(id: string): Promise<void>
  /** @param user a name or an id @returns its group in the image's /etc/passwd, or 0 when it has none */
  primaryGroup(pod: PodIdentity, imageId: string, user: string): Promise<number>
  /** Puts the files of an image into a folder. @param pod whose volume it is */
  copyImage(pod: PodIdentity, imageId: string, folder: string): Promise<void>

  /** Raw log bytes of one container, stdout and stderr in order. */
  logs(id: string, query: LogQuery): Promise<Readable>
  exec(id: string, query: ExecQuery): Promise<ExecSession>
  attach(id: string, query: { readonly stdin: boolean; readonly tty: boolean }): Promise<ProcessStreams>
  stats(container: Pick<RuntimeContainer, 'id' | 'pid'>): Promise<ContainerStats>
  detail(container: Pick<RuntimeContainer, 'id' | 'pid'>): Promise<ContainerDetail>
  /** What it fills of the disk: nothing once it is gone. */
  disk(id: string): Promise<ContainerDisk>
  /** Never ends by itself before the signal; reconnects. `onGap` is called when events may have been missed. */
  events(signal: AbortSignal, onGap: () => void): AsyncIterable<RuntimeEvent>
}

/** A failure that the runtime reported. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  readonly kind: 'not-found' | 'conflict' | 'unavailable' | 'failed'
  constructor(kind: RuntimeError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}
