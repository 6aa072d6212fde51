// Use in a list: the number, the line of the last minutes, and in colour how near the limit it is.
import { type FunctionalComponent, h } from 'vue'
import { t } from '../i18n/i18n.ts'
import { amountText } from './amount.ts'
import { useMetricsStore } from './metrics.ts'
import { sparkLine } from './spark-line.ts'

interface UsageOf {
  readonly kind: 'pods' | 'nodes'
  readonly id: string
  readonly resource: 'cpu' | 'memory'
  /** 0 = none. */
  readonly limit: number
}

const SAMPLES_SHOWN = 40
const NEAR = 0.9

export const UsageCell: FunctionalComponent<UsageOf> = ({ kind, id, resource, limit }) => {
  const metrics = useMetricsStore()
  const now = metrics.latest(kind, id)?.[resource]
  if (now === undefined) return h('span', { class: 'text-ink-faint' }, '–')
  const share = limit > 0 ? now / limit : undefined
  const percent = share === undefined ? undefined : Math.round(share * 100)
  const title =
    percent === undefined ? '' : t('{share}% of {total}', { share: percent, total: amountText(resource, limit) })
  return h('span', { class: 'flex items-center gap-2 whitespace-nowrap', title }, [
    sparkLine(metrics.samples(kind, id, SAMPLES_SHOWN).map(sample => sample[resource])),
    h(
      'span',
      { class: (share ?? 0) >= NEAR ? 'tabular-nums font-medium text-warning' : 'tabular-nums' },
      amountText(resource, now),
    ),
    kind === 'nodes' && percent !== undefined
      ? h('span', { class: 'text-ink-faint tabular-nums' }, `${percent}%`)
      : null,
  ])
}
UsageCell.props = ['kind', 'id', 'resource', 'limit']
