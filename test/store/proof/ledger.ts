// What the outside knows of a store: what it was told is written, and what it asked for and had no answer to. A store
// that was found again must fit it.
import type { Engine, EngineRecord } from '../../../src/main/store/contract.ts'

export interface Written {
  readonly revision: number
  /** null = deleted. */
  readonly value: string | null
}

export class Ledger {
  /** Newest state that was acknowledged or told of, by key. */
  readonly #known = new Map<string, Written>()
  /** What may have been written without anybody having been told. */
  readonly #open = new Map<string, Set<string | null>>()
  newest = 0
  told = 0

  ask(key: string, value: string | null): void {
    this.#open.set(key, (this.#open.get(key) ?? new Set()).add(value))
  }

  /** The answer was a refusal: it is not written. */
  refused(key: string, value: string | null): void {
    this.#open.get(key)?.delete(value)
  }

  tell(key: string, written: Written): void {
    this.told++
    this.newest = Math.max(this.newest, written.revision)
    if ((this.#known.get(key)?.revision ?? 0) > written.revision) return
    this.#known.set(key, written)
    this.#open.get(key)?.delete(written.value)
  }

  readonly listen = (records: readonly EngineRecord[]): void => {
    for (const { key, value, revision } of records) this.tell(key, { value, revision })
  }

  /** @returns what does not fit, in a sentence; undefined when all is well */
  firstFault({ revision, found }: FoundState): string | undefined {
    if (revision < this.newest) return `the revision went back from ${this.newest} to ${revision}`
    for (const key of new Set([...this.#known.keys(), ...found.keys()])) {
      const known = this.#known.get(key)
      const there = found.get(key)
      const same = (known?.value ?? null) === (there?.value ?? null) && (!there || known?.revision === there.revision)
      if (!same && !this.#open.get(key)?.has(there?.value ?? null))
        return `${key} was told as ${show(known)} and is ${show(there)}`
    }
    for (const [key, { revision }] of found) {
      const twin = twinOf(key)
      if (twin && found.get(twin)?.revision !== revision) return `${key} is there without ${twin}: a torn transaction`
    }
    return undefined
  }

  /** From here on everybody knows what was found. */
  adopt({ found }: FoundState): void {
    this.#open.clear()
    this.#known.clear()
    for (const [key, { value, revision }] of found) this.#known.set(key, { value, revision })
  }
}

export interface FoundState {
  readonly revision: number
  readonly found: ReadonlyMap<string, EngineRecord>
}

export async function stateOf(engine: Engine): Promise<FoundState> {
  const found = new Map<string, EngineRecord>()
  for await (const batch of engine.load()) for (const record of batch) found.set(record.key, record)
  return { revision: engine.revision, found }
}

/** Keys that are only ever written together end in `/left` and `/right`. */
export function twinOf(key: string): string | undefined {
  if (key.endsWith('/left')) return key.replace(/left$/, 'right')
  return key.endsWith('/right') ? key.replace(/right$/, 'left') : undefined
}

const show = (written: Written | undefined) =>
  written ? `${written.value?.slice(0, 20) ?? 'deleted'} at ${written.revision}` : 'nothing'
