// MutatingWebhookConfigurations.
import { MutatingWebhookConfiguration } from '../../../../shared/api/admissionregistration/v1.ts'
import { ageColumn, integer, nameColumn } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { generationOnly } from '../support/strategy.ts'
import { setWebhookDefaults } from './defaults.ts'
import { validateWebhooks } from './validate.ts'

export const mutatingWebhookConfigurations = defineResource<MutatingWebhookConfiguration>({
  type: MutatingWebhookConfiguration,
  updatesNeedVersion: true,
  categories: ['api-extensions'],
  setDefaults: configuration => {
    for (const webhook of list(configuration.webhooks)) {
      setWebhookDefaults(webhook)
      webhook.reinvocationPolicy ??= 'Never'
    }
  },
  ...generationOnly('webhooks'),
  validate: validateWebhooks,
  columns: [
    nameColumn,
    integer('Webhooks', 'Number of webhooks.', configuration => list(configuration.webhooks).length),
    ageColumn,
  ],
})
