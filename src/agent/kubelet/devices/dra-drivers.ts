// Drivers of dynamic resources on this node. A driver may run twice for a while, as in an upgrade without a gap: the one
// that registered last and is connected is asked. What a driver offered is taken back when it is gone for good, and when
// the agent starts: then nobody knows yet which drivers are there.
import { ResourceSlice } from '../../../shared/api/resource/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { Plugin, PluginHandler } from '../plugins/plugin-manager.ts'
import { RpcClient } from '../plugins/rpc.ts'
import {
  type ClaimReference,
  DRA_SERVICES,
  type DeviceHealth,
  type DraService,
  HEALTHS,
  nodeWatchResources,
} from './dra-api.ts'

const CALL_MS = 45_000
/** How long a driver may be away before what it offered is taken back. */
const GONE_MS = 30_000
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 300_000
const HEALTH_PAUSE_MS = 5_000
/** How long what a driver tells of a device holds, unless it says so. */
const HEALTH_MS = 30_000
const MOST_MESSAGE = 1_024
/** Of whose devices the health is remembered: those of one driver that it told of last. */
const MOST_DEVICES = 4_096
/** As long as names of pools and devices can be. */
const MOST_POOL = 253
const MOST_DEVICE = 63

export interface DraDriversOptions {
  readonly client: Client
  readonly nodeName: string
  /** Devices of this driver are no longer as they were. */
  readonly onHealth: (driver: string) => void
  readonly clock: Clock
  readonly log: Log
}

export interface Health {
  readonly health: (typeof HEALTHS)[number]
  readonly message?: string
}

interface Told extends Health {
  readonly untilMs: number
}

interface Instance {
  readonly endpoint: string
  readonly service: DraService
  readonly client: RpcClient
  readonly stop: AbortController
  isConnected: boolean
}

export class DraDrivers implements PluginHandler, AsyncDisposable {
  readonly #options: DraDriversOptions
  readonly #stop = new AbortController()
  /** By name, the one that registered last at the end. */
  readonly #instances = new Map<string, Instance[]>()
  /** Drivers whose offers are to be taken back. */
  readonly #wipes = new Map<string, () => void>()
  readonly #tasks = new Set<Promise<void>>()
  /** By driver: pool and device → what the driver told, and until when that holds; what it told last at the end. */
  readonly #healths = new Map<string, Map<string, Told>>()

  constructor(options: DraDriversOptions) {
    this.#options = options
  }

  start(): void {
    this.#run(this.#wipe(undefined, this.#stop.signal))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the agent stops'))
    for (const cancel of this.#wipes.values()) cancel()
    for (const instance of [...this.#instances.values()].flat()) end(instance)
    await Promise.all(this.#tasks)
  }

  validate({ name, endpoint, supportedVersions }: Plugin): void {
    const at = `invalid supported gRPC versions of DRA driver plugin ${name} at endpoint ${endpoint}`
    if (supportedVersions.length === 0)
      throw new Error(`${at}: empty list of supported gRPC services (aka supported versions)`)
    if (!serviceOf(supportedVersions))
      throw new Error(
        `${at}: none of services supported by the plugin (${quoted(supportedVersions)}) are supported by the kubelet (${quoted(Object.keys(DRA_SERVICES))})`,
      )
  }

  async register({ name, endpoint, supportedVersions }: Plugin): Promise<void> {
    const service = serviceOf(supportedVersions)
    if (!service) return this.validate({ name, endpoint, supportedVersions })
    const all = this.#instances.get(name) ?? []
    if (all.some(other => other.endpoint === endpoint))
      throw new Error(`endpoint ${endpoint} already registered for DRA driver plugin ${name}`)
    const client = await RpcClient.open(endpoint)
    const instance: Instance = { endpoint, service, client, stop: new AbortController(), isConnected: false }
    this.#instances.set(name, [...all, instance])
    client.follow(isConnected => {
      instance.isConnected = isConnected
      this.#onPresence(name)
    })
    this.#onPresence(name)
    this.#run(this.#followHealth(name, instance))
  }

  async deregister({ name, endpoint }: Plugin): Promise<void> {
    const all = this.#instances.get(name) ?? []
    const left = all.filter(instance => instance.endpoint !== endpoint)
    for (const instance of all) if (!left.includes(instance)) end(instance)
    if (left.length > 0) this.#instances.set(name, left)
    else this.#instances.delete(name)
    this.#onPresence(name)
  }

  /** @throws Error when it is not there */
  #driver(name: string): Instance {
    const all = this.#instances.get(name) ?? []
    const found = all.findLast(({ isConnected }) => isConnected) ?? all.at(-1)
    if (!found) throw new Error(`DRA driver ${name} is not registered`)
    return found
  }

  /** @throws Error when it is not there */
  require(name: string): void {
    this.#driver(name)
  }

  /** @throws Error */
  async prepare(name: string, claims: readonly ClaimReference[]) {
    const { client, service } = this.#driver(name)
    const { nodePrepareResources } = DRA_SERVICES[service]
    return (await client.call(nodePrepareResources, { claims }, { timeoutMs: CALL_MS, signal: this.#stop.signal }))
      .claims
  }

  /** @throws Error */
  async unprepare(name: string, claims: readonly ClaimReference[]) {
    const { client, service } = this.#driver(name)
    const { nodeUnprepareResources } = DRA_SERVICES[service]
    return (await client.call(nodeUnprepareResources, { claims }, { timeoutMs: CALL_MS, signal: this.#stop.signal }))
      .claims
  }

  #onPresence(name: string): void {
    if (this.#stop.signal.aborted) return
    if (this.#instances.get(name)?.some(({ isConnected }) => isConnected)) {
      this.#wipes.get(name)?.()
      this.#wipes.delete(name)
    } else if (!this.#wipes.has(name)) {
      const stop = new AbortController()
      const cancelTimer = this.#options.clock.after(GONE_MS, () =>
        this.#run(this.#wipe(name, AbortSignal.any([stop.signal, this.#stop.signal]))),
      )
      this.#wipes.set(name, () => {
        cancelTimer()
        stop.abort(new Error('the driver is back'))
      })
    }
  }

  /** @param driver undefined = all */
  async #wipe(driver: string | undefined, signal: AbortSignal): Promise<void> {
    const { client, nodeName, clock, log } = this.#options
    const fieldSelector = `spec.nodeName=${nodeName}${driver === undefined ? '' : `,spec.driver=${driver}`}`
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await client.deleteCollection(ResourceSlice, { fieldSelector }, { signal })
        return
      } catch (error) {
        if (signal.aborted) return
        log.debug({ driver, error: String(error) }, 'devices that nobody gives are still offered')
        await delay(clock, pauseMs, signal).catch(() => undefined) // aborted: the loop ends
      }
    }
  }

  /** A driver that tells nothing of it is asked again now and then: it may be another one by then. */
  async #followHealth(driver: string, { client, stop }: Instance): Promise<void> {
    const { clock, onHealth } = this.#options
    const signal = AbortSignal.any([stop.signal, this.#stop.signal])
    while (!signal.aborted) {
      try {
        for await (const { devices } of client.stream(nodeWatchResources, {}, signal)) {
          this.#hear(driver, devices)
          onHealth(driver)
        }
      } catch {
        // It does not serve this, or is gone.
      }
      if (this.#healths.delete(driver) && !signal.aborted) onHealth(driver)
      await delay(clock, HEALTH_PAUSE_MS, signal).catch(() => undefined) // aborted: the loop ends
    }
  }

  /** However many names a driver makes up, no more is remembered than a node can have. */
  #hear(driver: string, devices: readonly DeviceHealth[]): void {
    const nowMs = this.#options.clock.monotonic()
    const told = this.#healths.get(driver) ?? new Map<string, Told>()
    this.#healths.set(driver, told)
    for (const { device, health, message, healthCheckTimeoutSeconds: seconds } of devices) {
      const { poolName = '', deviceName = '' } = device ?? {}
      if (poolName.length > MOST_POOL || deviceName.length > MOST_DEVICE) continue
      const key = keyOf(poolName, deviceName)
      told.delete(key)
      told.set(key, {
        health: HEALTHS[health] ?? 'Unknown',
        ...(message ? { message: shortened(message) } : {}),
        untilMs: nowMs + (seconds > 0 ? seconds * 1_000 : HEALTH_MS),
      })
    }
    for (const key of told.keys())
      if (told.size > MOST_DEVICES) told.delete(key)
      else break
  }

  healthOf(driver: string, pool: string, device: string): Health {
    const told = this.#healths.get(driver)?.get(keyOf(pool, device))
    if (!told || told.untilMs < this.#options.clock.monotonic()) return { health: 'Unknown' }
    return { health: told.health, ...(told.message === undefined ? {} : { message: told.message }) }
  }

  #run(task: Promise<void>): void {
    this.#tasks.add(task)
    void task.finally(() => this.#tasks.delete(task))
  }
}

function end({ client, stop }: Instance): void {
  stop.abort(new Error('the driver is gone'))
  client[Symbol.dispose]()
}

const isService = (name: string): name is DraService => Object.hasOwn(DRA_SERVICES, name)
/** The first that both know. */
const serviceOf = (supported: readonly string[]): DraService | undefined => supported.find(isService)
const quoted = (names: readonly string[]): string => `[${names.map(name => JSON.stringify(name)).join(' ')}]`
const keyOf = (pool: string, device: string): string => JSON.stringify([pool, device])
const shortened = (text: string): string =>
  text.length > MOST_MESSAGE ? `${text.slice(0, MOST_MESSAGE - 3)}...` : text
