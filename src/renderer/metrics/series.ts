// Measurements of many things over the last hours, compactly: one row of times, one ring of numbers a thing.

/** 15 seconds apart, that is an hour. */
export const CAPACITY = 240

export interface Usage {
  /** Cores. */
  readonly cpu: number
  /** Bytes. */
  readonly memory: number
}

export interface Sample extends Usage {
  /** Milliseconds since the epoch. */
  readonly at: number
}

interface Ring {
  readonly cpu: Float32Array
  readonly memory: Float32Array
  lastTick: number
}

export class UsageSeries {
  readonly #capacity: number
  readonly #times: Float64Array
  readonly #rings = new Map<string, Ring>()
  #ticks = 0

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity
    this.#times = new Float64Array(capacity)
  }

  get size(): number {
    return this.#rings.size
  }

  /** Takes one reading of everything; what has not been seen for the whole length of a ring is forgotten. */
  add(at: number, readings: Iterable<readonly [key: string, usage: Usage]>): void {
    const tick = this.#ticks++
    const slot = tick % this.#capacity
    this.#times[slot] = at
    for (const ring of this.#rings.values()) ring.cpu[slot] = ring.memory[slot] = Number.NaN
    for (const [key, { cpu, memory }] of readings) {
      let ring = this.#rings.get(key)
      if (!ring) {
        ring = {
          cpu: new Float32Array(this.#capacity).fill(Number.NaN),
          memory: new Float32Array(this.#capacity).fill(Number.NaN),
          lastTick: tick,
        }
        this.#rings.set(key, ring)
      }
      ring.cpu[slot] = cpu
      ring.memory[slot] = memory
      ring.lastTick = tick
    }
    for (const [key, { lastTick }] of this.#rings) if (tick - lastTick >= this.#capacity) this.#rings.delete(key)
  }

  /** Oldest first; moments at which the thing was not measured are left out. */
  samples(key: string, atMost = this.#capacity): Sample[] {
    const ring = this.#rings.get(key)
    if (!ring) return []
    const samples: Sample[] = []
    const first = Math.max(0, this.#ticks - Math.min(atMost, this.#capacity))
    for (let tick = first; tick < this.#ticks; tick++) {
      const slot = tick % this.#capacity
      const [at, cpu, memory] = [this.#times[slot], ring.cpu[slot], ring.memory[slot]]
      if (at !== undefined && cpu !== undefined && memory !== undefined && !Number.isNaN(cpu))
        samples.push({ at, cpu, memory })
    }
    return samples
  }

  /** The newest measurement, if it is not older than two readings. */
  latest(key: string): Usage | undefined {
    return this.samples(key, 2).at(-1)
  }
}

/** So far apart are those that are older than an hour: of a ring, that is eight hours. */
const COARSE_MS = 120_000
/** Readings come a little early or late. */
const JITTER_MS = 5_000

/** The last hour as it was read, and before it one reading in two minutes. */
export class UsageHistory {
  readonly #fine = new UsageSeries()
  readonly #coarse = new UsageSeries()
  #coarseAt = -Infinity

  add(at: number, readings: readonly (readonly [key: string, usage: Usage])[]): void {
    this.#fine.add(at, readings)
    if (at - this.#coarseAt < COARSE_MS - JITTER_MS) return
    this.#coarseAt = at
    this.#coarse.add(at, readings)
  }

  /** Oldest first. @param atMost so many of the newest; else all */
  samples(key: string, atMost?: number): Sample[] {
    const fine = this.#fine.samples(key, atMost)
    if (atMost !== undefined) return fine
    const from = fine[0]?.at ?? Infinity
    return [...this.#coarse.samples(key).filter(({ at }) => at < from), ...fine]
  }

  latest(key: string): Usage | undefined {
    return this.#fine.latest(key)
  }
}
