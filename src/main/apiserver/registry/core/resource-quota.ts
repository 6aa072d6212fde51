// ResourceQuotas.
import { ResourceQuota } from '../../../../shared/api/core/v1.ts'
import { isQuantity, parseQuantity } from '../../../../shared/machinery/quantity.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { lookup, sortedEntries } from '../support/collections.ts'
import { ensureStructs, statusOnly, statusStrategy } from '../support/strategy.ts'
import {
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from './validate-resource-quota.ts'

const usage = (quota: ResourceQuota, limits: boolean) =>
  sortedEntries(quota.status.hard)
    .filter(([name]) => name.startsWith('limits.') === limits)
    .map(([name, hard]) => `${name}: ${lookup(quota.status.used, name) ?? 0}/${hard}`)
    .join(', ')

/** Kinds of room that are both requested and limited; the first two may be requested by their bare names. */
const ROOM = ['cpu', 'memory', 'storage', 'ephemeral-storage']

/** Requests that no pod can make, since it would have to be limited to less. */
function moreThanLimits(hard: ResourceQuota['spec']['hard']): string[] {
  return ROOM.flatMap((name, i) => {
    const names = [`requests.${name}`, ...(i < 2 ? [name] : [])]
    const requests = names.find(wanted => lookup(hard, wanted) !== undefined)
    const limits = `limits.${name}`
    const [request, limit] = [requests, limits].map(wanted => wanted && lookup(hard, wanted))
    if (request === undefined || limit === undefined || !isQuantity(request) || !isQuantity(limit)) return []
    const [asked, allowed] = [parseQuantity(request), parseQuantity(limit)]
    return asked.compare(allowed) > 0
      ? [`ResourceQuota ${requests} (${asked.toString()}) should be less than ${limits} (${allowed.toString()})`]
      : []
  })
}

export const resourceQuotas = defineResource<ResourceQuota>({
  type: ResourceQuota,
  shortNames: ['quota'],
  setDefaults: quota => ensureStructs(quota, 'spec', 'status'),
  ...statusOnly(),
  status: statusStrategy<ResourceQuota>(validateResourceQuotaStatus),
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  warnings: ({ spec }, old) => (old ? [] : moreThanLimits(spec.hard)),
  columns: [
    nameColumn,
    text('Request', 'What is used of what may be requested.', quota => usage(quota, false)),
    text('Limit', 'What is used of what limits may add up to.', quota => usage(quota, true)),
    ageColumn,
  ],
})
