// A life after the other: a store is written to until it reaches a point, there the power is cut, and what each kind of
// cut would have left is opened and compared with what was told. The next life goes on from one of them.
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import type { Engine, EngineWrite } from '../../../src/main/store/contract.ts'
import { type Disk, realDisk } from '../../../src/main/store/nedb/disk.ts'
import type { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { STORE_POINTS, type StorePoint } from '../../../src/main/store/nedb/points.ts'
import { randomFrom } from '../../support/random.ts'
import { AFTERMATHS, DurableDisk, KILLED } from './durable-disk.ts'
import { Ledger, stateOf } from './ledger.ts'

export type OpenNedb = typeof openNedbEngine

export interface PowerCutOptions {
  /** The engine under test, or a mutant of it. */
  readonly open: OpenNedb
  /** Empty. */
  readonly folder: string
  readonly seed: number
  /** How often the power is cut at each point. */
  readonly rounds: number
}

export interface PowerCutOutcome {
  readonly faults: readonly string[]
  /** Points at which the power was cut. */
  readonly cutAt: ReadonlySet<StorePoint>
  /** States that a cut may have left and that were opened. */
  readonly states: number
  readonly told: number
}

const WRITERS = 8
/** So many one after another, then it starts anew: what grows is slow to look at. */
const LIVES = 12
const OPTIONS = { segmentBytes: 4_000, garbageBytes: 0, reserveBytes: 0 }
/** Retries of the engine come at once. */
const clock = { ...systemClock, after: (delayMs: number, run: () => void) => systemClock.after(delayMs / 500, run) }
/** What is only looked at needs no sync. */
const lookingDisk: Disk = { ...realDisk, syncData: () => Promise.resolve(), syncFolder: () => Promise.resolve() }

export async function powerCuts({ open, folder, seed, rounds }: PowerCutOptions): Promise<PowerCutOutcome> {
  const random = randomFrom(seed)
  let ledger = new Ledger()
  let told = 0
  let unsynced: ReadonlyMap<string, number> | undefined
  const faults: string[] = []
  const cutAt = new Set<StorePoint>()
  let states = 0
  let dataDir = join(folder, 'life-0')
  mkdirSync(dataDir)
  const plan = Array.from({ length: rounds }, () => STORE_POINTS).flat()
  for (const [life, point] of plan.entries()) {
    if (life % LIVES === 0 && life > 0) {
      told += ledger.told
      unsynced = undefined
      ledger = new Ledger()
      mkdirSync((dataDir = join(folder, `fresh-${life}`)))
    }
    const disk = new DurableDisk(dataDir, join(folder, `shadow-${life}`), random, unsynced)
    unsynced = undefined
    const left = AFTERMATHS.map((_, at) => join(folder, `life-${life + 1}-${at}`))
    let chosen = Math.floor(random() * left.length)
    let cut: Promise<void> | undefined
    let passes = 1 + Math.floor(random() * 3)
    const power = new AbortController()
    disk.onPoint = reached => {
      if (reached !== point || power.signal.aborted || --passes > 0) return Promise.resolve()
      power.abort()
      cutAt.add(point)
      return (cut = lookAtAll())
    }
    const lookAtAll = async () => {
      // A tail that a killed process left in the page cache is the rarer thing to begin with.
      if (disk.unsynced.size > 0 && random() < 0.7) chosen = AFTERMATHS.indexOf(KILLED)
      if (AFTERMATHS[chosen] === KILLED) unsynced = disk.unsynced
      for (const [at, aftermath] of AFTERMATHS.entries()) {
        disk.leave(left[at]!, aftermath)
        // The life that goes on must not hold what the look writes.
        if (at === chosen) cpSync(left[at]!, `${left[at]!}-next`, { recursive: true })
        const fault = await look(left[at]!)
        states++
        if (fault) faults.push(`seed ${seed}, cut ${life} at ${point}, ${JSON.stringify(aftermath)}: ${fault}`)
      }
    }
    const lived = live(open, { ...OPTIONS, dataDir, disk, clock }, { life, point, power: power.signal, ledger, random })
    await lived.catch((error: unknown) => faults.push(`life ${life}: ${(error as Error).message}`))
    await cut
    if (!power.signal.aborted) faults.push(`life ${life} did not come to ${point}`)
    if (faults.length > 0) break
    dataDir = `${left[chosen]!}-next`
  }
  return { faults, cutAt, states, told: told + ledger.told }

  async function look(left: string): Promise<string | undefined> {
    try {
      const found = await open({ ...OPTIONS, dataDir: left, disk: lookingDisk })
      const state = await stateOf(found)
      const next = await found.commit([{ key: '/next', value: '1' }])
      await found[Symbol.asyncDispose]()
      const again = next > ledger.newest ? undefined : `the revision ${next} was given out before`
      return ledger.firstFault(state) ?? again
    } catch (error) {
      return `it does not open: ${(error as Error).message}`
    }
  }
}

interface Life {
  readonly life: number
  readonly point: StorePoint
  readonly power: AbortSignal
  readonly ledger: Ledger
  readonly random: () => number
}

/** Writes until the power goes, for as long as it takes to come to the point. */
async function live(open: OpenNedb, options: Parameters<OpenNedb>[0] & { disk: DurableDisk }, life: Life) {
  const { power, ledger, point } = life
  for (let opening = 0; opening < 4 && !power.aborted; opening++) {
    await using engine = await open(options)
    if (!power.aborted) ledger.adopt(await stateOf(engine))
    // Once the power is gone there is nobody who could hear of anything.
    engine.onCommit(records => {
      if (!power.aborted) ledger.listen(records)
    })
    if (!power.aborted) {
      if (point.startsWith('undo')) options.disk.full = true
      await Promise.all([
        ...Array.from({ length: WRITERS }, (_, id) => write(engine, id + opening * WRITERS, life)),
        maintain(engine, power),
      ])
    }
  }
}

async function write(engine: Engine, id: number, { life, power, ledger, random }: Life): Promise<void> {
  const mine = `/${life}/${id}`
  let last: number | undefined
  for (let i = 0; i < 20 && !power.aborted; i++) {
    const value = `${life}-${id}-${i} ${'v'.repeat(random() * 120)}`
    const choice = random()
    const writes: EngineWrite[] =
      choice < 0.6
        ? [
            { key: `${mine}/${i}/left`, value, expect: 0 },
            { key: `${mine}/${i}/right`, value, expect: 0 },
          ]
        : choice < 0.9 || last === undefined
          ? [{ key: `${mine}/hot`, value }]
          : [{ key: `${mine}/hot`, value: null, expect: last }]
    for (const { key, value } of writes) ledger.ask(key, value)
    try {
      const revision = await engine.commit(writes)
      if (!power.aborted) for (const { key, value } of writes) ledger.tell(key, { value, revision })
      if (writes[0]!.key.endsWith('hot')) last = writes[0]!.value === null ? undefined : revision
    } catch (error) {
      if ((error as { code?: string }).code !== 'NoSpace') throw error
      for (const { key, value } of writes) ledger.refused(key, value)
      await new Promise(resolve => setImmediate(resolve))
    }
  }
}

async function maintain(engine: Engine, power: AbortSignal): Promise<void> {
  for (let i = 0; i < 4 && !power.aborted; i++) {
    await new Promise(resolve => setTimeout(resolve, 3))
    if (engine.health().state === 'ok') await engine.compact(engine.revision, i === 3)
  }
}
