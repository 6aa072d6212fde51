// An extender: a server that rules nodes out, scores them, chooses victims and binds, for the pods that it cares about.
// @see https://github.com/kubernetes/design-proposals-archive/blob/main/scheduling/scheduler_extender.md
import type { Node, Pod } from '../../../shared/api/core/v1.ts'
import { type JsonObject, isObject, objectsOf, textsOf } from '../../../shared/machinery/json-object.ts'
import type { ExtenderConfiguration } from '../config/extenders.ts'
import { type Candidate, MAX_NODE_SCORE } from '../framework/plugin.ts'
import { candidateOf } from '../plugins/default-preemption/find-victims.ts'
import type { ExtenderCalls } from './calls.ts'

const MAX_EXTENDER_SCORE = 10

/** By node name: why it is ruled out. */
type Failures = ReadonlyMap<string, string>

interface FilterAnswer {
  readonly accepted: ReadonlySet<string>
  readonly failed: Failures
  /** Preempting pods there would not help. */
  readonly failedForGood: Failures
}

/** The field as Go reads it: its name in capital letters or not. */
function fieldOf(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name]
  const key = Object.keys(object).find(each => each.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : object[key]
}

const textOf = (object: JsonObject, name: string): string => {
  const found = fieldOf(object, name)
  return typeof found === 'string' ? found : ''
}

function failuresIn(answer: JsonObject, name: string): Failures {
  const found = fieldOf(answer, name)
  return new Map(isObject(found) ? Object.entries(found).map(([node, why]) => [node, String(why)]) : [])
}

export class Extender {
  readonly #given: ExtenderConfiguration
  readonly #calls: ExtenderCalls

  constructor(given: ExtenderConfiguration, calls: ExtenderCalls) {
    this.#given = given
    this.#calls = calls
  }

  get isIgnorable(): boolean {
    return this.#given.ignorable
  }
  get preempts(): boolean {
    return this.#given.preemptVerb !== undefined
  }
  /** It rules nodes out, or scores them. */
  get chooses(): boolean {
    return this.#given.filterVerb !== undefined || this.#given.prioritizeVerb !== undefined
  }
  get binds(): boolean {
    return this.#given.bindVerb !== undefined
  }

  /** Whether it wants to be asked about the pod. */
  caresFor({ spec }: Pod): boolean {
    const { managedResources } = this.#given
    if (managedResources.length === 0) return true
    return [...spec.containers, ...(spec.initContainers ?? [])].some(({ resources }) =>
      managedResources.some(
        name => Object.hasOwn(resources?.requests ?? {}, name) || Object.hasOwn(resources?.limits ?? {}, name),
      ),
    )
  }

  #nodesFor(nodes: readonly Node[]): JsonObject {
    return this.#given.nodeCacheCapable
      ? { Nodes: null, NodeNames: nodes.map(({ metadata }) => metadata.name) }
      : { Nodes: { metadata: {}, items: nodes }, NodeNames: null }
  }

  /** @returns undefined when it rules nothing out @throws Error */
  async filter(pod: Pod, nodes: readonly Node[]): Promise<FilterAnswer | undefined> {
    const { filterVerb, nodeCacheCapable } = this.#given
    if (!filterVerb) return undefined
    const answer = await this.#ask(filterVerb, { Pod: pod, ...this.#nodesFor(nodes) })
    const names = fieldOf(answer, 'NodeNames')
    const list = fieldOf(answer, 'Nodes')
    const whole = isObject(list)
      ? objectsOf(list['items']).map(({ metadata }) => (metadata as Node['metadata']).name)
      : []
    return {
      accepted: new Set(nodeCacheCapable && Array.isArray(names) ? textsOf(names) : whole),
      failed: failuresIn(answer, 'FailedNodes'),
      failedForGood: failuresIn(answer, 'FailedAndUnresolvableNodes'),
    }
  }

  /** @returns what it adds to the plugins' weighted scores, by node name @throws Error */
  async prioritize(pod: Pod, nodes: readonly Node[]): Promise<ReadonlyMap<string, number>> {
    const { prioritizeVerb, weight } = this.#given
    if (!prioritizeVerb) return new Map()
    const answer = await this.#calls.post(prioritizeVerb, { Pod: pod, ...this.#nodesFor(nodes) })
    const factor = weight * (MAX_NODE_SCORE / MAX_EXTENDER_SCORE)
    return new Map(
      objectsOf(answer).map(entry => [textOf(entry, 'Host'), Number(fieldOf(entry, 'Score') ?? 0) * factor]),
    )
  }

  /** @returns the candidates that it leaves, with the victims that it chose @throws Error */
  async preempt(pod: Pod, candidates: readonly Candidate[], podsOn: PodsOn): Promise<Candidate[]> {
    const { preemptVerb = '', nodeCacheCapable } = this.#given
    const victims = Object.fromEntries(
      candidates.map(({ nodeName, victims: pods, violations }) => [
        nodeName,
        {
          Pods: nodeCacheCapable ? pods.map(({ metadata }) => ({ UID: metadata.uid })) : pods,
          NumPDBViolations: violations,
        },
      ]),
    )
    const [full, short] = nodeCacheCapable ? [null, victims] : [victims, null]
    const answer = await this.#ask(preemptVerb, { Pod: pod, NodeNameToVictims: full, NodeNameToMetaVictims: short })
    const left = fieldOf(answer, 'NodeNameToMetaVictims')
    return Object.entries(isObject(left) ? left : {}).flatMap(([nodeName, chosen]) =>
      this.#candidate(nodeName, isObject(chosen) ? chosen : {}, podsOn),
    )
  }

  #candidate(nodeName: string, chosen: JsonObject, podsOn: PodsOn): Candidate[] {
    const there = podsOn(nodeName)
    if (!there) throw new Error(`extender: ${this.#given.urlPrefix} names node "${nodeName}", which is not there`)
    const pods = objectsOf(fieldOf(chosen, 'Pods')).map(entry => {
      const uid = textOf(entry, 'UID')
      const victim = there.find(({ metadata }) => metadata.uid === uid)
      if (victim) return victim
      throw new Error(
        `extender: ${this.#given.urlPrefix} claims to preempt pod (UID: ${uid}) on node: ${nodeName}, but the pod is not found on that node`,
      )
    })
    if (pods.length === 0 && this.isIgnorable) return []
    if (pods.length === 0) throw new Error(`expected at least one victim pod on node "${nodeName}"`)
    return [candidateOf(nodeName, pods, Number(fieldOf(chosen, 'NumPDBViolations') ?? 0))]
  }

  /** The extender writes the binding itself. @throws Error */
  async bind({ metadata: { name, namespace, uid } }: Pod, nodeName: string): Promise<void> {
    const binding = { PodName: name, PodNamespace: namespace, PodUID: uid, Node: nodeName }
    await this.#ask(this.#given.bindVerb ?? '', binding)
  }

  async #ask(verb: string, body: JsonObject): Promise<JsonObject> {
    const answer = await this.#calls.post(verb, body)
    if (!isObject(answer)) throw new Error(`extender: ${this.#given.urlPrefix} answered ${verb} with no object`)
    const error = textOf(answer, 'Error')
    if (error) throw new Error(error)
    return answer
  }
}

/** The pods of a node; undefined when there is no such node. */
export type PodsOn = (nodeName: string) => readonly Pod[] | undefined
