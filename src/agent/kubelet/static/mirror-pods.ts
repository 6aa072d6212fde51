// Mirror pods: copies of static pods in the API, so that they are seen there. The API's copy decides nothing; it is made
// again when it is deleted or of another version.
import { Pod } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import type { Lister } from '../../../shared/client/lister.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { isAlreadyExists, isNotFound } from '../../../shared/machinery/status.ts'
import { CONFIG_MIRROR, hashOf, isMirror } from './manifests.ts'

export interface MirrorPodsOptions {
  readonly client: Client
  /** Pods of this node, as the API has them. */
  readonly lister: Lister<Pod>
  readonly node: () => { readonly name: string; readonly uid: string } | undefined
  readonly log: Log
}

export class MirrorPods {
  readonly #options: MirrorPodsOptions
  #running: Promise<void> | undefined

  constructor(options: MirrorPodsOptions) {
    this.#options = options
  }

  /** Makes the mirrors match the static pods; calls while one runs join it. */
  sync(pods: readonly Pod[]): Promise<void> {
    this.#running ??= this.#sync(pods).finally(() => (this.#running = undefined))
    return this.#running
  }

  async #sync(pods: readonly Pod[]): Promise<void> {
    const { lister, log } = this.#options
    const wanted = new Map(pods.map(pod => [`${pod.metadata.namespace}/${pod.metadata.name}`, pod]))
    try {
      for (const mirror of lister.list().filter(isMirror)) {
        const key = `${mirror.metadata.namespace}/${mirror.metadata.name}`
        const pod = wanted.get(key)
        const right = pod && mirror.metadata.annotations?.[CONFIG_MIRROR] === hashOf(pod)
        if (right && !mirror.metadata.deletionTimestamp) wanted.delete(key)
        else await this.#remove(mirror)
      }
      for (const pod of wanted.values()) await this.#create(pod)
    } catch (error) {
      log.warn({ error: String(error) }, 'mirror pods not in sync')
    }
  }

  async #remove({ metadata: { namespace, name, uid } }: Pod): Promise<void> {
    const options = { gracePeriodSeconds: 0, preconditions: { uid } }
    await this.#options.client.delete(Pod, { namespace, name }, options).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
  }

  async #create(pod: Pod): Promise<void> {
    const node = this.#options.node()
    if (!node) return
    const { name, namespace, labels, annotations } = pod.metadata
    const owner = { apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid, controller: true }
    const metadata = {
      name,
      namespace,
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [CONFIG_MIRROR]: hashOf(pod) },
      ownerReferences: [owner],
    }
    await this.#options.client.create(Pod, { metadata, spec: pod.spec }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
  }
}
