// What an autoscaler aims at and what it measured, in the units that people read.
import type { MetricSpec, MetricStatus, MetricValueStatus } from '../../shared/api/autoscaling/v2.ts'
import { formatDecimal, t } from '../i18n/i18n.ts'
import { formatBytes, isBytes, parseQuantity } from '../kinds/quantity.ts'

const nameOf = ({ type, resource, containerResource, pods, object, external }: MetricSpec | MetricStatus): string =>
  resource?.name ?? containerResource?.name ?? (pods ?? object ?? external)?.metric.name ?? type

/** An average comes in thousandths where it is no whole number, of a byte too. */
function amountText(name: string, { averageUtilization, averageValue, value }: MetricValueStatus = {}): string {
  if (averageUtilization !== undefined) return `${averageUtilization}%`
  const amount = averageValue ?? value
  if (amount === undefined) return '?'
  if (isBytes(name)) return formatBytes(parseQuantity(amount))
  return name === 'cpu' ? String(amount) : formatDecimal(parseQuantity(amount), 3, 0)
}

export function aimText(metric: MetricSpec): string {
  const { resource, containerResource, pods, object, external } = metric
  const name = nameOf(metric)
  const wanted = amountText(name, (resource ?? containerResource ?? pods ?? object ?? external)?.target)
  return t('{name} at {wanted}', { name, wanted })
}

export function measuredText(metric: MetricStatus): string {
  const { resource, containerResource, pods, object, external } = metric
  const name = nameOf(metric)
  return `${name} ${amountText(name, (resource ?? containerResource ?? pods ?? object ?? external)?.current)}`
}
