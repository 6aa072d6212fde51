// One device plugin: what it has, as it tells, and what it is asked for.
import { RpcClient } from '../plugins/rpc.ts'
import {
  type ContainerAllocation,
  type DevicePluginOptions,
  type PluginDevice,
  allocate,
  getDevicePluginOptions,
  getPreferredAllocation,
  listAndWatch,
  preStartContainer,
} from './device-plugin-api.ts'

const CONNECT_MS = 10_000
const PRE_START_MS = 30_000

export class DevicePlugin implements Disposable {
  readonly #client: RpcClient
  readonly #stop = new AbortController()
  /** Its socket. */
  readonly endpoint: string
  readonly options: DevicePluginOptions

  private constructor(client: RpcClient, endpoint: string, options: DevicePluginOptions) {
    this.#client = client
    this.endpoint = endpoint
    this.options = options
  }

  /** @param signal gives up waiting for it @throws RpcError when it does not answer */
  static async connect(endpoint: string, signal: AbortSignal): Promise<DevicePlugin> {
    const client = await RpcClient.open(endpoint)
    const limits = { timeoutMs: CONNECT_MS, signal }
    try {
      await client.ready(limits)
      return new DevicePlugin(client, endpoint, await client.call(getDevicePluginOptions, {}, limits))
    } catch (error) {
      client[Symbol.dispose]()
      throw error
    }
  }

  /** Its devices, each time that they change; ends with the plugin. */
  async *devices(): AsyncGenerator<readonly PluginDevice[], void> {
    for await (const { devices } of this.#client.stream(listAndWatch, {}, this.#stop.signal)) yield devices
  }

  /** @throws RpcError, Error */
  async allocate(devicesIDs: readonly string[]): Promise<ContainerAllocation> {
    const { containerResponses } = await this.#client.call(
      allocate,
      { containerRequests: [{ devicesIDs }] },
      { signal: this.#stop.signal },
    )
    const [response] = containerResponses
    if (!response) throw new Error('no containers return in allocation response')
    return response
  }

  /** @returns ids, those that it likes best; none when it does not choose @throws Error */
  async preferred(available: readonly string[], mustInclude: readonly string[], size: number): Promise<Set<string>> {
    if (!this.options.getPreferredAllocationAvailable) return new Set()
    const request = { availableDeviceIDs: available, mustIncludeDeviceIDs: mustInclude, allocationSize: size }
    try {
      const { containerResponses } = await this.#client.call(
        getPreferredAllocation,
        { containerRequests: [request] },
        { signal: this.#stop.signal },
      )
      return new Set(containerResponses[0]?.deviceIDs)
    } catch (error) {
      throw new Error(`device plugin GetPreferredAllocation rpc failed with err: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  /** @throws Error */
  async preStart(devicesIDs: readonly string[]): Promise<void> {
    if (!this.options.preStartRequired) return
    const limits = { timeoutMs: PRE_START_MS, signal: this.#stop.signal }
    try {
      await this.#client.call(preStartContainer, { devicesIDs }, limits)
    } catch (error) {
      throw new Error(`device plugin PreStartContainer rpc failed with err: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new Error('the plugin is gone'))
    this.#client[Symbol.dispose]()
  }
}
