// The query parameters that every write understands: dryRun, fieldManager, fieldValidation, force.
import { type FieldError, forbiddenField, notSupported, required } from '../../../../shared/machinery/field-error.ts'
import { invalid } from '../../../../shared/machinery/status.ts'
import { mediaTypeOf } from '../../codec/media-type.ts'
import { APPLY_PATCH } from '../../patch/apply-patch.ts'
import { managerFromUserAgent } from '../../patch/apply/managers.ts'
import type { ApiRequest } from '../../request.ts'
import { validateFieldManager } from '../../schema/validate-meta.ts'
import type { WriteOptions } from '../contract.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

/** @param dryRun the values given, from the query or an options body @throws ApiError 422 */
export function parseDryRun(dryRun: readonly string[], optionsKind: string): boolean {
  const errors = dryRunErrors(dryRun)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', errors)
  return dryRun.length > 0
}

const dryRunErrors = (dryRun: readonly string[]): FieldError[] =>
  dryRun.every(value => value === 'All') ? [] : [notSupported('dryRun', dryRun, ['All'])]

const VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'] as const
const validationErrors = (value: string): FieldError[] =>
  VALIDATIONS.some(known => known === value) ? [] : [notSupported('fieldValidation', value, VALIDATIONS)]

function patchOptionErrors({ query, headers }: ApiRequest, manager: string): FieldError[] {
  if (mediaTypeOf(headers['content-type']) === APPLY_PATCH)
    return manager === '' ? [required('fieldManager', 'is required for apply patch')] : []
  return query.has('force') ? [forbiddenField('force', 'may not be specified for non-apply patch')] : []
}

/** @throws ApiError 422 for values that upstream refuses */
export function writeOptionsOf(request: ApiRequest, optionsKind: string): WriteOptions {
  const { query, headers, user, info } = request
  const manager = query.get('fieldManager') ?? ''
  const fieldValidation = query.get('fieldValidation')
  const errors = [
    ...(optionsKind === 'PatchOptions' ? patchOptionErrors(request, manager) : []),
    ...validateFieldManager(manager, 'fieldManager'),
    ...dryRunErrors(query.getAll('dryRun')),
    ...validationErrors(fieldValidation ?? ''),
  ]
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', errors)
  return {
    user,
    verb: info.verb,
    dryRun: query.has('dryRun'),
    fieldManager: manager === '' ? managerFromUserAgent(headers['user-agent']) : manager,
    asked: { ...(manager ? { fieldManager: manager } : {}), ...(fieldValidation ? { fieldValidation } : {}) },
    warn: text => request.warn(text),
    annotate: request.annotate,
    deadlineMs: request.deadlineMs,
    waited: request.waited,
  }
}

export function fieldValidationOf(query: URLSearchParams, optionsKind: string): FieldValidation {
  const value = query.get('fieldValidation') ?? ''
  if (value === '') return 'Warn'
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value
  throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', validationErrors(value))
}
