// PodTemplates.
import { PodTemplate } from '../../../../shared/api/core/v1.ts'
import { labelsText, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'
import { setPodTemplateDefaults } from './pod/defaults.ts'
import { isSame, templateWarnings } from './pod/warnings.ts'
import { validatePodTemplate } from './pod/validate-spec.ts'

export const podTemplates = defineResource<PodTemplate>({
  type: PodTemplate,
  setDefaults: object => {
    ensureStructs(object, 'template')
    setPodTemplateDefaults(object.template)
  },
  ...generationOnly('template'),
  validate: (object, old) => (object.template ? validatePodTemplate('template', object.template, old?.template) : []),
  warnings: (object, old) => (isSame(object, old) ? [] : templateWarnings('template', object.template)),
  columns: [
    nameColumn,
    text('Containers', 'Names of the containers in the template.', o =>
      list(o.template?.spec?.containers)
        .map(c => c.name)
        .join(','),
    ),
    text('Images', 'Images of the containers in the template.', o =>
      list(o.template?.spec?.containers)
        .map(c => c.image ?? '')
        .join(','),
    ),
    text('Pod Labels', 'Labels of the template.', o => labelsText(o.template?.metadata?.labels)),
  ],
})
