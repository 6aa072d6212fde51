// The query parameters that every write understands: dryRun, fieldManager, fieldValidation, force.
import { type FieldError, notSupported } from '../../../../shared/machinery/field-error.ts'
import { invalid } from '../../../../shared/machinery/status.ts'
import type { ApiRequest } from '../../request.ts'
import { validateFieldManager } from '../../schema/validate-meta.ts'
import type { WriteOptions } from '../contract.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

const MAX_MANAGER_LENGTH = 128

/** The first word of the user agent, as upstream names managers that do not name themselves. */
function managerOf(userAgent: string | undefined): string {
  const name = (userAgent ?? '').split('/')[0] ?? ''
  return name === '' ? 'unknown' : name.slice(0, MAX_MANAGER_LENGTH)
}

/** @param dryRun the values given, from the query or an options body @throws ApiError 422 */
export function parseDryRun(dryRun: readonly string[], optionsKind: string): boolean {
  const errors: FieldError[] = dryRun
    .filter(value => value !== 'All' && value !== '')
    .map(value => notSupported('dryRun', value, ['All']))
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', errors)
  return dryRun.includes('All')
}

/** @throws ApiError 422 for values that upstream refuses */
export function writeOptionsOf(request: ApiRequest, optionsKind: string): WriteOptions {
  const { query, headers, user } = request
  const manager = query.get('fieldManager') ?? ''
  const errors = validateFieldManager(manager, 'fieldManager')
  fieldValidationOf(query, optionsKind)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', errors)
  return {
    user,
    dryRun: parseDryRun(query.getAll('dryRun'), optionsKind),
    fieldManager: manager === '' ? managerOf(headers['user-agent']) : manager,
    warn: text => request.warn(text),
  }
}

export function fieldValidationOf(query: URLSearchParams, optionsKind: string): FieldValidation {
  const value = query.get('fieldValidation') ?? ''
  if (value === '') return 'Warn'
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value
  throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', [
    notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn']),
  ])
}
