// The ranges of pods and Services stay what they were when the cluster was made. The cluster itself keeps them, so they
// go where it goes — with a move, in a backup, to another engine — and no later start needs their flags. So is kept
// whether traffic between nodes is encrypted: a flag that was forgotten must not end that.
import type { ConfigMap } from '../../shared/api/core/v1.ts'
import { deepEqual } from '../../shared/machinery/deep-equal.ts'
import { NETWORK_BACKENDS, type NetworkBackend } from '../../shared/machinery/node-network.ts'
import type { AnyObject, Draft } from '../../shared/machinery/object.ts'
import { parseRanges, PODS, type RangeRule, requireApart, SERVICES } from './cluster-ranges.ts'
import { UsageError } from '../process/usage-error.ts'
import { type ClusterNetwork, type ClusterRanges, clusterNetwork } from './cluster-network.ts'

const NAME = { namespace: 'kube-system', name: 'flotilla-cluster-ranges' }

/** Where the store has them. */
export const KEPT_RANGES_KEY = `/registry/core/configmaps/${NAME.namespace}/${NAME.name}`

type Kept = Required<ClusterRanges> & Pick<ClusterNetwork, 'networkBackend'>

export const keptRanges = ({ clusterCIDRs, serviceCIDRs, networkBackend }: Kept): Draft<ConfigMap> => ({
  metadata: NAME,
  data: {
    clusterCIDRs: clusterCIDRs.join(','),
    serviceCIDRs: serviceCIDRs.join(','),
    ...(networkBackend !== 'auto' && { networkBackend }),
  },
})

/**
 * @param kept the ConfigMap; undefined for a new cluster
 * @param given by a flag
 * @throws UsageError where somebody edited it, and no flag says what is meant
 */
export function settleBackend(kept: AnyObject | undefined, given: NetworkBackend | undefined): NetworkBackend {
  const text = ((kept ?? {}) as Partial<ConfigMap>).data?.networkBackend ?? 'auto'
  const known = given ?? NETWORK_BACKENDS.find(backend => backend === text)
  if (known !== undefined) return known
  throw new UsageError(
    `the ConfigMap ${NAME.namespace}/${NAME.name} names the network backend ${JSON.stringify(text)}, which there is ` +
      `not; start once with --network-backend ${NETWORK_BACKENDS.join(' or ')}`,
  )
}

/**
 * @param kept the ConfigMap; undefined for a new cluster
 * @param given by flags, which may add a range of IPv6
 * @throws UsageError for flags that contradict what is kept, or ranges that overlap
 */
export function settleRanges(kept: AnyObject | undefined, given: ClusterRanges): ClusterNetwork {
  const { data } = (kept ?? {}) as Partial<ConfigMap>
  const settle = (rule: RangeRule, field: keyof ClusterRanges) => settled(rule, kept && { text: data?.[field] }, given[field]) // prettier-ignore
  const [clusterCIDRs, serviceCIDRs] = [settle(PODS, 'clusterCIDRs'), settle(SERVICES, 'serviceCIDRs')]
  const network = clusterNetwork({ ...(clusterCIDRs && { clusterCIDRs }), ...(serviceCIDRs && { serviceCIDRs }) })
  requireApart(network)
  return network
}

function settled(
  rule: RangeRule,
  kept: { readonly text: string | undefined } | undefined,
  given: readonly string[] | undefined,
): readonly string[] | undefined {
  if (!kept) return given
  const known = knownRanges(rule, kept.text, given)
  if (!given || deepEqual(known, given)) return known
  const [first, ...added] = given
  if (known.length === 1 && first === known[0] && added.length === 1) return given
  throw new UsageError(
    `${rule.flag} ${given.join(',')} is not what this cluster was made with: its ${rule.what} have ` +
      `${known.join(',')}, and keep it. Leave the flag out${known.length === 1 ? '; only a range of IPv6 may be added' : ''}`,
  )
}

/** Somebody may have edited it. */
function knownRanges(rule: RangeRule, text: string | undefined, given: readonly string[] | undefined) {
  try {
    return parseRanges(rule, text ?? '')
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    if (given) return given
    throw new UsageError(
      `the ConfigMap ${NAME.namespace}/${NAME.name} does not tell the ranges of ${rule.what} any more ` +
        `(${JSON.stringify(text ?? '')}); start once with ${rule.flag}, as the cluster was made`,
    )
  }
}
