// ControllerRevisions.
import { ControllerRevision } from '../../../../shared/api/apps/v1.ts'
import { controllerOf } from '../../../../shared/machinery/owner.ts'
import { isObject } from '../../../../shared/machinery/json-object.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { NONE, ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { nonNegative } from '../support/rules.ts'

function controller(revision: ControllerRevision): string {
  const owner = controllerOf(revision)
  if (!owner) return NONE
  const { apiVersion = '', kind = '' } = owner
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : `.${apiVersion.slice(0, slash)}`
  return `${kind}${group}`.toLowerCase() + `/${owner.name}`
}

function dataErrors(data: unknown) {
  if (data === undefined) return [required('data', 'data is mandatory')]
  return isObject(data) ? [] : [required('data', 'data must be a valid JSON object')]
}

export const controllerRevisions = defineResource<ControllerRevision>({
  type: ControllerRevision,
  validate: (revision, old) => [
    ...(old ? [] : dataErrors(revision.data)),
    ...nonNegative('revision', revision.revision),
  ],
  // Any JSON, where null says something.
  validateUpdate: ({ data }, old) =>
    deepEqual(data, old.data, { nullIsValue: true }) ? [] : [invalidValue('data', data ?? null, 'field is immutable')],
  columns: [
    nameColumn,
    text('Controller', 'Object that the revision belongs to.', controller),
    text('Revision', 'Number of the revision.', revision => revision.revision),
    ageColumn,
  ],
})
