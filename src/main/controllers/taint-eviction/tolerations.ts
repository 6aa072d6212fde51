// How long a pod tolerates the taints of its node.
import type { Taint, Toleration } from '../../../shared/api/core/v1.ts'

/** @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', effect = '', operator = 'Equal', value = '' } = toleration
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  if (operator === 'Exists') return true
  return key !== '' && operator === 'Equal' && value === (taint.value ?? '')
}

/** Of each taint, the first toleration that fits counts. @returns milliseconds: 0 when some taint is not tolerated, infinity when all are for ever */
export function toleratedMs(taints: readonly Taint[], tolerations: readonly Toleration[] | undefined): number {
  let shortest = Number.POSITIVE_INFINITY
  for (const taint of taints) {
    const used = tolerations?.find(toleration => tolerates(toleration, taint))
    if (!used) return 0
    // Who waits for ever in so many words says more than fits into a number.
    const seconds: number | bigint | undefined = used.tolerationSeconds
    if (seconds !== undefined) shortest = Math.min(shortest, Math.max(0, Number(seconds) * 1000))
  }
  return shortest
}
