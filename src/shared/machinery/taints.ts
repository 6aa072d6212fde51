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

/** Whether the one tolerates all that the other does. */
function covers(wide: Toleration, other: Toleration): boolean {
  if (deepEqual(wide, other)) return true
  const { key = '', operator = 'Equal', value = '', effect = '', tolerationSeconds } = wide
  if (key !== (other.key ?? '') && (key !== '' || operator !== 'Exists')) return false
  if (effect !== '' && effect !== other.effect) return false
  const isShorter = tolerationSeconds !== undefined && (other.tolerationSeconds ?? Infinity) > tolerationSeconds
  if (effect === 'NoExecute' && isShorter) return false
  return operator === 'Exists' || (operator === 'Equal' && other.operator === 'Equal' && value === (other.value ?? ''))
}

/** @returns those that no other one covers; of equal ones the first */
export const withoutNarrower = (tolerations: readonly Toleration[]): Toleration[] =>
  tolerations.filter(
    (one, i) => !tolerations.some((other, k) => k !== i && covers(other, one) && (k < i || !deepEqual(other, one))),
  )
