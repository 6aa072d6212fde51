// The container runtime over the Docker Engine API (1.41 and newer).
import Docker from 'dockerode'
import type { Readable } from 'node:stream'
import { type Clock, delay } from '../../../../shared/machinery/clock.ts'
import { countable } from '../../../../shared/machinery/seconds.ts'
import { createBackoff } from '../../../../shared/client/backoff.ts'
import type {
  ContainerLimits,
  ContainerRuntime,
  ContainerSpec,
  ExecQuery,
  LogQuery,
  PodIdentity,
  PodOutline,
  PullProgress,
  RegistryAuth,
  RuntimeContainer,
  RuntimeEvent,
  RuntimePod,
  RuntimeVersion,
  SandboxSpec,
} from '../contract.ts'
import { cgroupDetail } from '../cgroup-detail.ts'
import { cgroupStats } from '../cgroup-stats.ts'
import { RuntimeError } from '../contract.ts'
import type { PauseArchitecture } from '../pause-image.ts'
import { copyImage, readImageFile } from './copy-image.ts'
import { containerOptions, sandboxOptions, updateOptions } from './create-options.ts'
import { deniedCapabilities, lowestOomScore } from './denied-capabilities.ts'
import { docker, orMissing, toRuntimeError } from './errors.ts'
import { ensurePauseImage, findImage, imagesInUse, listImages, pullImage, removeImage } from './images.ts'
import { containerDisk } from './container-disk.ts'
import { toRuntimeContainer } from './inspect.ts'
import { LABEL } from './labels.ts'
import { killFirstProcess } from './kill-first-process.ts'
import { OomKills } from './oom-kills.ts'
import { outlinesOf } from './outlines.ts'
import { attachTo, execIn, logsOf } from './processes.ts'
import { readEvents } from './events.ts'

export interface DockerRuntimeOptions {
  readonly socketPath: string
  /** Names this agent among all that use the same engine. */
  readonly instance: string
  /** The container that is the node, in whose network pods with `hostNetwork` are. Default: the machine is the node. */
  readonly hostContainer?: string | undefined
  readonly clock: Clock
}

type DockerInfo = Readonly<Record<string, string>> & {
  readonly Runtimes?: object
  readonly LiveRestoreEnabled?: boolean
  readonly SecurityOptions?: readonly string[] | null
  readonly DefaultRuntime?: string
  /** Since version 25; none where it is switched off. */
  readonly CDISpecDirs?: readonly string[] | null
}

const OLDEST_API = [1, 41] as const
/** Of Docker 25. */
const RECURSIVE_READ_ONLY_API = [1, 44] as const
const RECURSIVE_READ_ONLY_KERNEL = [5, 12] as const

/** Longer than what was killed takes to end. */
const PAUSED_MS = 2_000

type Version = readonly [major: number, minor: number]
const versionOf = (text: string): Version => {
  const [major = 0, minor = 0] = text.split('.').map(part => Number.parseInt(part, 10))
  return [major, minor]
}
const isAtLeast = ([major, minor]: Version, least: Version): boolean =>
  major > least[0] || (major === least[0] && minor >= least[1])

export class DockerRuntime implements ContainerRuntime {
  readonly #engine: Docker
  readonly #instance: string
  readonly #hostNetwork: string
  readonly #clock: Clock
  readonly #oomKills = new OomKills()
  #architecture!: PauseArchitecture
  #pauseImage = ''
  /** Whether sandboxes have a filter of their own: until one does not start with it, before any has. */
  #hasSeccomp = false
  /** Sandboxes with that filter, until one of them has started. */
  #onTrial: Set<string> | undefined = new Set()
  /** Capabilities that no container can be given. */
  #denied: readonly string[] = []

  private constructor(options: DockerRuntimeOptions) {
    this.#engine = new Docker({ socketPath: options.socketPath })
    this.#instance = options.instance
    this.#hostNetwork = options.hostContainer === undefined ? 'host' : `container:${options.hostContainer}`
    this.#clock = options.clock
  }

  /** @throws RuntimeError when the engine does not answer or is too old */
  static async connect(options: DockerRuntimeOptions): Promise<DockerRuntime> {
    const runtime = new DockerRuntime(options)
    const { ApiVersion, Arch } = await docker(() => runtime.#engine.version())
    if (!isAtLeast(versionOf(ApiVersion), OLDEST_API))
      throw new RuntimeError('failed', `Docker's API is ${ApiVersion}; ${OLDEST_API.join('.')} or newer is needed`)
    const { SecurityOptions, DefaultRuntime } = (await docker(() => runtime.#engine.info())) as DockerInfo
    const hasFilters = (SecurityOptions ?? []).some(option => /^name=seccomp\b/.test(option))
    runtime.#hasSeccomp = hasFilters && DefaultRuntime === 'runc'
    runtime.#denied = await deniedCapabilities()
    runtime.#architecture = architectureOf(Arch)
    runtime.#pauseImage = await ensurePauseImage(runtime.#engine, runtime.#architecture)
    return runtime
  }

  async version(): Promise<RuntimeVersion> {
    const { ApiVersion, KernelVersion } = await docker(() => this.#engine.version())
    const info = (await docker(() => this.#engine.info())) as DockerInfo
    return {
      version: `docker://${info.ServerVersion ?? ''}`,
      cgroupDriver: info.CgroupDriver === 'systemd' || info.CgroupDriver === 'none' ? info.CgroupDriver : 'cgroupfs',
      cgroupVersion: info.CgroupVersion === '2' ? 2 : 1,
      handlers: Object.keys(info.Runtimes ?? {}),
      rootDir: info.DockerRootDir ?? '/var/lib/docker',
      liveRestore: info.LiveRestoreEnabled === true,
      readsCdi: (info.CDISpecDirs ?? []).length > 0,
      recursiveReadOnlyMounts:
        isAtLeast(versionOf(ApiVersion), RECURSIVE_READ_ONLY_API) &&
        isAtLeast(versionOf(KernelVersion ?? ''), RECURSIVE_READ_ONLY_KERNEL),
    }
  }

  async pods(): Promise<RuntimePod[]> {
    const byUid = new Map<string, { info: Docker.ContainerInfo; container: RuntimeContainer }[]>()
    for (const entry of await this.#list([`${LABEL.instance}=${this.#instance}`])) {
      const uid = entry.info.Labels[LABEL.podUid] ?? ''
      byUid.set(uid, [...(byUid.get(uid) ?? []), entry])
    }
    return [...byUid].map(([uid, entries]) => toPod(uid, entries))
  }

  async outlines(): Promise<PodOutline[]> {
    const filters = { label: [`${LABEL.instance}=${this.#instance}`] }
    return outlinesOf(await docker(() => this.#engine.listContainers({ all: true, filters })))
  }

  async pod(uid: string): Promise<RuntimePod> {
    return toPod(uid, await this.#list([`${LABEL.instance}=${this.#instance}`, `${LABEL.podUid}=${uid}`]))
  }

  async #list(labels: string[]): Promise<{ info: Docker.ContainerInfo; container: RuntimeContainer }[]> {
    const found = await docker(() => this.#engine.listContainers({ all: true, filters: { label: labels } }))
    const inspected = await Promise.all(
      found.map(async info => {
        // Removed between the two calls: as if it had not been listed.
        const details = await orMissing(() => this.#engine.getContainer(info.Id).inspect())
        return details && { info, container: await this.#read(details) }
      }),
    )
    return inspected.filter(entry => entry !== undefined)
  }

  async createSandbox(spec: SandboxSpec): Promise<string> {
    const options = sandboxOptions(spec, {
      pauseImage: this.#pauseImage,
      instance: this.#instance,
      hostNetwork: this.#hostNetwork,
      hasSeccomp: this.#hasSeccomp,
    })
    try {
      const id = await this.#create(options)
      if (this.#hasSeccomp) this.#onTrial?.add(id)
      return id
    } catch (error) {
      // Whoever deletes images that nothing uses deletes the sandboxes' as well.
      if (!(error instanceof RuntimeError) || error.kind !== 'not-found') throw error
      await ensurePauseImage(this.#engine, this.#architecture)
      return this.#create(options)
    }
  }
  /** Deletes the image of sandboxes, unless somebody uses it still: this machine stops being a node. */
  async removePauseImage(): Promise<void> {
    try {
      await removeImage(this.#engine, this.#pauseImage)
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.kind !== 'conflict') throw error
    }
  }
  createContainer(spec: ContainerSpec): Promise<string> {
    return this.#create(
      containerOptions(spec, { instance: this.#instance, hostNetwork: this.#hostNetwork, denied: this.#denied }),
    )
  }

  async #create(given: Docker.ContainerCreateOptions): Promise<string> {
    const OomScoreAdj = Math.max(lowestOomScore(this.#denied), given.HostConfig?.OomScoreAdj ?? 0)
    const options = { ...given, HostConfig: { ...given.HostConfig, OomScoreAdj } }
    try {
      return (await docker(() => this.#engine.createContainer(options))).id
    } catch (error) {
      // A name left over by a creation whose answer was lost: it never ran, so it can go.
      if (!(error instanceof RuntimeError) || error.kind !== 'conflict' || !options.name) throw error
      await this.remove(options.name)
      return (await docker(() => this.#engine.createContainer(options))).id
    }
  }

  async start(id: string): Promise<void> {
    const isTrial = this.#onTrial?.has(id) === true
    try {
      await docker(() => this.#engine.getContainer(id).start())
    } catch (error) {
      // Pods matter more than what it saves: the next one has the engine's own filter.
      if (isTrial) this.#hasSeccomp = false
      throw error
    }
    if (isTrial) this.#onTrial = undefined
  }

  async update(id: string, limits: ContainerLimits): Promise<void> {
    await docker(() => this.#engine.getContainer(id).update(updateOptions(limits)))
  }

  async container(id: string): Promise<RuntimeContainer | undefined> {
    const info = await orMissing(() => this.#engine.getContainer(id).inspect())
    return info && this.#read(info)
  }

  async #read(info: Docker.ContainerInspectInfo): Promise<RuntimeContainer> {
    const container = toRuntimeContainer(info)
    const mayBe = container.state === 'exited' && container.exitCode !== 0 && container.name !== ''
    return mayBe && !container.oomKilled ? { ...container, oomKilled: await this.#oomKills.has(info.Id) } : container
  }

  async stop(id: string, graceSeconds: number): Promise<void> {
    await this.#toItsEnd(id, container =>
      graceSeconds <= 0 ? container.kill() : container.stop({ t: Math.ceil(countable(graceSeconds)) }),
    )
  }

  async kill({ id, pid }: Pick<RuntimeContainer, 'id' | 'pid'>): Promise<void> {
    const isKilled = killFirstProcess(id, pid)
    const kill = () => this.#engine.getContainer(id).kill()
    // One that somebody has paused ends when the engine lets it go on.
    const cancel = isKilled ? this.#clock.after(PAUSED_MS, () => void kill().catch(() => undefined)) : () => undefined
    await this.#toItsEnd(id, async () => (isKilled ? undefined : kill())).finally(cancel)
  }

  async #toItsEnd(id: string, tell: (container: Docker.Container) => Promise<unknown>): Promise<void> {
    try {
      const container = this.#engine.getContainer(id)
      await tell(container)
      await container.wait()
    } catch (error) {
      const failure = toRuntimeError(error)
      // 404: it is gone; 409 and 304: it is not running.
      if (failure.kind !== 'not-found' && failure.kind !== 'conflict' && !isNotModified(error)) throw failure
    }
  }

  async remove(id: string): Promise<void> {
    this.#oomKills.forget(id)
    try {
      await orMissing(() => this.#engine.getContainer(id).remove({ force: true, v: true }))
    } catch (error) {
      // Somebody else removes it already.
      if (!(error instanceof RuntimeError) || error.kind !== 'conflict') throw error
    }
  }

  imagesInUse = () => imagesInUse(this.#engine)
  removeImage = (id: string) => removeImage(this.#engine, id)
  findImage = (reference: string) => findImage(this.#engine, reference)
  images = () => listImages(this.#engine)
  pullImage = (
    reference: string,
    auth: RegistryAuth | undefined,
    signal: AbortSignal,
    onProgress: (progress: PullProgress) => void,
  ) => pullImage({ engine: this.#engine, reference, auth, signal, onProgress })

  copyImage = (pod: PodIdentity, imageId: string, folder: string) =>
    copyImage({ engine: this.#engine, instance: this.#instance, pod }, imageId, folder)

  async primaryGroup(pod: PodIdentity, imageId: string, user: string): Promise<number> {
    const owner = { engine: this.#engine, instance: this.#instance, pod }
    const users = (await readImageFile(owner, imageId, '/etc/passwd')).split('\n').map(line => line.split(':'))
    const found = users.find(([name]) => name === user) ?? users.find(([, , uid]) => uid === user)
    return Number(found?.[3] ?? 0)
  }

  logs = (id: string, query: LogQuery): Promise<Readable> => logsOf(this.#engine, id, query)
  exec = (id: string, query: ExecQuery) => execIn(this.#engine, id, query)
  attach = (id: string, query: { readonly stdin: boolean; readonly tty: boolean }) => attachTo(this.#engine, id, query)

  stats = async (container: Pick<RuntimeContainer, 'id' | 'pid'>) => cgroupStats(running(container))
  detail = async (container: Pick<RuntimeContainer, 'id' | 'pid'>) => cgroupDetail(running(container))
  disk = (id: string) => containerDisk(this.#engine, id)

  async *events(signal: AbortSignal, onGap: () => void): AsyncGenerator<RuntimeEvent> {
    const backoff = createBackoff({ initialMs: 100, maxMs: 5_000 })
    while (!signal.aborted) {
      try {
        for await (const event of readEvents(this.#engine, this.#instance, signal, onGap)) {
          backoff.reset()
          yield event
        }
      } catch (error) {
        // The engine restarts or is away: asked again until it answers.
        if (!signal.aborted && toRuntimeError(error).kind === 'not-found') throw error
      }
      await delay(this.#clock, backoff.next(), signal).catch(() => undefined) // aborted: the loop ends
    }
  }
}

/** @throws RuntimeError when it does not run */
function running<C extends Pick<RuntimeContainer, 'id' | 'pid'>>(container: C): C {
  if (container.pid === 0) throw new RuntimeError('not-found', `container ${container.id} does not run`)
  return container
}

const isNotModified = (error: unknown): boolean => (error as { statusCode?: number }).statusCode === 304

function architectureOf(arch: string): PauseArchitecture {
  if (arch === 'amd64' || arch === 'x86_64') return 'x64'
  if (arch === 'arm64' || arch === 'aarch64') return 'arm64'
  throw new RuntimeError('failed', `Docker runs on ${arch}; only x64 and arm64 are supported`)
}

function toPod(uid: string, entries: { info: Docker.ContainerInfo; container: RuntimeContainer }[]): RuntimePod {
  const newestFirst = entries.toSorted(
    (a, b) => b.container.attempt - a.container.attempt || b.container.createdAt.localeCompare(a.container.createdAt),
  )
  const labels = entries[0]?.info.Labels
  const ofKind = (kind: string) =>
    newestFirst.filter(({ info }) => info.Labels[LABEL.kind] === kind).map(({ container }) => container)
  return {
    uid,
    name: labels?.[LABEL.podName] ?? '',
    namespace: labels?.[LABEL.podNamespace] ?? '',
    sandboxes: ofKind('sandbox'),
    containers: ofKind('container'),
  }
}
