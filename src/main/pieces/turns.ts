// Turns of the event loop for work that takes long: one between two looks at the connections, however many ask for one.
// Every other turn is the oldest work's, so that some of it gets done; the others are whose had fewest, so that little
// work need not wait for all that is large. What never ends would be the oldest for ever: it has every third turn.

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
/** For work that never ends, in the order in which it asked. */
const endless: (() => void)[] = []
let isGiving = false
let order = byAge
/** Turns that others had since the last one of what never ends. */
let since = 0

/** Resolves when the work's turn has come. @param work undefined for what never ends */
export function turnFor(work: Work | undefined): Promise<void> {
  return new Promise(resolve => {
    if (work) waiting.add({ work, go: resolve })
    else endless.push(resolve)
    if (!isGiving) giveSoon()
  })
}

function giveSoon(): void {
  isGiving = true
  setImmediate(() => {
    isGiving = false
    if (endless.length > 0 && (since >= 2 || waiting.size === 0)) giveEndless()
    else giveOne()
    if (waiting.size + endless.length > 0) giveSoon()
  })
}

function giveEndless(): void {
  since = 0
  endless.shift()?.()
}

function giveOne(): void {
  since++
  let first: Waiter | undefined
  for (const waiter of waiting) if (!first || order(waiter.work, first.work) < 0) first = waiter
  order = order === byAge ? byTurns : byAge
  if (!first) return
  waiting.delete(first)
  first.work.turns++
  first.go()
}
