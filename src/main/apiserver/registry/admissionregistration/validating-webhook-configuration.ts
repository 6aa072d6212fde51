// ValidatingWebhookConfigurations.
import { ValidatingWebhookConfiguration } from '../../../../shared/api/admissionregistration/v1.ts'
import { ageColumn, integer, nameColumn } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { generationOnly } from '../support/strategy.ts'
import { setWebhookDefaults } from './defaults.ts'
import { validateWebhooks } from './validate.ts'

export const validatingWebhookConfigurations = defineResource<ValidatingWebhookConfiguration>({
  type: ValidatingWebhookConfiguration,
  updatesNeedVersion: true,
  categories: ['api-extensions'],
  setDefaults: configuration => {
    for (const webhook of list(configuration.webhooks)) {
      setWebhookDefaults(webhook)
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
