// Device plugins of this node: they register on `device-plugins/kubelet.sock` or by a socket in `plugins_registry`, tell
// of their devices, and are asked when a pod is to get some. As upstream with its default policy: devices are chosen
// without regard to where in the machine they are, unless the plugin prefers some.
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Container, ContainerStatus, Pod } from '../../../shared/api/core/v1.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { isNativeResource } from '../../../shared/machinery/resource-name.ts'
import type { Plugin, PluginHandler } from '../plugins/plugin-manager.ts'
import { RpcError, serveRpc, serves } from '../plugins/rpc.ts'
import { type Allocation, Allocations, type OfContainer } from './allocations.ts'
import {
  DEVICE_PLUGIN_VERSION,
  HEALTHY,
  type PluginDevice,
  type RegisterRequest,
  register,
} from './device-plugin-api.ts'
import { DevicePlugin } from './device-plugin.ts'

/** How long the devices of a plugin that is gone still count, as ones that are not healthy. */
const GRACE_MS = 5 * 60_000

/** Amounts by resource. */
export type Amounts = Readonly<Record<string, string>>

export interface DeviceManagerOptions {
  readonly dataDir: string
  /** @returns whether the pod of this uid is here and not over */
  readonly isActive: (pod: string) => boolean
  /** What the node offers has changed. */
  readonly onCapacity: () => void
  /** Devices that these pods have are no longer what they were. */
  readonly onHealth: (pods: ReadonlySet<string>) => void
  readonly clock: Clock
  readonly log: Log
}

interface Resource {
  devices: ReadonlyMap<string, PluginDevice>
  plugin?: DevicePlugin
  /** Its plugin is gone for longer than the grace. */
  isGone: boolean
  cancelGrace: () => void
}

export class DeviceManager implements AsyncDisposable, PluginHandler {
  readonly #options: DeviceManagerOptions
  readonly #folder: string
  readonly #allocations: Allocations
  readonly #resources = new Map<string, Resource>()
  /** Pods get their devices one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #server: AsyncDisposable | undefined
  readonly #stop = new AbortController()

  constructor(options: DeviceManagerOptions) {
    this.#options = options
    this.#folder = join(options.dataDir, 'device-plugins')
    this.#allocations = new Allocations(join(options.dataDir, 'device-allocations.json'))
  }

  /** What pods have had since before this start. */
  async load(): Promise<void> {
    try {
      for (const name of await this.#allocations.load()) this.#resource(name).isGone = true
    } catch (error) {
      this.#options.log.error({ error: String(error) }, 'which devices pods have is not known any more')
    }
  }

  /** Plugins see their sockets go and a new one come, and register again. */
  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o755 })
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name)
      if ((await lstat(path).catch(() => undefined))?.isSocket()) await rm(path, { force: true })
    }
    this.#server = await serveRpc(join(this.#folder, 'kubelet.sock'), [
      serves(register, async request => this.#onRegister(request)),
    ])
  }

  /** Pods keep their devices. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the agent stops'))
    await this.#server?.[Symbol.asyncDispose]()
    for (const { plugin, cancelGrace } of this.#resources.values()) {
      cancelGrace()
      plugin?.[Symbol.dispose]()
    }
    await this.#turn
  }

  validate({ name, supportedVersions }: Plugin): void {
    if (!supportedVersions.includes(DEVICE_PLUGIN_VERSION))
      throw new Error(
        `manager version, ${DEVICE_PLUGIN_VERSION}, is not among plugin supported versions [${supportedVersions.join(' ')}]`,
      )
    if (!isExtendedResource(name)) throw new Error(`invalid name of device plugin resource: ${name}`)
  }

  register({ name, endpoint }: Plugin, signal: AbortSignal): Promise<void> {
    return this.#connect(name, endpoint, signal)
  }

  async deregister({ name, endpoint }: Plugin): Promise<void> {
    const resource = this.#resources.get(name)
    // Unless another one has taken its place.
    if (resource?.plugin?.endpoint === endpoint) this.#ended(name, resource, resource.plugin)
  }

  #onRegister({ version, resourceName, endpoint }: RegisterRequest): object {
    if (version !== DEVICE_PLUGIN_VERSION)
      throw new RpcError(
        'Unknown',
        `requested API version "${version}" is not supported by kubelet. Supported version is "${DEVICE_PLUGIN_VERSION}"`,
      )
    if (!isExtendedResource(resourceName))
      throw new RpcError('Unknown', `the ResourceName "${resourceName}" is invalid`)
    const socket = resolve(this.#folder, endpoint)
    if (!socket.startsWith(`${this.#folder}/`)) throw new RpcError('Unknown', `the endpoint "${endpoint}" is invalid`)
    // It may begin to serve when it has its answer.
    void this.#connect(resourceName, socket, this.#stop.signal).catch((error: unknown) =>
      this.#options.log.warn({ resource: resourceName, error: String(error) }, 'device plugin not reached'),
    )
    return {}
  }

  #resource(name: string): Resource {
    const known = this.#resources.get(name)
    if (known) return known
    const created: Resource = { devices: new Map(), isGone: false, cancelGrace: () => undefined }
    this.#resources.set(name, created)
    return created
  }

  async #connect(name: string, socket: string, signal: AbortSignal): Promise<void> {
    const plugin = await DevicePlugin.connect(socket, signal)
    if (this.#stop.signal.aborted) return plugin[Symbol.dispose]()
    const resource = this.#resource(name)
    resource.plugin?.[Symbol.dispose]()
    resource.plugin = plugin
    resource.cancelGrace()
    resource.isGone = false
    this.#options.log.info({ resource: name }, 'device plugin registered')
    void this.#follow(name, resource, plugin)
  }

  async #follow(name: string, resource: Resource, plugin: DevicePlugin): Promise<void> {
    try {
      for await (const devices of plugin.devices()) {
        if (resource.plugin !== plugin) return
        this.#setDevices(name, resource, new Map(devices.map(device => [device.ID, device])))
      }
    } catch (error) {
      if (resource.plugin === plugin && !this.#stop.signal.aborted)
        this.#options.log.warn({ resource: name, error: String(error) }, 'device plugin is gone')
    }
    if (!this.#stop.signal.aborted) this.#ended(name, resource, plugin)
  }

  #ended(name: string, resource: Resource, plugin: DevicePlugin): void {
    plugin[Symbol.dispose]()
    if (resource.plugin !== plugin) return
    delete resource.plugin
    const unhealthy = [...resource.devices].map(([id, device]) => [id, { ...device, health: 'Unhealthy' }] as const)
    this.#setDevices(name, resource, new Map(unhealthy))
    resource.cancelGrace = this.#options.clock.after(GRACE_MS, () => {
      resource.isGone = true
      resource.devices = new Map()
      this.#options.onCapacity()
    })
  }

  #setDevices(name: string, resource: Resource, devices: ReadonlyMap<string, PluginDevice>): void {
    const before = resource.devices
    const isNew = before.size === 0 && devices.size > 0
    resource.devices = devices
    const all = new Set([...before.keys(), ...devices.keys()])
    const changed = new Set([...all].filter(id => before.get(id)?.health !== devices.get(id)?.health))
    if (changed.size === 0) return
    this.#options.onCapacity()
    if (isNew) this.#save()
    const pods = this.#allocations.podsWith(name, changed)
    if (pods.size > 0) this.#options.onHealth(pods)
  }

  #save(): void {
    void this.#allocations
      .save(this.#resources.keys())
      .catch((error: unknown) => this.#options.log.warn({ error: String(error) }, 'resources not written down'))
  }

  /** Of all plugins that this node has had: what is there, healthy or not, and what can be used. */
  get amounts(): { readonly capacity: Amounts; readonly allocatable: Amounts } {
    const capacity: Record<string, string> = {}
    const allocatable: Record<string, string> = {}
    for (const [name, { devices, isGone }] of this.#resources) {
      capacity[name] = String(isGone ? 0 : devices.size)
      allocatable[name] = String(isGone ? 0 : healthy(devices).length)
    }
    return { capacity, allocatable }
  }

  /** @returns what pods may ask for in all: at least what they have already, whatever became of it */
  get allocatable(): Amounts {
    const { allocatable } = this.amounts
    const used = [...this.#allocations.resources].map(name => {
      const count = Math.max(Number(allocatable[name] ?? 0), this.#allocations.used(name).size)
      return [name, String(count)] as const
    })
    return { ...allocatable, ...Object.fromEntries(used) }
  }

  isResource(name: string): boolean {
    return this.#resources.has(name) || this.#allocations.resources.has(name)
  }

  /** @returns whether a container of it asks for devices of plugins */
  concerns(pod: Pod): boolean {
    return containersOf(pod).some(({ container }) => this.#wanted(pod, container).length > 0)
  }

  /** Gives each of a pod's containers its devices; what it has already it keeps. @throws Error in upstream's words */
  allocate(pod: Pod): Promise<void> {
    const given = this.#turn.then(() => this.#allocateNow(pod))
    this.#turn = given.catch(() => undefined) // told to who waits for it
    return given
  }

  async #allocateNow(pod: Pod): Promise<void> {
    const { uid } = pod.metadata
    this.#allocations.retain(other => other === uid || this.#options.isActive(other))
    const before = this.#allocations.ofPod(uid)
    /** What init containers had that are over before the next one starts. */
    const reusable = new Map<string, Set<string>>()
    try {
      for (const { container, isInit } of containersOf(pod)) {
        for (const { resource, count } of this.#wanted(pod, container)) {
          const reuse = reusable.get(resource) ?? new Set<string>()
          reusable.set(resource, reuse)
          const ids = await this.#allocateFor(uid, container, resource, count, reuse)
          const keeps = !isInit || container.restartPolicy === 'Always'
          for (const id of ids) if (keeps) reuse.delete(id)
          if (!keeps) for (const id of ids) reuse.add(id)
        }
      }
    } catch (error) {
      this.#allocations.restore(uid, before)
      throw error
    }
    await this.#allocations.save(this.#resources.keys())
  }

  #wanted(pod: Pod, { name, resources }: Container): { readonly resource: string; readonly count: number }[] {
    return Object.entries(resources?.limits ?? {}).flatMap(([resource, amount]) => {
      if (!this.isResource(resource) || isOfClaim(pod, name, resource)) return []
      const count = parseQuantity(amount).value()
      return count > 0 ? [{ resource, count }] : []
    })
  }

  async #allocateFor(
    uid: string,
    container: Container,
    name: string,
    count: number,
    reuse: ReadonlySet<string>,
  ): Promise<readonly string[]> {
    const has = this.#allocations.of(uid, container.name).get(name)?.deviceIDs
    if (has && has.length !== count)
      throw new Error(
        `pod "${uid}" container "${container.name}" changed request for resource "${name}" from ${has.length} to ${count}`,
      )
    const resource = this.#resources.get(name)
    if (!resource) throw new Error(`cannot allocate unregistered device ${name}`)
    // Given before the agent started again, which the plugin has not noticed yet.
    if (has && !resource.plugin) return has
    const usable = healthy(resource.devices)
    if (usable.length === 0) throw new Error(`no healthy devices present; cannot allocate unhealthy devices ${name}`)
    if (has?.some(id => !usable.includes(id)))
      throw new Error(`previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${name}`)
    if (has) return has
    const { plugin } = resource
    if (!plugin) throw new Error(`unknown Device Plugin ${name}`)
    const ids = await this.#choose(name, plugin, usable, count, reuse)
    const response = await plugin.allocate(ids)
    this.#allocations.set(uid, container.name, name, { deviceIDs: ids, response })
    return ids
  }

  async #choose(
    name: string,
    plugin: DevicePlugin,
    usable: readonly string[],
    count: number,
    reuse: ReadonlySet<string>,
  ): Promise<string[]> {
    const chosen = usable.filter(id => reuse.has(id)).slice(0, count)
    if (chosen.length === count) return chosen
    const used = this.#allocations.used(name)
    const free = usable.filter(id => !used.has(id) && !chosen.includes(id))
    const needed = count - chosen.length
    if (free.length < needed)
      throw new Error(
        `requested number of devices unavailable for ${name}. Requested: ${needed}, Available: ${free.length}`,
      )
    const preferred = await plugin.preferred([...free, ...chosen], chosen, count)
    return [...chosen, ...free.toSorted((a, b) => Number(preferred.has(b)) - Number(preferred.has(a)))].slice(0, count)
  }

  /** @returns what a container gets that is to start @throws Error when its plugin does not let it */
  async beforeStart(pod: Pod, container: Container): Promise<readonly Allocation[]> {
    const { uid } = pod.metadata
    const wanted = this.#wanted(pod, container)
    const isMissing = wanted.some(({ resource }) => !this.#allocations.of(uid, container.name).has(resource))
    // The agent took the pod before it knew of the plugin.
    if (isMissing) await this.allocate(pod)
    const has = this.#allocations.of(uid, container.name)
    for (const { resource } of wanted)
      await this.#resources.get(resource)?.plugin?.preStart(has.get(resource)?.deviceIDs ?? [])
    return [...has.values()]
  }

  forget(uid: string): void {
    if (!this.#allocations.hasPod(uid)) return
    this.#allocations.forget(uid)
    this.#save()
  }

  /** Tells how the devices are that containers have. */
  withHealth(pod: Pod, statuses: readonly ContainerStatus[]): ContainerStatus[] {
    return statuses.map(status => {
      const told = [...this.#allocations.of(pod.metadata.uid, status.name)].map(([name, { deviceIDs }]) => ({
        name,
        resources: deviceIDs.map(id => ({ resourceID: id, health: this.#healthOf(name, id) })),
      }))
      return told.length > 0 ? { ...status, allocatedResourcesStatus: told } : status
    })
  }

  #healthOf(name: string, id: string): string {
    const resource = this.#resources.get(name)
    if (!resource?.plugin) return 'Unknown'
    const device = resource.devices.get(id)
    // While it has not told of any yet, and when it does not any more.
    return device === undefined || device.health === HEALTHY ? 'Healthy' : 'Unhealthy'
  }

  /** By resource, with those that are healthy. */
  get healthyDevices(): ReadonlyMap<string, readonly PluginDevice[]> {
    return new Map(
      [...this.#resources].map(([name, { devices }]) => [
        name,
        [...devices.values()].filter(({ health }) => health === HEALTHY),
      ]),
    )
  }

  /** @returns with the devices as their plugin told of them last */
  devicesOf(uid: string, container: string): readonly { resource: string; devices: readonly PluginDevice[] }[] {
    const has: OfContainer = this.#allocations.of(uid, container)
    return [...has].map(([resource, { deviceIDs }]) => {
      const known = this.#resources.get(resource)?.devices
      const devices = deviceIDs.map(ID => known?.get(ID) ?? { ID, health: HEALTHY, topology: undefined })
      return { resource, devices }
    })
  }
}

const healthy = (devices: ReadonlyMap<string, PluginDevice>): string[] =>
  [...devices.values()].filter(({ health }) => health === HEALTHY).map(({ ID }) => ID).toSorted() // prettier-ignore

/** In the order in which they start. */
const containersOf = ({ spec }: Pod): { readonly container: Container; readonly isInit: boolean }[] => [
  ...(spec.initContainers ?? []).map(container => ({ container, isInit: true })),
  ...spec.containers.map(container => ({ container, isInit: false })),
]

/** The scheduler made a claim for it: its driver gives the devices. */
const isOfClaim = ({ status }: Pod, container: string, resource: string): boolean =>
  (status.extendedResourceClaimStatus?.requestMappings ?? []).some(
    mapping => mapping.containerName === container && mapping.resourceName === resource,
  )

/** `domain/name`, of a domain that is not Kubernetes' own. @see https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#extended-resources */
const isExtendedResource = (name: string): boolean =>
  !isNativeResource(name) &&
  !name.startsWith('requests.') &&
  /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(name)
