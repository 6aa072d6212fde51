// A driver of dynamic resources as others write them: announces itself, makes devices ready as a test says, and tells
// of their health.
import { join } from 'node:path'
import {
  type ClaimReference,
  DRA_SERVICES,
  type DraService,
  nodeWatchResources,
} from '../../../src/agent/kubelet/devices/dra-api.ts'
import { serveRpc, serves } from '../../../src/agent/kubelet/plugins/rpc.ts'
import { deferred } from '../../../src/shared/machinery/deferred.ts'
import { type Announced, announce } from './announce.ts'

export interface DriverSettings {
  readonly name: string
  readonly service?: DraService
  /** @throws Error for what the kubelet is told of the claim */
  readonly prepare: (claim: ClaimReference) => readonly {
    readonly requestNames: readonly string[]
    readonly poolName: string
    readonly deviceName: string
    readonly cdiDeviceIDs: readonly string[]
  }[]
}

export class TestDraDriver implements AsyncDisposable {
  readonly #dataDir: string
  readonly #settings: DriverSettings
  #served: AsyncDisposable | undefined
  announced: Announced | undefined
  readonly calls: string[] = []
  /** 1 = healthy, 2 = not. */
  #health = 1
  /** Devices of which it tells besides. */
  #others: readonly string[] = []
  #changed = deferred()
  /** Why it takes no claim back. */
  refusal = ''
  /** How long it takes to take claims back. */
  takingBack: Promise<void> = Promise.resolve()

  constructor(dataDir: string, settings: DriverSettings) {
    this.#dataDir = dataDir
    this.#settings = settings
  }

  async start(): Promise<void> {
    const { name, prepare, service = 'v1.DRAPlugin' } = this.#settings
    const endpoint = `plugins/${name}/dra.sock`
    const { nodePrepareResources, nodeUnprepareResources } = DRA_SERVICES[service]
    this.#served = await serveRpc(join(this.#dataDir, endpoint), [
      serves(nodePrepareResources, async ({ claims }) => {
        const answer = (claim: ClaimReference) => {
          this.calls.push(`prepare ${claim.name}`)
          try {
            return { devices: prepare(claim) }
          } catch (error) {
            return { error: (error as Error).message }
          }
        }
        return { claims: Object.fromEntries(claims.map(claim => [claim.uid, answer(claim)])) }
      }),
      serves(nodeUnprepareResources, async ({ claims }) => {
        for (const claim of claims) this.calls.push(`unprepare ${claim.name}`)
        await this.takingBack
        return { claims: Object.fromEntries(claims.map(({ uid }) => [uid, { error: this.refusal }])) }
      }),
      serves(nodeWatchResources, (_request, signal) => this.#tell(signal)),
    ])
    this.announced = await announce(join(this.#dataDir, `plugins_registry/${name}-reg.sock`), {
      type: 'DRAPlugin',
      name,
      endpoint: `/var/lib/kubelet/${endpoint}`,
      supportedVersions: [service],
    })
  }

  fail(): void {
    this.#health = 2
    this.#tellAnew()
  }

  /** Tells of the health of these devices, before its own. */
  tellOf(others: readonly string[]): void {
    this.#others = others
    this.#tellAnew()
  }

  #tellAnew(): void {
    this.#changed.resolve()
    this.#changed = deferred()
  }

  async *#tell(signal: AbortSignal) {
    const gone = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    while (!signal.aborted) {
      const changed = this.#changed.promise
      const devices = [...this.#others, 'dev'].map(deviceName => ({
        device: { poolName: 'pool', deviceName },
        health: this.#health,
        healthCheckTimeoutSeconds: 600,
        message: 'as told',
      }))
      yield { devices }
      await Promise.race([changed, gone])
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.announced?.[Symbol.asyncDispose]()
    await this.#served?.[Symbol.asyncDispose]()
  }
}
