// What two readings of a node's counters tell: rates over the time between the readings.
import { expect, it } from 'vitest'
import { measure, readingOf } from '../../src/main/apiserver/metrics-api/readings.ts'

const START_MS = Date.parse('2026-05-01T10:00:00Z')

/** @param cpuMs processor time used so far */
function read({
  askedMs,
  answeredMs,
  cpuMs,
  time,
}: {
  askedMs: number
  answeredMs: number
  cpuMs: number
  time: string
}) {
  const counters = { cpu: { time, usageCoreNanoSeconds: cpuMs * 1e6 }, memory: { time, workingSetBytes: 1 << 20 } }
  const pod = {
    podRef: { namespace: 'default', name: 'web' },
    containers: [{ name: 'c', startTime: 'once', ...counters }],
  }
  return readingOf(
    { node: { startTime: 'once', ...counters }, pods: [pod] },
    { atMs: START_MS + answeredMs, askedMs, monotonicMs: answeredMs },
  )
}
const after = (ms: number) => new Date(START_MS + ms).toISOString()
const first = (time: string) => read({ askedMs: 0, answeredMs: 100, cpuMs: 500, time })
/** Two seconds later, with an answer that takes nearly another. */
const second = (time: string) => read({ askedMs: 2_000, answeredMs: 2_900, cpuMs: 2_500, time })
const coresOf = ({ node, pods }: ReturnType<typeof measure>) => ({
  node: parseInt(node?.cpu ?? '') / 1e9,
  pod: parseInt(pods.get('default/web')?.[0]?.usage.cpu ?? '') / 1e9,
})

it('a rate is over the time between two readings, however long the answers took', () => {
  expect(coresOf(measure(first(after(50)), second(after(2_050))))).toEqual({ node: 1, pod: 1 })
})
it.each([
  ['was set forward meanwhile', after(50), after(3_600_000)],
  ['was set back meanwhile', after(50), after(-3_600_000)],
  ['tells whole seconds', '2026-05-01T10:00:00Z', '2026-05-01T10:00:02Z'],
  ['tells nothing', '', ''],
])('where the clock of the node %s, it is over the time between the answers', (_what, from, to) => {
  const { node, pod } = coresOf(measure(first(from), second(to)))
  expect(node).toBeCloseTo(2 / 2.8, 5)
  expect(pod).toBe(node)
})
