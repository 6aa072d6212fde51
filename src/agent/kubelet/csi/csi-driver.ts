// A CSI driver on this node, as the kubelet calls it.
import { type Method, RpcClient, RpcError } from '../plugins/rpc.ts'
import {
  ACCESS_MODES,
  type NodeCapability,
  type NodeInfo,
  NODE_CAPABILITIES,
  nodeGetCapabilities,
  nodeGetInfo,
} from './csi-api.ts'

/** How long a driver may take for one thing. */
const CALL_MS = 120_000

/** Codes after which the volume may have been mounted, or may yet be. */
const UNCERTAIN: readonly string[] = ['Canceled', 'DeadlineExceeded', 'Unavailable', 'ResourceExhausted', 'Aborted']

/** Whether what failed has certainly not happened, and does not go on. */
export const isFinal = (error: unknown): boolean => !(error instanceof RpcError) || !UNCERTAIN.includes(error.code)

export class CsiDriver implements Disposable {
  readonly name: string
  readonly endpoint: string
  readonly #client: RpcClient
  readonly #signal: AbortSignal
  #capabilities: Promise<ReadonlySet<number>> | undefined

  private constructor(name: string, endpoint: string, client: RpcClient, signal: AbortSignal) {
    this.name = name
    this.endpoint = endpoint
    this.#client = client
    this.#signal = signal
  }

  /**
   * @param endpoint its socket, as this process finds it
   * @param signal gives up what is asked of it: a driver that hangs holds up nobody who leaves
   */
  static async connect(name: string, endpoint: string, signal: AbortSignal): Promise<CsiDriver> {
    return new CsiDriver(name, endpoint, await RpcClient.open(endpoint), signal)
  }

  /** @throws RpcError */
  call<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    return this.#client.call(method, request, { timeoutMs: CALL_MS, signal: this.#signal })
  }

  info(): Promise<NodeInfo> {
    return this.call(nodeGetInfo, {})
  }

  /** Asked once: a driver that can do something else by now has registered anew. @throws RpcError */
  async can(capability: NodeCapability): Promise<boolean> {
    const asked = (this.#capabilities ??= this.#askCapabilities())
    asked.catch(() => (this.#capabilities = undefined))
    return (await asked).has(NODE_CAPABILITIES[capability])
  }

  async #askCapabilities(): Promise<ReadonlySet<number>> {
    const { capabilities } = await this.call(nodeGetCapabilities, {})
    return new Set(capabilities.map(({ rpc }) => rpc?.type ?? 0))
  }

  /** @param mode of a volume @returns what the driver calls it; older ones know no difference between pods of a node */
  async accessMode(mode: string): Promise<{ readonly mode: number }> {
    if (mode === 'ReadOnlyMany') return { mode: ACCESS_MODES.multiNodeReaderOnly }
    if (mode === 'ReadWriteMany') return { mode: ACCESS_MODES.multiNodeMultiWriter }
    if (!(await this.can('singleNodeMultiWriter'))) return { mode: ACCESS_MODES.singleNodeWriter }
    const isOnePod = mode === 'ReadWriteOncePod'
    return { mode: isOnePod ? ACCESS_MODES.singleNodeSingleWriter : ACCESS_MODES.singleNodeMultiWriter }
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]()
  }
}
