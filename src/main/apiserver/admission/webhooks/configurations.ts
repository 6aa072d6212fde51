// The webhooks of one kind of configuration, in the order in which they are called: by configuration, then as listed.
import type { MutatingWebhook, ValidatingWebhook } from '../../../../shared/api/admissionregistration/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { ObjectStore, WatchHandle } from '../../../store/contract.ts'

export type Webhook = MutatingWebhook | ValidatingWebhook

export interface ConfiguredWebhook {
  /** The webhook within its configuration; stays while the configuration does. */
  readonly id: string
  readonly configuration: string
  readonly webhook: Webhook
}

export class WebhookConfigurations implements Disposable {
  readonly #store: ObjectStore
  readonly #prefix: string
  #webhooks: readonly ConfiguredWebhook[] | undefined
  #watch: WatchHandle | undefined

  /** @param plural such as `mutatingwebhookconfigurations` */
  constructor(store: ObjectStore, plural: string) {
    this.#store = store
    this.#prefix = `/registry/admissionregistration.k8s.io/${plural}/`
  }

  /** As they are now; read once per change. */
  get webhooks(): readonly ConfiguredWebhook[] {
    if (!this.#watch) this.#follow()
    return (this.#webhooks ??= this.#read())
  }

  [Symbol.dispose](): void {
    this.#watch?.close()
    this.#watch = undefined
  }

  #follow(): void {
    this.#webhooks = undefined
    this.#watch = this.#store.watch(this.#prefix, {
      from: this.#store.revision,
      onEvent: () => {
        this.#webhooks = undefined
      },
      onEnd: () => {
        this.#watch = undefined
      },
    })
  }

  #read(): ConfiguredWebhook[] {
    return this.#store.list(this.#prefix).items.flatMap(({ object }) => {
      const { metadata, webhooks } = object as AnyObject & { readonly webhooks?: readonly Webhook[] }
      return (webhooks ?? []).map(webhook => ({
        id: `${metadata.name}/${webhook.name}`,
        configuration: metadata.name,
        webhook,
      }))
    })
  }
}
