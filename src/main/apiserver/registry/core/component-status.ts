// ComponentStatuses: the health of the control plane’s parts, worked out for each request.
import { ComponentStatus } from '../../../../shared/api/core/v1.ts'
import { nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'

const health = (status: ComponentStatus) => list(status.conditions).find(c => c.type === 'Healthy')

export const componentStatuses = defineResource<ComponentStatus>({
  type: ComponentStatus,
  shortNames: ['cs'],
  verbs: ['get', 'list'],
  virtual: true,
  deprecated: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn,
    text('Status', 'Health of the component.', status => {
      const condition = health(status)
      return !condition ? 'Unknown' : condition.status === 'True' ? 'Healthy' : 'Unhealthy'
    }),
    text('Message', 'What the check said.', status => health(status)?.message ?? ''),
    text('Error', 'Why the check failed.', status => health(status)?.error ?? ''),
  ],
})
