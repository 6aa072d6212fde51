// Use in words: `0.25`, `12m`, `340 MiB`.
import { formatDecimal } from '../i18n/i18n.ts'
import { formatBytes } from '../kinds/quantity.ts'

export function amountText(resource: 'cpu' | 'memory', amount: number): string {
  if (resource === 'memory') return amount < 1 ? '0 B' : formatBytes(amount)
  if (amount >= 1) return formatDecimal(amount, amount < 10 ? 2 : 1)
  return `${amount > 0 && amount < 0.0005 ? '<1' : Math.round(amount * 1000)}m`
}
