// Random histories of a cluster: nodes and pods come, change and go, bindings fail, the scheduler starts again. After
// each step the oracle judges what the scheduler decided, and what it remembers has to be what it would find out anew.
import { isDeepStrictEqual } from 'node:util'
import { SchedulerCache } from '../../../../src/main/scheduler/cache/scheduler-cache.ts'
import { type PodInfo, podInfoOf } from '../../../../src/main/scheduler/cache/pod-info.ts'
import { CycleState } from '../../../../src/main/scheduler/framework/cycle-state.ts'
import { listersOf } from '../../../../src/main/scheduler/framework/listers.ts'
import {
  type Feasibility,
  type NodeScore,
  findFeasible,
  scoreNodes,
  selectNode,
} from '../../../../src/main/scheduler/framework/run-plugins.ts'
import { cheapest, findVictims } from '../../../../src/main/scheduler/plugins/default-preemption/find-victims.ts'
import { Trials } from '../../../../src/main/scheduler/plugins/default-preemption/trials.ts'
import { defaultProfile } from '../../../../src/main/scheduler/profiles.ts'
import type { Node, Pod } from '../../../../src/shared/api/core/v1.ts'
import type { Client } from '../../../../src/shared/client/client.ts'
import { InformerFactory } from '../../../../src/shared/client/informer-factory.ts'
import { systemClock } from '../../../../src/shared/machinery/clock.ts'
import { makeNode, makePod } from '../fixtures.ts'
import { HOST, type Placed, broken } from './oracle.ts'

/** A small generator of pseudo-random numbers, so that a failing history can be run again. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const NOBODY: readonly PodInfo[] = []

const told = ({ node, total }: NodeScore) => [node.name, total] as const

function same(what: string, remembered: unknown, anew: unknown): void {
  if (!isDeepStrictEqual(remembered, anew))
    throw new Error(`${what} remembered: ${JSON.stringify(remembered)}, found out anew: ${JSON.stringify(anew)}`)
}

const client = {} as Client // a history writes nothing
const parts = {
  client,
  clock: systemClock,
  listers: listersOf(new InformerFactory(client, systemClock)),
  events: { event: () => undefined },
  random: () => 0,
  signal: new AbortController().signal,
}

class History {
  readonly #random: () => number
  readonly #profile = defaultProfile(parts)
  #cache = new SchedulerCache()
  readonly #nodes = new Map<string, Node>()
  /** Bound, or assumed to be. */
  readonly #placed = new Map<string, { pod: Pod; nodeName: string }>()
  /** Bindings that were not confirmed yet. */
  readonly #assumed = new Set<string>()
  #names = 0
  #templates: readonly Pod[] = []
  readonly #trials = new Trials()
  #start = 0
  readonly steps: string[] = []

  constructor(seed: number) {
    this.#random = randomOf(seed)
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count)
  }
  #pick<T>(of: readonly T[]): T {
    return of[this.#below(of.length)] as T
  }
  #chance(share: number): boolean {
    return this.#random() < share
  }

  #makeNode(name: string): Node {
    const taint = { key: this.#pick(['gpu', 'team']), value: this.#pick(['a', 'b']), effect: 'NoSchedule' }
    return makeNode(name, {
      labels: {
        ...(this.#chance(0.8) ? { zone: this.#pick(['x', 'y', 'z']) } : {}),
        ...(this.#chance(0.5) ? { disk: 'ssd' } : {}),
      },
      spec: {
        ...(this.#chance(0.25) ? { taints: [taint] } : {}),
        ...(this.#chance(0.1) ? { unschedulable: true } : {}),
      },
      allocatable: {
        cpu: this.#pick(['1', '2', '4', '1500m']),
        memory: this.#pick(['1Gi', '2Gi', '4Gi']),
        pods: this.#pick(['3', '6', '110']),
        ...(this.#chance(0.3) ? { 'example.com/gpu': '2' } : {}),
      },
    })
  }

  /** Half of them are replicas of one that came before. */
  #makePod(): Pod {
    if (this.#templates.length > 0 && this.#chance(0.5)) {
      const { metadata, spec } = this.#pick(this.#templates)
      return makePod(`p${++this.#names}`, { namespace: metadata.namespace, labels: metadata.labels ?? {}, spec })
    }
    const pod = this.#makeOtherPod()
    this.#templates = [...this.#templates.slice(-3), pod]
    return pod
  }

  #makeOtherPod(): Pod {
    const app = this.#pick(['web', 'db', 'job'])
    const term = {
      topologyKey: this.#pick([HOST, 'zone']),
      labelSelector: { matchLabels: { app: this.#pick(['web', 'db', app]) } },
    }
    const required = { requiredDuringSchedulingIgnoredDuringExecution: [term] }
    const affinity = this.#chance(0.2)
      ? { podAffinity: required }
      : this.#chance(0.3)
        ? { podAntiAffinity: required }
        : undefined
    const spread = {
      maxSkew: this.#pick([1, 2]),
      topologyKey: this.#pick([HOST, 'zone']),
      whenUnsatisfiable: this.#pick(['DoNotSchedule', 'ScheduleAnyway']),
      labelSelector: { matchLabels: { app } },
    }
    const minDomains = spread.whenUnsatisfiable === 'DoNotSchedule' && this.#chance(0.3) ? { minDomains: 3 } : {}
    const requests: Record<string, string> = {
      cpu: this.#pick(['100m', '250m', '500m', '1']),
      memory: this.#pick(['64Mi', '256Mi', '1Gi']),
      ...(this.#chance(0.1) ? { 'example.com/gpu': '1' } : {}),
    }
    const ports = this.#chance(0.15) ? [{ containerPort: 80, hostPort: this.#pick([80, 81]) }] : []
    return makePod(`p${++this.#names}`, {
      namespace: this.#pick(['default', 'default', 'other']),
      labels: { app },
      spec: {
        priority: this.#pick([0, 0, 10, 100]),
        containers: [{ name: 'c', image: 'i:1', resources: { requests }, ports }],
        ...(this.#chance(0.2) ? { nodeSelector: { disk: 'ssd' } } : {}),
        ...(this.#chance(0.3)
          ? { tolerations: [{ key: this.#pick(['gpu', 'team']), operator: 'Equal', value: 'a' }] }
          : {}),
        ...(affinity ? { affinity } : {}),
        ...(this.#chance(0.3) ? { topologySpreadConstraints: [{ ...spread, ...minDomains }] } : {}),
      },
    })
  }

  /** Pods on nodes that exist. */
  #world(): Placed[] {
    return [...this.#placed.values()].flatMap(({ pod, nodeName }) => {
      const node = this.#nodes.get(nodeName)
      return node ? [{ pod, node }] : []
    })
  }

  #setNode(name: string): void {
    const node = this.#makeNode(name)
    this.#nodes.set(name, node)
    this.#cache.setNode(node)
  }

  #removePod(uid: string): void {
    this.#placed.delete(uid)
    this.#assumed.delete(uid)
    this.#cache.removePod(uid)
  }

  /** A new scheduler knows what the API says: bindings that were not written are not there. */
  #restart(): void {
    this.#cache = new SchedulerCache()
    for (const uid of this.#assumed) this.#placed.delete(uid)
    this.#assumed.clear()
    for (const { pod, nodeName } of this.#placed.values())
      this.#cache.setPod({ ...pod, spec: { ...pod.spec, nodeName } })
    for (const node of this.#nodes.values()) this.#cache.setNode(node)
  }

  #settle(uid: string): void {
    const entry = this.#placed.get(uid)
    if (!entry || !this.#assumed.delete(uid)) return
    if (this.#chance(0.8)) this.#cache.setPod({ ...entry.pod, spec: { ...entry.pod.spec, nodeName: entry.nodeName } })
    else {
      this.#placed.delete(uid)
      this.#cache.forget(uid)
    }
  }

  /** One cycle. @throws Error when the oracle disagrees */
  #schedule(): void {
    const pod = this.#makePod()
    const info = podInfoOf(pod)
    const state = new CycleState()
    const found = findFeasible(this.#profile, state, info, this.#cache, this.#start)
    const scores = scoreNodes(this.#profile, state, info, found.feasible)
    this.#compareWithAnew(info, found, scores)
    this.#start = found.nextStart
    const nodes = [...this.#nodes.values()]
    const world = this.#world()
    const feasible = new Set(found.feasible.map(({ name }) => name))
    for (const node of nodes) {
      const problem = broken(pod, node, nodes, world)
      const { name } = node.metadata
      if (feasible.has(name) && problem) throw new Error(`${pod.metadata.name} may not be on ${name}: ${problem}`)
      if (!feasible.has(name) && !problem)
        throw new Error(`${pod.metadata.name} could be on ${name}: ${JSON.stringify(found.statuses.get(name))}`)
    }
    const choice = selectNode(scores, this.#random)
    if (choice) return this.#place(pod, choice.node.name)
    this.#preempt(pod, state, found.statuses)
  }

  /** @throws Error when a scheduler that remembers nothing decides otherwise */
  #compareWithAnew(pod: PodInfo, found: Feasibility, scores: readonly NodeScore[]): void {
    const [profile, state] = [defaultProfile(parts), new CycleState()]
    const { nodes, nodesWithAffinity } = this.#cache
    const view = { nodes, nodesWithAffinity, node: (name: string) => this.#cache.node(name) }
    const anew = findFeasible(profile, state, pod, view, this.#start)
    same('statuses', [...found.statuses], [...anew.statuses])
    same('scores', scores.map(told), scoreNodes(profile, state, pod, anew.feasible).map(told))
  }

  #place(pod: Pod, nodeName: string): void {
    this.#cache.assume(podInfoOf(pod), nodeName)
    this.#placed.set(pod.metadata.uid, { pod, nodeName })
    this.#assumed.add(pod.metadata.uid)
    this.steps.push(`${pod.metadata.name} → ${nodeName}`)
  }

  #preempt(pod: Pod, state: CycleState, statuses: ReturnType<typeof findFeasible>['statuses']): void {
    const info = podInfoOf(pod)
    const tryNode = this.#trials.begin(this.#profile, state, info, [])
    const candidates = this.#cache.nodes.flatMap(node => {
      if (statuses.get(node.name)?.code !== 'Unschedulable') return []
      const result = tryNode(node, NOBODY)
      same('victims', result, findVictims(this.#profile, state, info, node, [], []))
      return 'victims' in result ? [result] : []
    })
    const best = cheapest(candidates)
    if (!best) return
    const importance = (other: Pod) => other.spec.priority ?? 0
    if (best.victims.length === 0) throw new Error(`${pod.metadata.name} needs no victim on ${best.nodeName}`)
    if (best.victims.some(victim => importance(victim) >= importance(pod)))
      throw new Error(`${pod.metadata.name} would evict a pod that matters as much`)
    for (const { metadata } of best.victims) this.#removePod(metadata.uid)
    const node = this.#nodes.get(best.nodeName)
    const problem = node && broken(pod, node, [...this.#nodes.values()], this.#world())
    if (problem) throw new Error(`victims of ${best.nodeName} did not help ${pod.metadata.name}: ${problem}`)
    this.steps.push(`${pod.metadata.name} preempts ${best.victims.length} on ${best.nodeName}`)
    this.#place(pod, best.nodeName)
  }

  step(): void {
    const roll = this.#random()
    if (this.#nodes.size === 0 || roll < 0.06) return this.#setNode(`n${this.#below(6)}`)
    if (roll < 0.08) {
      const name = this.#pick([...this.#nodes.keys()])
      this.#nodes.delete(name)
      return this.#cache.removeNode(name)
    }
    if (roll < 0.1) return this.#restart()
    const placed = [...this.#placed.keys()]
    if (placed.length > 0 && roll < 0.25) return this.#removePod(this.#pick(placed))
    const [assumed] = this.#assumed
    if (assumed !== undefined && roll < 0.5) return this.#settle(assumed)
    this.#schedule()
  }
}

/** @throws Error that names the seed and what led to it */
export function runHistory(seed: number, steps = 60): { placed: number } {
  const history = new History(seed)
  for (let i = 0; i < steps; i++)
    try {
      history.step()
    } catch (error) {
      const before = history.steps.slice(-8).join(', ')
      throw new Error(`history ${seed}, step ${i}: ${(error as Error).message} (before: ${before})`, { cause: error })
    }
  return { placed: history.steps.length }
}
