import { expect, test } from 'vitest'
import { runHistory } from './model/history.ts'

/** `npm run torture -- scheduler-histories` runs many more. */
const HISTORIES = Number(process.env['FLOTILLA_HISTORIES'] ?? 60)
const SEED = Number(process.env['FLOTILLA_HISTORY_SEED'] ?? 1)

test(
  'over random histories no node is over-committed, no hard rule broken, and no fitting node overlooked',
  async () => {
    let placed = 0
    for (let i = 0; i < HISTORIES; i++) {
      placed += runHistory(SEED + i).placed
      if (i % 20 === 0) await new Promise<void>(resolve => setImmediate(resolve))
    }
    expect(placed).toBeGreaterThan(HISTORIES * 5)
  },
  20_000 + HISTORIES * 500,
)
