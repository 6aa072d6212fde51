// Namespaces.
import { Namespace } from '../../../../shared/api/core/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { emptyMap, list } from '../support/collections.ts'
import { ensureStructs, keepField } from '../support/strategy.ts'
import { invalidValue } from '../../../../shared/machinery/field-error.ts'
import { dns1123Label } from '../../../../shared/machinery/names.ts'
import { validateFinalizerNames } from '../../schema/validate-meta.ts'

const NAME_LABEL = 'kubernetes.io/metadata.name'

function setNameLabel(namespace: Namespace): void {
  if (!namespace.metadata.name) return
  namespace.metadata.labels ??= emptyMap<string>()
  namespace.metadata.labels[NAME_LABEL] = namespace.metadata.name
}

export const namespaces = defineResource<Namespace>({
  type: Namespace,
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  setDefaults: namespace => {
    ensureStructs(namespace, 'spec', 'status')
    namespace.status.phase ||= 'Active'
    setNameLabel(namespace)
  },
  prepareForCreate: namespace => {
    // With generateName the name is known only now.
    setNameLabel(namespace)
    namespace.status = { phase: 'Active' }
    const finalizers = list(namespace.spec.finalizers)
    if (!finalizers.includes('kubernetes')) namespace.spec.finalizers = [...finalizers, 'kubernetes']
  },
  // Finalizers of the spec change through the finalize subresource only.
  prepareForUpdate: (namespace, old) => {
    keepField(namespace, old, 'spec')
    keepField(namespace, old, 'status')
  },
  status: {
    prepareForUpdate: (namespace, old) => keepField(namespace, old, 'spec'),
    validateUpdate: ({ metadata, status: { phase } }) => {
      const [wanted, when] = metadata.deletionTimestamp ? ['Terminating', 'is not empty'] : ['Active', 'is empty']
      const why = `may only be '${wanted}' if \`deletionTimestamp\` ${when}`
      return phase === wanted ? [] : [invalidValue('status.Phase', phase ?? '', why)]
    },
  },
  beginEmptying: namespace => (namespace.status = { ...namespace.status, phase: 'Terminating' }),
  selectableFields: { 'status.phase': namespace => namespace.status.phase ?? '' },
  // Its finalizers change by the sub-resource alone, which looks at them itself.
  validate: ({ metadata, spec }) =>
    metadata.resourceVersion ? [] : validateFinalizerNames(spec.finalizers, () => 'spec.finalizers'),
  validateName: dns1123Label,
  columns: [nameColumn, text('Status', 'Active or Terminating.', n => n.status.phase ?? ''), ageColumn],
})
