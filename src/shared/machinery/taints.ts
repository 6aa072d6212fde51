// Taints and tolerations, as the scheduler, the node controllers and the kubelet read them.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
import type { Taint, Toleration } from '../api/core/v1.ts'

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
