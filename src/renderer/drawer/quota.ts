// How much of what a quota allows is used, as numbers for a bar and as people write them. Pure.
import type { ResourceQuota } from '../../shared/api/core/v1.ts'
import { formatBytes, isBytes, parseQuantity } from '../kinds/quantity.ts'

export interface QuotaLine {
  /** `requests.cpu`, `pods`. */
  readonly name: string
  readonly used: string
  readonly hard: string
  /** 0 to 1; of nothing allowed, all is used. */
  readonly share: number
}

const amountText = (name: string, quantity: string | number): string =>
  isBytes(name) && parseQuantity(quantity) > 0 ? formatBytes(parseQuantity(quantity)) : String(quantity)

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
