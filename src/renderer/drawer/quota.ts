// How much of what a quota allows is used, as numbers for a bar and as people write them. Pure.
import type { ResourceQuota } from '../../shared/api/core/v1.ts'
import { formatNumber } from '../i18n/i18n.ts'
import { formatBytes, isBytes, parseQuantity } from '../kinds/quantity.ts'

export interface QuotaLine {
  /** `requests.cpu`, `pods`. */
  readonly name: string
  readonly used: string
  readonly hard: string
  /** 0 to 1; of nothing allowed, all is used. */
  readonly share: number
}

/** Sizes in the unit that fits, and no thousands of thousandths. */
function amountText(name: string, quantity: string | number): string {
  const amount = parseQuantity(quantity)
  if (isBytes(name) && amount > 0) return formatBytes(amount)
  return String(quantity).endsWith('m') && amount >= 1 ? formatNumber(amount) : String(quantity)
}

export const quotaLines = ({ spec, status }: ResourceQuota): QuotaLine[] =>
  Object.entries(spec.hard ?? {}).map(([name, hard]) => {
    const used = status.used?.[name] ?? '0'
    const most = parseQuantity(hard)
    return {
      name,
      used: amountText(name, used),
      hard: amountText(name, hard),
      share: most > 0 ? Math.min(1, parseQuantity(used) / most) : 1,
    }
  })
