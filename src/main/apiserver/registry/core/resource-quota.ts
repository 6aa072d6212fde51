// ResourceQuotas.
import { ResourceQuota } from '../../../../shared/api/core/v1.ts'
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

export const resourceQuotas = defineResource<ResourceQuota>({
  type: ResourceQuota,
  shortNames: ['quota'],
  setDefaults: quota => ensureStructs(quota, 'spec', 'status'),
  ...statusOnly(),
  status: statusStrategy<ResourceQuota>(validateResourceQuotaStatus),
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  columns: [
    nameColumn,
    text('Request', 'What is used of what may be requested.', quota => usage(quota, false)),
    text('Limit', 'What is used of what limits may add up to.', quota => usage(quota, true)),
    ageColumn,
  ],
})
