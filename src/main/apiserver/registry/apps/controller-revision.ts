// ControllerRevisions.
import { ControllerRevision } from '../../../../shared/api/apps/v1.ts'
import { controllerOf } from '../../../../shared/machinery/owner.ts'
import { required } from '../../../../shared/machinery/field-error.ts'
import { NONE, ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { immutable, nonNegative } from '../support/rules.ts'

function controller(revision: ControllerRevision): string {
  const owner = controllerOf(revision)
  if (!owner) return NONE
  const { apiVersion = '', kind = '' } = owner
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : `.${apiVersion.slice(0, slash)}`
  return `${kind}${group}`.toLowerCase() + `/${owner.name}`
}

export const controllerRevisions = defineResource<ControllerRevision>({
  type: ControllerRevision,
  validate: revision => [
    ...(revision.data === undefined ? [required('data', 'data is mandatory')] : []),
    ...nonNegative('revision', revision.revision),
  ],
  validateUpdate: (revision, old) => immutable('data', revision.data, old.data),
  columns: [
    nameColumn,
    text('Controller', 'Object that the revision belongs to.', controller),
    text('Revision', 'Number of the revision.', revision => revision.revision),
    ageColumn,
  ],
})
