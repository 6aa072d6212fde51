// Turns of the event loop for work that takes long: one between two looks at the connections, however many ask for one.
// Every other turn is the oldest work's, so that some of it gets done; the others are whose had fewest, so that little
// work need not wait for all that is large.

/** What takes several turns. */
interface Work {
  /** In the order in which it began. */
  readonly order: number
  turns: number
}

interface Waiter {
  readonly work: Work
  readonly go: () => void
}

type Order = (a: Work, b: Work) => number
const byAge: Order = (a, b) => a.order - b.order
const byTurns: Order = (a, b) => a.turns - b.turns || b.order - a.order

let begun = 0
export const beginWork = (): Work => ({ order: begun++, turns: 0 })

const waiting = new Set<Waiter>()
let isGiving = false
let order = byAge

/** Resolves when the work's turn has come. */
export function turnFor(work: Work): Promise<void> {
  return new Promise(resolve => {
    waiting.add({ work, go: resolve })
    if (!isGiving) giveSoon()
  })
}

function giveSoon(): void {
  isGiving = true
  setImmediate(() => {
    isGiving = false
    giveOne()
    order = order === byAge ? byTurns : byAge
    if (waiting.size > 0) giveSoon()
  })
}

function giveOne(): void {
  let first: Waiter | undefined
  for (const waiter of waiting) if (!first || order(waiter.work, first.work) < 0) first = waiter
  if (!first) return
  waiting.delete(first)
  first.work.turns++
  first.go()
}
