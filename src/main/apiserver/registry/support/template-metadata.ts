// What templates of claims may say of the claims' metadata: labels and annotations, nothing else.
import type { ObjectMeta } from '../../../../shared/api/meta/v1.ts'
import { type FieldError, forbiddenField } from '../../../../shared/machinery/field-error.ts'
import { validateAnnotations, validateLabels } from '../../schema/validate-meta.ts'

/** The name of a field as Go makes it out of its own. */
const NAMES: Readonly<Record<string, string>> = { uid: 'uID' }

export const validateTemplateMetadata = (path: string, metadata: Partial<ObjectMeta> | undefined): FieldError[] => {
  const { labels, annotations, ...others } = metadata ?? {}
  return [
    ...validateAnnotations(annotations, `${path}.annotations`),
    ...validateLabels(labels, `${path}.labels`),
    ...Object.keys(others).map(name => forbiddenField(`${path}.${NAMES[name] ?? name}`, 'cannot be set')),
  ]
}
