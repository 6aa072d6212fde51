// The query parameters that every write understands: dryRun, fieldManager, fieldValidation, force.
import { notSupported } from '../../../../shared/machinery/field-error.ts'
import { invalid } from '../../../../shared/machinery/status.ts'
import { managerFromUserAgent } from '../../patch/apply/managers.ts'
import type { ApiRequest } from '../../request.ts'
import { validateFieldManager } from '../../schema/validate-meta.ts'
import type { WriteOptions } from '../contract.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

/** @param dryRun the values given, from the query or an options body @throws ApiError 422 */
export function parseDryRun(dryRun: readonly string[], optionsKind: string): boolean {
  if (dryRun.some(value => value !== 'All'))
    throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', [notSupported('dryRun', dryRun, ['All'])])
  return dryRun.includes('All')
}

/** @throws ApiError 422 for values that upstream refuses */
export function writeOptionsOf(request: ApiRequest, optionsKind: string): WriteOptions {
  const { query, headers, user, info } = request
  const manager = query.get('fieldManager') ?? ''
  const errors = validateFieldManager(manager, 'fieldManager')
  fieldValidationOf(query, optionsKind)
  const fieldValidation = query.get('fieldValidation')
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', errors)
  return {
    user,
    verb: info.verb,
    dryRun: parseDryRun(query.getAll('dryRun'), optionsKind),
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
  throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', [
    notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn']),
  ])
}
