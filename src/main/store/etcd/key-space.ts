// Where a cluster's keys lie in etcd: unchanged, under a prefix that keeps several clusters apart.
import type { KeyValue } from './messages.ts'

export class KeySpace {
  readonly #prefix: string
  /** First key of the cluster's range, and the first one after it. */
  readonly start: Buffer
  readonly end: Buffer
  /**
   * Written by every transaction. Its mod revision is the newest revision of this cluster, which no other reading tells:
   * etcd's own revision also counts what other users of the same etcd write, and no event for that reaches our watch.
   */
  readonly head: Buffer

  /** @param prefix such as `/flotilla`; empty = keys begin at etcd's root */
  constructor(prefix: string) {
    this.#prefix = prefix.replace(/\/+$/, '')
    this.start = Buffer.from(`${this.#prefix}/`)
    this.end = Buffer.from(`${this.#prefix}0`) // '0' follows '/'
    this.head = Buffer.from(`${this.#prefix}/.head`)
  }

  /** @throws TypeError for a key outside the contract's form */
  toEtcd(key: string): Buffer {
    if (!key.startsWith('/') || key === '/.head') throw new TypeError(`"${key}" is not a key of the store`)
    return Buffer.from(this.#prefix + key)
  }

  fromEtcd(key: Buffer): string {
    return key.toString('utf8').slice(this.#prefix.length)
  }

  isHead({ key }: KeyValue): boolean {
    return key.equals(this.head)
  }
}
