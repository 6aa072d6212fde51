// What all extenders that care for a pod say together, one after the other as they are configured.
import type { Node, Pod } from '../../../shared/api/core/v1.ts'
import { messageOf } from '../../../shared/machinery/message-of.ts'
import type { NodeInfo } from '../cache/node-info.ts'
import type { Candidate, Rejection, SchedulerPlugin } from '../framework/plugin.ts'
import { failed, skip, success, unresolvable, unschedulable } from '../framework/status.ts'
import type { Extender, PodsOn } from './extender.ts'

/** Upstream's, where plugins are named that ruled a pod out. */
const NAME = 'Extender'

export interface Advice {
  /** Names of nodes that nobody rules out. */
  readonly accepted: ReadonlySet<string>
  /** By node name. */
  readonly rejections: ReadonlyMap<string, Rejection>
  /** Added to the plugins' scores, by node name. */
  readonly scores: ReadonlyMap<string, number>
}

/** @param fallback for what an extender that may be ignored fails at @throws Error when another one fails */
async function answerOf<T>(extender: Extender, asked: Promise<T>, fallback: T): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (extender.isIgnorable) return fallback
    throw error
  }
}

/** Which of the nodes are left, and how much they are preferred. @throws Error when one fails that may not be ignored */
export async function consult(extenders: readonly Extender[], pod: Pod, nodes: readonly NodeInfo[]): Promise<Advice> {
  const rejections = new Map<string, Rejection>()
  let left = nodes.flatMap(({ node }) => node ?? [])
  for (const extender of extenders) {
    if (left.length === 0) break
    const answer = await answerOf(extender, extender.filter(pod, left), undefined)
    if (!answer) continue
    for (const [name, why] of answer.failed) rejections.set(name, { ...unschedulable(why), plugin: NAME })
    for (const [name, why] of answer.failedForGood) rejections.set(name, { ...unresolvable(why), plugin: NAME })
    left = left.filter(({ metadata }) => answer.accepted.has(metadata.name))
  }
  const accepted = new Set(left.map(({ metadata }) => metadata.name))
  return { accepted, rejections, scores: left.length > 1 ? await scoresOf(extenders, pod, left) : new Map() }
}

/** As upstream, whoever gives no score has no say. */
async function scoresOf(
  extenders: readonly Extender[],
  pod: Pod,
  nodes: readonly Node[],
): Promise<Map<string, number>> {
  const sums = new Map<string, number>()
  const asked = await Promise.allSettled(extenders.map(extender => extender.prioritize(pod, nodes)))
  for (const answer of asked)
    for (const [name, score] of answer.status === 'fulfilled' ? answer.value : [])
      sums.set(name, (sums.get(name) ?? 0) + score)
  return sums
}

/** @returns what they leave of the candidates for preemption @throws Error when one fails that may not be ignored */
export async function consultAboutVictims(
  extenders: readonly Extender[],
  pod: Pod,
  candidates: readonly Candidate[],
  podsOn: PodsOn,
): Promise<readonly Candidate[]> {
  let left = candidates
  for (const extender of extenders)
    if (extender.preempts && left.length > 0) left = await answerOf(extender, extender.preempt(pod, left, podsOn), left)
  return left
}

/** Binds by the extender that does so for its pods; others are left to the profile's own plugins. */
export const extenderBinder = (extenders: readonly Extender[]): SchedulerPlugin => ({
  name: NAME,
  async bind(_state, { pod }, nodeName) {
    const binder = extenders.find(extender => extender.binds && extender.caresFor(pod))
    if (!binder) return skip
    try {
      await binder.bind(pod, nodeName)
      return success
    } catch (error) {
      return binder.isIgnorable ? skip : failed(messageOf(error))
    }
  },
})
