// A device plugin as others write them: serves its socket, registers, and gives what a test says.
import { join } from 'node:path'
import {
  type ContainerAllocationInput,
  allocate,
  getDevicePluginOptions,
  getPreferredAllocation,
  listAndWatch,
  preStartContainer,
  register,
} from '../../../src/agent/kubelet/devices/device-plugin-api.ts'
import { deferred } from '../../../src/shared/machinery/deferred.ts'
import { RpcClient, serveRpc, serves } from '../../../src/agent/kubelet/plugins/rpc.ts'

export interface DevicePluginSettings {
  readonly resource: string
  /** Id → health. */
  readonly devices: Readonly<Record<string, string>>
  readonly preStartRequired?: boolean
  /** Which it prefers, if it does. */
  readonly prefers?: readonly string[]
  /** @throws Error for what the kubelet is told */
  readonly give: (ids: readonly string[]) => ContainerAllocationInput
}

export class TestDevicePlugin implements AsyncDisposable {
  readonly #settings: DevicePluginSettings
  readonly #folder: string
  readonly #name: string
  #devices: Readonly<Record<string, string>>
  #changed = deferred()
  #server: AsyncDisposable | undefined
  /** What it was asked, in order. */
  readonly calls: string[] = []

  constructor(folder: string, settings: DevicePluginSettings) {
    this.#folder = folder
    this.#settings = settings
    this.#devices = settings.devices
    this.#name = `${settings.resource.replace('/', '-')}.sock`
  }

  get socket(): string {
    return join(this.#folder, this.#name)
  }

  async serve(): Promise<void> {
    const { preStartRequired = false, prefers, give } = this.#settings
    this.#server = await serveRpc(this.socket, [
      serves(getDevicePluginOptions, async () => ({
        preStartRequired,
        getPreferredAllocationAvailable: prefers !== undefined,
      })),
      serves(listAndWatch, (_request, signal) => this.#tell(signal)),
      serves(getPreferredAllocation, async ({ containerRequests }) => {
        const [{ availableDeviceIDs = [], mustIncludeDeviceIDs = [], allocationSize = 0 } = {}] = containerRequests
        this.calls.push(`prefer ${allocationSize} of ${[...availableDeviceIDs].sort().join(',')}`)
        const likes = (prefers ?? []).filter(id => availableDeviceIDs.includes(id))
        const deviceIDs = [...new Set([...mustIncludeDeviceIDs, ...likes])].slice(0, allocationSize)
        return { containerResponses: [{ deviceIDs }] }
      }),
      serves(allocate, async ({ containerRequests }) => {
        const [{ devicesIDs = [] } = {}] = containerRequests
        this.calls.push(`allocate ${[...devicesIDs].sort().join(',')}`)
        return { containerResponses: [give(devicesIDs)] }
      }),
      serves(preStartContainer, async ({ devicesIDs }) => {
        this.calls.push(`prestart ${[...devicesIDs].sort().join(',')}`)
        return {}
      }),
    ])
  }

  /** As its program does after it began to serve. */
  async register(version = 'v1beta1'): Promise<void> {
    using client = await RpcClient.open(join(this.#folder, 'kubelet.sock'))
    const { resource } = this.#settings
    await client.call(register, { version, endpoint: this.#name, resourceName: resource }, { timeoutMs: 10_000 })
  }

  set(devices: Readonly<Record<string, string>>): void {
    this.#devices = devices
    this.#changed.resolve()
    this.#changed = deferred()
  }

  async *#tell(signal: AbortSignal) {
    const gone = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    while (!signal.aborted) {
      const changed = this.#changed.promise
      yield { devices: Object.entries(this.#devices).map(([ID, health]) => ({ ID, health })) }
      await Promise.race([changed, gone])
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]()
  }
}
