// The CSI drivers that have registered on this node.
import type { Plugin, PluginHandler } from '../plugins/plugin-manager.ts'
import { CsiDriver } from './csi-driver.ts'
import type { CsiNode } from './csi-node.ts'

export interface CsiDriversOptions {
  readonly csiNode: Pick<CsiNode, 'install' | 'uninstall'>
  /** A driver is there: volumes may have waited for it. */
  readonly onRegistered: () => void
  readonly signal: AbortSignal
}

const PLUGIN = 'kubernetes.io/csi'
const MAJOR = /^v?(\d+)(?:\.\d+)*/

export class CsiDrivers implements PluginHandler, Disposable {
  readonly #options: CsiDriversOptions
  readonly #drivers = new Map<string, CsiDriver>()

  constructor(options: CsiDriversOptions) {
    this.#options = options
  }

  /** @throws Error in upstream's words while it is not registered */
  get(name: string): CsiDriver {
    const driver = this.#drivers.get(name)
    if (!driver) throw new Error(`driver name ${name} not found in the list of registered CSI drivers`)
    return driver
  }

  validate({ name, supportedVersions }: Plugin): void {
    const refuse = (why: string): never => {
      throw new Error(`${PLUGIN}: ValidatePlugin for CSI driver ${JSON.stringify(name)} failed. ${why}`)
    }
    if (supportedVersions.length === 0) refuse('Plugin returned an empty list for supported versions')
    if (!supportedVersions.some(version => ['0', '1'].includes(MAJOR.exec(version)?.[1] ?? '')))
      refuse(`None of the versions specified ${JSON.stringify(supportedVersions)} are supported`)
  }

  /** The driver is told of in the cluster before it is used. */
  async register({ name, endpoint }: Plugin): Promise<void> {
    const { csiNode, signal, onRegistered } = this.#options
    const driver = await CsiDriver.connect(name, endpoint, signal)
    try {
      await csiNode.install(name, await driver.info())
    } catch (error) {
      driver[Symbol.dispose]()
      throw error
    }
    this.#drivers.get(name)?.[Symbol.dispose]()
    this.#drivers.set(name, driver)
    onRegistered()
  }

  async deregister({ name, endpoint }: Plugin): Promise<void> {
    const driver = this.#drivers.get(name)
    if (driver?.endpoint !== endpoint) return // another one has taken its place
    this.#drivers.delete(name)
    driver[Symbol.dispose]()
    await this.#options.csiNode.uninstall(name)
  }

  [Symbol.dispose](): void {
    for (const driver of this.#drivers.values()) driver[Symbol.dispose]()
    this.#drivers.clear()
  }
}
