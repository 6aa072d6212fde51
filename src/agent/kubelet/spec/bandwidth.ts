// Limits of a pod's traffic, which it asks for by annotations. CNI plugins hold it to them.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import type { PodBandwidth } from '../../contracts.ts'

const MIN_BITS = 1e3
const MAX_BITS = 1e15

/** @throws Error when an annotation is no amount, or no sensible one */
export function bandwidthOf({ metadata }: Pod): PodBandwidth {
  const limit = (direction: string): number | undefined => {
    const text = metadata.annotations?.[`kubernetes.io/${direction}-bandwidth`]
    if (text === undefined) return undefined
    const bits = parseQuantity(text).value()
    if (bits < MIN_BITS) throw new Error('failed to get pod bandwidth: resource is unreasonably small (< 1kbit)')
    if (bits > MAX_BITS) throw new Error('failed to get pod bandwidth: resource is unreasonably large (> 1Pbit)')
    return bits
  }
  const [ingress, egress] = [limit('ingress'), limit('egress')]
  return { ...(ingress !== undefined && { ingress }), ...(egress !== undefined && { egress }) }
}
