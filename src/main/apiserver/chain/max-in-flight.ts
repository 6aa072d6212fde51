// Bounds how many requests are worked on at a time; long-running ones are not counted.
import { tooManyRequests } from '../../../shared/machinery/status.ts'

export interface InFlightLimits {
  readonly reading: number
  readonly mutating: number
}

/** Upstream's defaults. */
export const DEFAULT_LIMITS: InFlightLimits = { reading: 400, mutating: 200 }

export class InFlight {
  readonly limits: InFlightLimits
  reading = 0
  mutating = 0

  constructor(limits: InFlightLimits) {
    this.limits = limits
  }

  /** @throws ApiError 429 with Retry-After when the bound is reached */
  assertRoom(kind: 'reading' | 'mutating'): void {
    if (this[kind] >= this.limits[kind])
      throw tooManyRequests('The server has received too many requests and has asked us to try again later', 1)
  }

  async run<T>(kind: 'reading' | 'mutating', work: () => Promise<T>): Promise<T> {
    this[kind]++
    try {
      return await work()
    } finally {
      this[kind]--
    }
  }
}
