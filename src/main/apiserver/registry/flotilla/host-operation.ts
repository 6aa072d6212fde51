// HostOperations: what is done to hosts. The spec is a request; only approving and cancelling it may follow.
import { HostOperation } from '../../../../shared/api/flotilla/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'

const ACTIONS = ['Check', 'Join', 'Upgrade', 'Repair', 'Restart', 'LoadImages', 'Undo', 'Remove']

function validateOperation({ spec }: HostOperation): FieldError[] {
  const errors: FieldError[] = []
  if (!spec.hostName) errors.push(required('spec.hostName'))
  if (!spec.action) errors.push(required('spec.action'))
  else if (!ACTIONS.includes(spec.action)) errors.push(notSupported('spec.action', spec.action, ACTIONS))
  if (spec.step !== undefined && spec.action !== 'Undo')
    errors.push(forbiddenField('spec.step', 'only an Undo has one'))
  return [...errors, ...validateImages(spec)]
}

/** As they are given to the host's engine: a repository with a tag or digest. */
const IMAGE = /^[A-Za-z0-9][\w.:/@-]{0,511}$/

function validateImages({ action, images = [] }: HostOperation['spec']): FieldError[] {
  if (action !== 'LoadImages')
    return images.length > 0 ? [forbiddenField('spec.images', 'only LoadImages has some')] : []
  if (images.length === 0) return [required('spec.images')]
  return images.flatMap((image, i) =>
    !IMAGE.test(image)
      ? invalidValue(`spec.images[${i}]`, image, 'must be the name of an image')
      : images.indexOf(image) < i
        ? duplicate(`spec.images[${i}]`, image)
        : [],
  )
}

function validateUpdate({ spec }: HostOperation, { spec: old }: HostOperation): FieldError[] {
  const fixed = ({ hostName, action, step, images }: HostOperation['spec']) => ({ hostName, action, step, images })
  const errors: FieldError[] = []
  if (!deepEqual(fixed(spec), fixed(old)))
    errors.push(forbiddenField('spec', 'hostName, action, step and images cannot change; make a new operation'))
  if (old.approved && !spec.approved) errors.push(forbiddenField('spec.approved', 'it has been approved; cancel it'))
  if (old.cancelled && !spec.cancelled) errors.push(forbiddenField('spec.cancelled', 'it has been cancelled'))
  return errors
}

export const hostOperations = defineResource<HostOperation>({
  type: HostOperation,
  shortNames: ['hostop'],
  setDefaults: operation => ensureStructs(operation, 'spec', 'status'),
  ...specAndStatus(),
  status: statusStrategy<HostOperation>(),
  selectableFields: { 'spec.hostName': operation => operation.spec.hostName },
  validate: validateOperation,
  validateUpdate,
  columns: [
    nameColumn,
    text('Host', 'What it is done to.', operation => operation.spec.hostName),
    text('Action', 'What is done.', operation => operation.spec.action),
    text('Phase', 'How far it is.', operation => operation.status.phase ?? 'Pending'),
    text('Message', 'What happened.', operation => operation.status.message ?? ''),
    ageColumn,
  ],
})
