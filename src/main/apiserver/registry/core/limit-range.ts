// LimitRanges.
import { LimitRange } from '../../../../shared/api/core/v1.ts'
import type { LimitRangeItem } from '../../../../shared/api/core/v1.ts'
import { defaultColumns } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { emptyMap, entries, has, isEmpty, list } from '../support/collections.ts'
import { validateLimitRange } from './validate-limit-range.ts'

type Amounts = Record<string, string | number>

function fill(target: Amounts, from: Readonly<Amounts> | undefined): void {
  for (const [name, quantity] of entries(from)) if (!has(target, name)) target[name] = quantity
}

/** Containers: the limit defaults to the maximum, the request to the limit, else to the minimum. */
function setContainerLimits(item: LimitRangeItem): void {
  const limits: Amounts = Object.assign(emptyMap(), item.default)
  fill(limits, item.max)
  const requests: Amounts = Object.assign(emptyMap(), item.defaultRequest)
  fill(requests, limits)
  fill(requests, item.min)
  if (!isEmpty(limits)) item.default = limits
  if (!isEmpty(requests)) item.defaultRequest = requests
}

export const limitRanges = defineResource<LimitRange>({
  type: LimitRange,
  createdByUpdates: true,
  shortNames: ['limits'],
  setDefaults: range => {
    for (const item of list(range.spec?.limits)) if (item.type === 'Container') setContainerLimits(item)
  },
  validate: validateLimitRange,
  columns: defaultColumns,
})
