// Measurements of many things over the last hour, compactly: one row of times, one ring of numbers a thing.

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
