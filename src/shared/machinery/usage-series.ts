// Measurements of many things over the last hours, compactly: one row of times, one ring of numbers a thing.

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
  readonly #most: number
  readonly #times: Float64Array
  readonly #rings = new Map<string, Ring>()
  #ticks = 0

  /**
   * @param capacity how many readings are kept
   * @param most of how many things; beyond it, those that were not seen for longest are forgotten
   */
  constructor(capacity: number, most = Infinity) {
    this.#capacity = capacity
    this.#most = most
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
      // In the order in which they were seen last.
      this.#rings.delete(key)
      this.#rings.set(key, ring)
    }
    for (const key of this.#rings.keys()) {
      if (this.#rings.size <= this.#most) break
      this.#rings.delete(key)
    }
    for (const [key, { lastTick }] of this.#rings) if (tick - lastTick >= this.#capacity) this.#rings.delete(key)
  }

  /** How many readings there are of what was always there. */
  get length(): number {
    return Math.min(this.#ticks, this.#capacity)
  }

  /**
   * Oldest first; moments at which the thing was not measured are left out.
   * @param atMost so many of the newest readings
   * @param every one in so many, counted from the newest: the same moments for all things
   */
  samples(key: string, atMost = this.#capacity, every = 1): Sample[] {
    const ring = this.#rings.get(key)
    if (!ring) return []
    const samples: Sample[] = []
    const count = Math.min(atMost, this.length)
    const first = this.#ticks - 1 - Math.floor((count - 1) / every) * every
    for (let tick = first; count > 0 && tick < this.#ticks; tick += every) {
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
