// Scheduling cycles alone, in one process: filter, score and assume for a backlog of pods of one workload.
import { podInfoOf } from '../../src/main/scheduler/cache/pod-info.ts'
import { SchedulerCache } from '../../src/main/scheduler/cache/scheduler-cache.ts'
import { defaultProfile } from '../../src/main/scheduler/profiles.ts'
import { CycleState } from '../../src/main/scheduler/framework/cycle-state.ts'
import { listersOf } from '../../src/main/scheduler/framework/listers.ts'
import { findFeasible, scoreNodes, selectNode } from '../../src/main/scheduler/framework/run-plugins.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { InformerFactory } from '../../src/shared/client/informer-factory.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { makeNode, makePod } from '../control/scheduler/fixtures.ts'

const [NODES, PODS] = [200, 2_000]
const client = {} as Client // cycles write nothing
const events = { event: () => undefined }
const listers = listersOf(new InformerFactory(client, systemClock))
const profile = defaultProfile({ client, clock: systemClock, listers, events, signal: new AbortController().signal })
const cache = new SchedulerCache()
for (let i = 0; i < NODES; i++) cache.setNode(makeNode(`node-${i}`))
const pods = Array.from({ length: PODS }, (_, i) =>
  makePod(`pod-${i}`, { labels: { app: 'web' }, requests: { cpu: '100m', memory: '64Mi' } }),
)
let start = 0
const from = performance.now()
for (const pod of pods) {
  const [state, info] = [new CycleState(), podInfoOf(pod)]
  const { feasible, nextStart } = findFeasible(profile, state, info, cache, start)
  start = nextStart
  const choice = selectNode(scoreNodes(profile, state, info, feasible), Math.random)
  if (!choice) throw new Error('a pod fits nowhere')
  cache.assume(info, choice.node.name)
}
const seconds = (performance.now() - from) / 1000
console.log(`${PODS} pods on ${NODES} nodes: ${(PODS / seconds).toFixed(0)} cycles/s`)
