// Scheduling cycles alone, in one process: filter, score and assume, for a backlog of pods of each class. Counted in
// processor time, which neighbours on the machine do not change.
import { podInfoOf } from '../../src/main/scheduler/cache/pod-info.ts'
import { SchedulerCache } from '../../src/main/scheduler/cache/scheduler-cache.ts'
import { CycleState } from '../../src/main/scheduler/framework/cycle-state.ts'
import { having } from '../../src/main/scheduler/framework/profile.ts'
import { listersOf } from '../../src/main/scheduler/framework/listers.ts'
import { findFeasible, scoreNodes, selectNode } from '../../src/main/scheduler/framework/run-plugins.ts'
import { defaultProfile } from '../../src/main/scheduler/profiles.ts'
import type { PodSpec } from '../../src/shared/api/core/v1.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { InformerFactory } from '../../src/shared/client/informer-factory.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { type PodParts, makeNode, makePod } from '../control/scheduler/fixtures.ts'

const client = {} as Client // cycles write nothing
const events = { event: () => undefined }
const listers = listersOf(new InformerFactory(client, systemClock))
const profile = defaultProfile({
  client,
  clock: systemClock,
  listers,
  events,
  random: Math.random,
  signal: new AbortController().signal,
})

const labels = { app: 'web' }
const term = (topologyKey: string) => ({ topologyKey, labelSelector: { matchLabels: labels } })
const required = (topologyKey: string) => ({ requiredDuringSchedulingIgnoredDuringExecution: [term(topologyKey)] })
const classes: Readonly<Record<string, () => Partial<PodSpec>>> = {
  plain: () => ({}),
  spreading: () => ({
    topologySpreadConstraints: [
      { ...term('topology.kubernetes.io/zone'), maxSkew: 5, whenUnsatisfiable: 'DoNotSchedule' },
    ],
  }),
  'preferred spreading': () => ({
    topologySpreadConstraints: [
      { ...term('topology.kubernetes.io/zone'), maxSkew: 5, whenUnsatisfiable: 'ScheduleAnyway' },
    ],
  }),
  affinity: () => ({ affinity: { podAffinity: required('topology.kubernetes.io/zone') } }),
  'anti-affinity': () => ({ affinity: { podAntiAffinity: required('kubernetes.io/hostname') } }),
}

function run(nodes: number, pods: number, parts: () => PodParts): number {
  const cache = new SchedulerCache()
  for (let i = 0; i < nodes; i++)
    cache.setNode(makeNode(`node-${i}`, { labels: { 'topology.kubernetes.io/zone': `zone-${i % 10}` } }))
  const backlog = Array.from({ length: pods }, (_, i) => makePod(`pod-${i}`, parts()))
  let start = 0
  const from = process.cpuUsage()
  for (const pod of backlog) {
    const [state, info] = [new CycleState(), podInfoOf(pod)]
    const { feasible, nextStart } = findFeasible(profile, state, info, cache, start)
    start = nextStart
    const choice = selectNode(scoreNodes(profile, state, info, feasible), Math.random)
    if (!choice) throw new Error('a pod fits nowhere')
    cache.assume(info, choice.node.name)
  }
  const { user, system } = process.cpuUsage(from)
  return pods / ((user + system) / 1e6)
}

/** A crowd that takes the places of as many others: each finds the node on which another goes for it. */
function runPreemptors(nodes: number, crowd: number): number {
  const cache = new SchedulerCache()
  for (let i = 0; i < nodes; i++) {
    cache.setNode(makeNode(`node-${i}`))
    cache.assume(podInfoOf(makePod(`filler-${i}`, { requests: { cpu: '3' } })), `node-${i}`)
  }
  const important = () => makePod('important', { requests: { cpu: '3' }, spec: { priority: 1_000 } })
  const preemptors = Array.from({ length: crowd }, important)
  let start = 0
  const from = process.cpuUsage()
  for (const pod of preemptors) {
    const [state, info] = [new CycleState(), podInfoOf(pod)]
    const { statuses, nextStart } = findFeasible(profile, state, info, cache, start)
    start = nextStart
    const results = having(profile, 'postFilter').map(plugin => plugin.postFilter(state, info, cache, statuses))
    const promised = results.find(({ nominatedNodeName }) => nominatedNodeName)?.nominatedNodeName
    if (!promised) throw new Error('nobody can go')
    cache.nominate(info, promised)
  }
  const { user, system } = process.cpuUsage(from)
  return crowd / ((user + system) / 1e6)
}

const only = process.argv[2]
for (const [name, spec] of Object.entries(classes)) {
  if (only !== undefined && only !== name) continue
  // Each anti-affine pod takes a node of its own.
  const rates = [200, 1_000, 5_000].map(nodes => {
    const pods = name === 'anti-affinity' ? Math.min(nodes, 1_000) : 2_000
    const requests = { cpu: '10m', memory: '16Mi' }
    return `${nodes} nodes ${run(nodes, pods, () => ({ labels, requests, spec: spec() })).toFixed(0)}/s`
  })
  console.log(`${name}: ${rates.join(', ')}`)
}
if (only === undefined || only === 'preemption')
  console.log(
    `preemption: ${[200, 1_000, 5_000].map(nodes => `${nodes} nodes ${runPreemptors(nodes, Math.min(nodes, 1_000)).toFixed(0)}/s`).join(', ')}`,
  )
