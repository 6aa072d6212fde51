// Follows the cluster that runs at the moment, if one does.
import type { KubeconfigIdentity } from '../data-folder/kubeconfig-file.ts'
import { type ClusterSummary, followCluster } from './cluster-summary.ts'

export class ClusterWatch implements AsyncDisposable {
  readonly #onChange: () => void
  #identity: KubeconfigIdentity | undefined
  #following: AsyncDisposable | undefined
  #summary: ClusterSummary | undefined
  #isOver = false

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get summary(): ClusterSummary | undefined {
    return this.#summary
  }

  /** Follows nothing more once disposed of. @param identity of the cluster that runs now */
  follow(identity: KubeconfigIdentity | undefined): void {
    if (this.#isOver || identity === this.#identity) return
    void this.#following?.[Symbol.asyncDispose]()
    this.#identity = identity
    this.#summary = undefined
    this.#following =
      identity &&
      followCluster(identity, summary => {
        if (identity !== this.#identity) return
        this.#summary = summary
        this.#onChange()
      })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#identity = undefined
    await this.#following?.[Symbol.asyncDispose]()
  }
}
