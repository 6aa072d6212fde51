// Client certificates that are refused although the CA signed them, and sessions of their users: CertificateRevocations,
// followed in the store.
import { CertificateRevocation } from '../../../shared/api/flotilla/v1.ts'
import type { ObjectStore, StoreError, WatchHandle } from '../../store/contract.ts'

export interface Revocations {
  /** @param issuedAtMs when the certificate was signed, or the session asked for */
  isRevoked(userName: string, issuedAtMs: number): boolean
  /** Called after every change: connections that were let in must be looked at again. */
  onChange(run: () => void): void
}

const PREFIX = `/registry/${CertificateRevocation.group}/${CertificateRevocation.plural}/`

export class RevocationIndex implements Revocations, Disposable {
  readonly #store: ObjectStore
  readonly #listeners: (() => void)[] = []
  #watch: WatchHandle | undefined
  /** User → certificates issued before this moment are refused. */
  #before = new Map<string, number>()

  constructor(store: ObjectStore) {
    this.#store = store
    this.#follow()
  }

  isRevoked(userName: string, issuedAtMs: number): boolean {
    const before = this.#before.get(userName)
    return before !== undefined && issuedAtMs < before
  }

  onChange(run: () => void): void {
    this.#listeners.push(run)
  }

  #follow(): void {
    this.#watch = this.#store.watch(PREFIX, {
      from: this.#store.revision,
      onEvent: () => this.#read(),
      onEnd: (error: StoreError) => {
        if (error.code !== 'Closed') this.#follow()
      },
    })
    this.#read()
  }

  /** There are few, and they change seldom. */
  #read(): void {
    this.#before = new Map()
    for (const { object } of this.#store.list(PREFIX).items) {
      const { userName, issuedBefore } = (object as unknown as CertificateRevocation).spec
      this.#before.set(userName, Math.max(Date.parse(issuedBefore), this.#before.get(userName) ?? 0))
    }
    for (const run of this.#listeners) run()
  }

  [Symbol.dispose](): void {
    this.#watch?.close()
  }
}
