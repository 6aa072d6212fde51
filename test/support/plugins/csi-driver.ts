// A CSI driver for tests: it serves the node service over a real socket, registers, and mounts folders of its own for
// real. It knows the node's folder by the kubelet's name, as drivers in containers do.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  NODE_CAPABILITIES,
  type NodeCapability,
  nodeExpandVolume,
  nodeGetCapabilities,
  nodeGetInfo,
  nodeGetVolumeStats,
  nodePublishVolume,
  nodeStageVolume,
  nodeUnpublishVolume,
  nodeUnstageVolume,
} from '../../../src/agent/kubelet/csi/csi-api.ts'
import { knownPath, ownPath } from '../../../src/agent/kubelet/plugins/kubelet-folder.ts'
import { RpcError, type RpcCode, type Served, serveRpc, serves } from '../../../src/agent/kubelet/plugins/rpc.ts'
import { type Announced, announce } from './announce.ts'

export interface CsiCall {
  readonly method: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each method has a shape of its own
  readonly request: any
}

export interface TestCsiDriverOptions {
  /** The node's folder. */
  readonly dataDir: string
  readonly name: string
  readonly can?: readonly NodeCapability[]
  readonly topology?: Readonly<Record<string, string>>
  readonly maxVolumes?: number
}

const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'pipe' })
const unmount = (path: string) => {
  // What is not mounted was unmounted before: each call may come twice.
  while (
    execFileSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' })
      .split('\n')
      .some(line => line.split(' ')[4] === path)
  )
    // prettier-ignore
    execFileSync('umount', [path])
}

export class TestCsiDriver implements AsyncDisposable {
  readonly calls: CsiCall[] = []
  readonly #options: TestCsiDriverOptions
  readonly #folder: string
  #server: AsyncDisposable | undefined
  #announced: Announced | undefined
  #hangs: string | undefined
  #failure: { readonly method: string; readonly code: RpcCode; readonly message: string } | undefined

  private constructor(options: TestCsiDriverOptions) {
    this.#options = options
    this.#folder = join(options.dataDir, 'plugins', options.name)
  }

  static async start(options: TestCsiDriverOptions): Promise<TestCsiDriver> {
    const driver = new TestCsiDriver(options)
    await driver.start()
    return driver
  }

  async start(): Promise<void> {
    const { dataDir, name } = this.#options
    const endpoint = join(this.#folder, 'csi.sock')
    mkdirSync(this.#folder, { recursive: true })
    this.#server = await serveRpc(endpoint, this.#methods())
    this.#announced = await announce(join(dataDir, 'plugins_registry', `${name}-reg.sock`), {
      type: 'CSIPlugin',
      name,
      endpoint: knownPath(dataDir, endpoint),
      supportedVersions: ['1.0.0'],
    })
  }

  /** As when its pod ends. */
  async stop(): Promise<void> {
    await this.#announced?.[Symbol.asyncDispose]()
    await this.#server?.[Symbol.asyncDispose]()
  }

  get statuses() {
    return this.#announced?.statuses ?? []
  }

  /** What a volume holds, whoever mounts it. */
  disk(handle: string): string {
    const path = join(this.#folder, 'disks', handle)
    mkdirSync(path, { recursive: true })
    return path
  }

  /** Does not answer, until `heal`. */
  hang(method: string): void {
    this.#hangs = method
  }
  /** Until `heal`. */
  fail(method: string, code: RpcCode, message: string): void {
    this.#failure = { method, code, message }
  }
  heal(): void {
    this.#failure = undefined
    this.#hangs = undefined
  }

  of(method: string): readonly CsiCall['request'][] {
    return this.calls.filter(call => call.method === method).map(({ request }) => request as CsiCall['request'])
  }

  #own(path: string): string {
    return ownPath(this.#options.dataDir, path)
  }

  #methods(): Served[] {
    const { name, can = ['stageUnstage'], topology, maxVolumes = 0 } = this.#options
    const on = <R, A>(served: Served, method: string, answer: (request: R) => A): Served => ({
      ...served,
      answer: (async (request: R) => {
        this.calls.push({ method, request })
        const failure = this.#failure
        if (this.#hangs === method) return new Promise(() => undefined)
        if (failure?.method === method) throw new RpcError(failure.code, failure.message)
        return answer(request)
      }) as Served['answer'],
    })
    const none = async () => ({})
    return [
      on(serves(nodeGetInfo, none), 'NodeGetInfo', () => ({
        nodeId: `id-of-${name}`,
        maxVolumesPerNode: maxVolumes,
        ...(topology ? { accessibleTopology: { segments: topology } } : {}),
      })),
      on(serves(nodeGetCapabilities, none), 'NodeGetCapabilities', () => ({
        capabilities: can.map(each => ({ rpc: { type: NODE_CAPABILITIES[each] } })),
      })),
      on(
        serves(nodeStageVolume, none),
        'NodeStageVolume',
        (request: { volumeId: string; stagingTargetPath: string; volumeCapability?: { block?: object } }) => {
          // prettier-ignore
          if (!request.volumeCapability?.block) this.#bind(this.disk(request.volumeId), request.stagingTargetPath, false)
          return {}
        },
      ),
      on(
        serves(nodeUnstageVolume, none),
        'NodeUnstageVolume',
        ({ stagingTargetPath }: { stagingTargetPath: string }) => {
          // prettier-ignore
          unmount(this.#own(stagingTargetPath))
          return {}
        },
      ),
      on(
        serves(nodePublishVolume, none),
        'NodePublishVolume',
        (request: {
          volumeId: string
          targetPath: string
          readonly: boolean
          volumeCapability?: { block?: object }
        }) => {
          // prettier-ignore
          const { volumeId, targetPath, readonly, volumeCapability } = request
          if (volumeCapability?.block) this.#bindDevice(volumeId, targetPath)
          else this.#bind(this.disk(volumeId), targetPath, readonly)
          return {}
        },
      ),
      on(serves(nodeUnpublishVolume, none), 'NodeUnpublishVolume', ({ targetPath }: { targetPath: string }) => {
        const target = this.#own(targetPath)
        unmount(target)
        if (existsSync(target)) rmSync(target, { recursive: true })
        return {}
      }),
      on(serves(nodeExpandVolume, none), 'NodeExpandVolume', ({ capacityRange }: { capacityRange: { requiredBytes: number } }) => ({ capacityBytes: capacityRange.requiredBytes })), // prettier-ignore
      on(serves(nodeGetVolumeStats, none), 'NodeGetVolumeStats', () => ({
        usage: [
          { unit: 1, total: 1_000_000, used: 250_000, available: 750_000 },
          { unit: 2, total: 100, used: 10, available: 90 },
        ],
      })),
    ]
  }

  #bind(from: string, to: string, readonly: boolean): void {
    const target = this.#own(to)
    mkdirSync(target, { recursive: true })
    unmount(target)
    mount('--bind', from, target)
    if (readonly) mount('-o', 'remount,bind,ro', target)
  }

  /** Zeros, which no file of the container's own is. */
  #bindDevice(volume: string, to: string): void {
    const target = this.#own(to)
    const device = join(this.#folder, `${volume}.device`)
    if (!existsSync(device)) execFileSync('mknod', [device, 'c', '1', '5'])
    if (!existsSync(target)) writeFileSync(target, '')
    unmount(target)
    mount('--bind', device, target)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
