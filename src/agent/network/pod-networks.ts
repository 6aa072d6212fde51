// Pods are connected by our own links, or by CNI plugins while a configuration for them is there. A pod stays with what
// connected its sandbox.
import type { PodAddresses, PodNetwork, PodSandbox } from '../contracts.ts'
import type { CniPodNetwork } from './cni/cni-pod-network.ts'

export class PodNetworks implements PodNetwork {
  readonly #own: PodNetwork
  readonly #cni: CniPodNetwork

  constructor(own: PodNetwork, cni: CniPodNetwork) {
    this.#own = own
    this.#cni = cni
  }

  get problem(): string | undefined {
    return this.#cni.problem
  }

  async setUp(sandbox: PodSandbox): Promise<PodAddresses> {
    await this.#cni.look()
    if (!this.#cni.isConfigured) {
      await this.#cni.tearDown(sandbox.uid)
      return this.#own.setUp(sandbox)
    }
    if (this.#own.addressesOf(sandbox.uid)) await this.#own.tearDown(sandbox.uid)
    return this.#cni.setUp(sandbox)
  }

  tearDown(podUid: string): Promise<void> {
    return (this.#cni.has(podUid) ? this.#cni : this.#own).tearDown(podUid)
  }

  addressesOf(podUid: string): PodAddresses | undefined {
    return this.#cni.addressesOf(podUid) ?? this.#own.addressesOf(podUid)
  }

  async retain(podUids: ReadonlySet<string>): Promise<void> {
    await Promise.all([this.#own.retain(podUids), this.#cni.retain(podUids)])
  }
}
