// Taints and tolerations, as the scheduler, the node controllers and the kubelet read them.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
import type { Taint, Toleration } from '../api/core/v1.ts'
import { deepEqual } from './deep-equal.ts'

type TaintLike = Pick<Taint, 'key' | 'effect'> & { readonly value?: string }

function compares(operator: 'Gt' | 'Lt', value: string | undefined, limit: string | undefined): boolean {
  if (!/^-?\d+$/.test(value ?? '') || !/^-?\d+$/.test(limit ?? '')) return false
  const [a, b] = [BigInt(value ?? ''), BigInt(limit ?? '')]
  return operator === 'Gt' ? a > b : a < b
}

/** An empty key with `Exists` tolerates everything; an empty effect every effect. */
export function tolerates(toleration: Toleration, taint: TaintLike): boolean {
  const { key, operator = 'Equal', value, effect } = toleration
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  if (!key && operator !== 'Exists') return false
  if (operator === 'Exists') return true
  if (operator === 'Gt' || operator === 'Lt') return compares(operator, taint.value, value)
  return operator === 'Equal' && (value ?? '') === (taint.value ?? '')
}

/** @returns the first taint with one of these effects that no toleration matches */
export const firstUntolerated = <T extends TaintLike>(
  taints: readonly T[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): T | undefined =>
  taints?.find(
    taint => effects.includes(taint.effect) && !tolerations?.some(toleration => tolerates(toleration, taint)),
  )

/** What is tolerated, but for how long. */
const shapeOf = ({ key = '', operator = '', value = '', effect = '' }: Toleration): string =>
  JSON.stringify([key, operator, operator === 'Exists' ? '' : value, effect])

/** How long; only what evicts is tolerated for a while. */
const secondsOf = ({ effect, tolerationSeconds }: Toleration): number =>
  effect === 'NoExecute' ? (tolerationSeconds ?? Infinity) : Infinity

/** Whether another one tolerates all that this one does, and more. @param longest by shape */
function isCovered(one: Toleration, longest: ReadonlyMap<string, number>): boolean {
  const [own, seconds] = [shapeOf(one), secondsOf(one)]
  const wider = [one.effect ?? '', ''].flatMap(effect => [
    { ...one, operator: 'Exists', effect },
    { key: '', operator: 'Exists', effect },
    ...(one.operator === 'Equal' ? [one, { ...one, operator: '' }].map(same => ({ ...same, effect })) : []),
  ])
  return wider.map(shapeOf).some(shape => {
    const most = longest.get(shape)
    return most !== undefined && (shape === own ? most > seconds : most >= seconds)
  })
}

/**
 * In a time that grows with their number alone: a pod may have thousands.
 * @returns those that no other one covers; of equal ones the first, of those that mean the same otherwise the last
 */
export function withoutNarrower(tolerations: readonly Toleration[]): Toleration[] {
  const meanings = new Map<string, Toleration>()
  const longest = new Map<string, number>()
  for (const one of tolerations) {
    const [shape, seconds] = [shapeOf(one), secondsOf(one)]
    if ((longest.get(shape) ?? -Infinity) < seconds) longest.set(shape, seconds)
    const meaning = `${shape} ${seconds}`
    if (deepEqual(meanings.get(meaning), one)) continue
    meanings.delete(meaning)
    meanings.set(meaning, one)
  }
  return [...meanings.values()].filter(one => !isCovered(one, longest))
}
