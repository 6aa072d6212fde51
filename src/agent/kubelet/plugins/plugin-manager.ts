// Plugins that announce themselves by a socket in `plugins_registry`: each is asked what it is, handed to what knows its
// type, and told whether that took it. A socket that goes, or is made anew, ends the plugin that was there.
import { setMaxListeners } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { ownPath } from './kubelet-folder.ts'
import { type PluginInfo, getInfo, notifyRegistrationStatus } from './registration-api.ts'
import { RpcClient } from './rpc.ts'
import { SocketWatch, type Sockets } from './socket-watch.ts'

export type PluginType = 'CSIPlugin' | 'DevicePlugin' | 'DRAPlugin'

export interface Plugin {
  /** Of a driver, or of a resource. */
  readonly name: string
  /** Socket on which it serves what it is for, as this process finds it. */
  readonly endpoint: string
  readonly supportedVersions: readonly string[]
}

/** What takes plugins of one type. */
export interface PluginHandler {
  /** @throws Error with why it cannot be taken */
  validate(plugin: Plugin): void
  /**
   * Takes it, also in place of one of the same name.
   * @param signal gives up waiting for it
   * @throws Error with why not: tried again later
   */
  register(plugin: Plugin, signal: AbortSignal): Promise<void>
  /** Its registration has ended; another one of the same name may be there already. */
  deregister(plugin: Plugin): Promise<void>
}

export interface PluginManagerOptions {
  readonly dataDir: string
  readonly handlers: Readonly<Partial<Record<PluginType, PluginHandler>>>
  readonly clock: Clock
  readonly log: Log
}

const INFO_MS = 1_000
const NOTIFY_MS = 5_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 122_000

/** One path. */
interface Place {
  /** The socket that is there now; undefined once it is gone. */
  wanted: string | undefined
  registered?: { readonly socket: string; readonly plugin: Plugin; readonly handler: PluginHandler }
  pauseMs: number
  cancelRetry: () => void
  /** What is done at this path happens in order. */
  work: Promise<void>
}

export class PluginManager implements AsyncDisposable {
  readonly #options: PluginManagerOptions
  readonly #watch: SocketWatch
  readonly #places = new Map<string, Place>()
  readonly #stop = new AbortController()

  constructor(options: PluginManagerOptions) {
    this.#options = options
    setMaxListeners(0, this.#stop.signal) // every plugin that is being registered listens
    this.#watch = new SocketWatch(join(options.dataDir, 'plugins_registry'), options.clock, sockets =>
      this.#onSockets(sockets),
    )
  }

  async start(): Promise<void> {
    // Drivers have their sockets in folders of it, and mount it whole: their manifests say that it is there.
    await mkdir(join(this.#options.dataDir, 'plugins'), { recursive: true, mode: 0o750 })
    await this.#watch.start()
  }

  /** Plugins stay as they are: they are there for the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the agent stops'))
    this.#watch[Symbol.dispose]()
    for (const { cancelRetry } of this.#places.values()) cancelRetry()
    await Promise.all([...this.#places.values()].map(({ work }) => work))
  }

  #onSockets(sockets: Sockets): void {
    for (const path of sockets.keys())
      if (!this.#places.has(path))
        this.#places.set(path, {
          wanted: undefined, pauseMs: FIRST_PAUSE_MS, cancelRetry: () => undefined, work: Promise.resolve(),
        }) // prettier-ignore
    for (const [path, place] of this.#places) {
      const socket = sockets.get(path)
      if (socket === place.wanted) continue
      place.wanted = socket
      place.pauseMs = FIRST_PAUSE_MS
      this.#reconcile(path, place)
    }
  }

  #reconcile(path: string, place: Place): void {
    place.cancelRetry()
    place.work = place.work.then(async () => {
      if (this.#stop.signal.aborted) return
      const { registered } = place
      if (registered && registered.socket !== place.wanted) {
        delete place.registered
        this.#options.log.info({ plugin: registered.plugin.name }, 'plugin is gone')
        await registered.handler.deregister(registered.plugin).catch((error: unknown) => this.#note(path, error))
      }
      if (place.wanted === undefined) {
        if (this.#places.get(path) === place) this.#places.delete(path)
        return
      }
      if (place.registered) return
      try {
        await this.#register(path, place, place.wanted)
        place.pauseMs = FIRST_PAUSE_MS
      } catch (error) {
        this.#note(path, error)
        this.#retryLater(path, place)
      }
    })
  }

  #note(path: string, error: unknown): void {
    if (!this.#stop.signal.aborted) this.#options.log.warn({ path, error: String(error) }, 'plugin not taken')
  }

  #retryLater(path: string, place: Place): void {
    if (this.#stop.signal.aborted) return
    place.cancelRetry = this.#options.clock.after(place.pauseMs, () => this.#reconcile(path, place))
    place.pauseMs = Math.min(place.pauseMs * 2, LONGEST_PAUSE_MS)
  }

  async #register(path: string, place: Place, socket: string): Promise<void> {
    const { signal } = this.#stop
    using client = await RpcClient.open(path)
    const info = await client.call(getInfo, {}, { timeoutMs: INFO_MS, signal })
    const tell = (pluginRegistered: boolean, error = '') =>
      client.call(notifyRegistrationStatus, { pluginRegistered, error }, { timeoutMs: NOTIFY_MS, signal })
    const { name, type, supportedVersions } = info
    const plugin = { name, supportedVersions, endpoint: this.#endpointOf(info, path) }
    const handler = this.#handlerOf(type)
    try {
      if (!handler) throw new Error(`no handler registered for plugin type: ${type} at socket ${path}`)
      validated(handler, plugin)
      await handler.register(plugin, signal).catch((error: Error) => {
        throw new Error(`plugin registration failed with err: ${error.message}`, { cause: error })
      })
    } catch (error) {
      await tell(false, `RegisterPlugin error -- ${(error as Error).message}`)
      throw error
    }
    try {
      await tell(true)
    } catch (error) {
      if (!signal.aborted) await handler.deregister(plugin)
      throw error
    }
    place.registered = { socket, plugin, handler }
    this.#options.log.info({ plugin: name, type, endpoint: plugin.endpoint }, 'plugin registered')
  }

  #handlerOf(type: string): PluginHandler | undefined {
    const { handlers } = this.#options
    return Object.hasOwn(handlers, type) ? handlers[type as PluginType] : undefined
  }

  /** A driver names the path that it has in its own container. */
  #endpointOf({ endpoint }: PluginInfo, registrationSocket: string): string {
    return endpoint === '' ? registrationSocket : ownPath(this.#options.dataDir, endpoint)
  }
}

function validated(handler: PluginHandler, plugin: Plugin): void {
  try {
    handler.validate(plugin)
  } catch (error) {
    throw new Error(`plugin validation failed with err: ${(error as Error).message}`, { cause: error })
  }
}
