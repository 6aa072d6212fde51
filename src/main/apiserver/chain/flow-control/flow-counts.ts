// What has become of the requests of one flow schema at one priority level.
import { Buckets } from '../../../../shared/machinery/buckets.ts'

export type Rejection = 'concurrency-limit' | 'queue-full' | 'time-out' | 'cancelled'

const DURATIONS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
const LENGTHS = [0, 10, 25, 50, 100, 250, 500, 1000]
const SEATS = [1, 2, 4, 8, 16, 32, 64, 100]
const WATCHERS = [0, 1, 10, 100, 1000, 10_000]

export class FlowCounts {
  readonly level: string
  readonly schema: string
  executing = 0
  executingSeats = 0
  waiting = 0
  waitingSeats = 0
  dispatched = 0
  readonly rejected = new Map<Rejection, number>()
  readonly seats = new Buckets(SEATS)
  readonly queueLengths = new Buckets(LENGTHS)
  readonly watchers = new Buckets(WATCHERS)
  /** In seconds, as are those below. */
  readonly executedAfter = new Buckets(DURATIONS)
  readonly rejectedAfter = new Buckets(DURATIONS)
  readonly regular = new Buckets(DURATIONS)
  readonly watches = new Buckets(DURATIONS)

  constructor(level: string, schema: string) {
    this.level = level
    this.schema = schema
  }

  reject(why: Rejection): void {
    this.rejected.set(why, (this.rejected.get(why) ?? 0) + 1)
  }
}
