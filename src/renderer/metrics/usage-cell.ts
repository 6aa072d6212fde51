// Use in a list: the number, the line of the last minutes, and in colour how near the limit it is.
import { type FunctionalComponent, h } from 'vue'
import { t } from '../i18n/i18n.ts'
import { amountText } from './amount.ts'
import { type UsageKind, useMetricsStore } from './metrics.ts'
import { sparkLine } from './spark-line.ts'

interface UsageOf {
  readonly kind: UsageKind
  /** Told together. */
  readonly ids: readonly string[]
  readonly resource: 'cpu' | 'memory'
  /** 0 = none. */
  readonly limit: number
}

const SAMPLES_SHOWN = 40
const NEAR = 0.9

export const UsageCell: FunctionalComponent<UsageOf> = ({ kind, ids, resource, limit }) => {
  const metrics = useMetricsStore()
  const now = metrics.latest(kind, ids)?.[resource]
  if (now === undefined) return h('span', { class: 'text-ink-faint' }, '–')
  const share = limit > 0 ? now / limit : undefined
  const percent = share === undefined ? undefined : Math.round(share * 100)
  const title =
    percent === undefined ? '' : t('{share}% of {total}', { share: percent, total: amountText(resource, limit) })
  const look = (share ?? 0) >= NEAR ? 'tabular-nums font-medium text-warning' : 'tabular-nums'
  const line = sparkLine(metrics.samples(kind, ids, SAMPLES_SHOWN).map(sample => sample[resource]))
  const amount = amountText(resource, now)
  if (kind !== 'nodes' || percent === undefined)
    return h('span', { class: 'flex items-center gap-1.5 whitespace-nowrap', title }, [
      line,
      h('span', { class: look }, amount),
    ])
  // How full a node is comes first; the amount wraps out of sight where the column is narrow.
  return h('span', { class: 'flex h-5 flex-wrap items-center gap-x-2 overflow-hidden whitespace-nowrap', title }, [
    line,
    h('span', { class: `leading-5 ${look}` }, `${percent}%`),
    h('span', { class: 'leading-5 text-ink-faint tabular-nums' }, amount),
  ])
}
UsageCell.props = ['kind', 'ids', 'resource', 'limit']
