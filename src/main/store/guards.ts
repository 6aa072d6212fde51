// Guarded writes on an engine that several processes write to: each puts the guard's own key in the same transaction,
// on top of the revision at which it was seen, and is refused when somebody was first. Then reads show what that one
// has written, and the guard is asked again.
//
//   here    sees guard at 7 ── holds ──▶ {service, guard ≥ 7} refused ── sees 9 ── does not hold ──▶ Overtaken
//   there   sees guard at 7 ── holds ──▶ {service, guard ≥ 7} is 9
//
// Somebody's write always goes through, so that all of them get on.
import {
  type Engine,
  type EngineRecord,
  type EngineWrite,
  type Guard,
  SETTINGS_PREFIX,
  StoreError,
} from './contract.ts'
import { KeyOrder } from './key-order.ts'

export const GUARDS_PREFIX = `${SETTINGS_PREFIX}guards/`
const MOST_TRIES = 64

export class Guards {
  readonly #engine: Engine
  /** Mod revisions of the guards, as of what reads show. */
  #seen = new Map<string, number>()
  /** Within this process nobody overtakes anybody. */
  readonly #order = new KeyOrder(Infinity)

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** To be told of every setting that is written, before reads show anything newer. */
  see({ key, revision }: Pick<EngineRecord, 'key' | 'revision'>): void {
    if (key.startsWith(GUARDS_PREFIX)) this.#seen.set(key, revision)
  }

  /** Another state has taken the place of the one known. */
  forget(): void {
    this.#seen = new Map()
  }

  /** @throws StoreError `Overtaken`, and what the engine refuses the writes with */
  async commit(writes: readonly EngineWrite[], guards: readonly Guard[]): Promise<number> {
    const keys = [...new Set(guards.map(({ name }) => GUARDS_PREFIX + name))]
    return this.#order.run(keys, async () => {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        if (!guards.every(guard => guard.holds())) break
        const held = keys.map(key => ({ key, value: '{}', expect: this.#seen.get(key) ?? 0 }))
        try {
          return await this.#engine.commit([...writes, ...held])
        } catch (error) {
          // The engine has told everything up to what it refused the transaction for.
          if (held.every(({ key, expect }) => (this.#seen.get(key) ?? 0) === expect)) throw error
        }
      }
      throw new StoreError('Overtaken', `others were first to write under ${guards.map(({ name }) => name).join(', ')}`)
    })
  }
}
