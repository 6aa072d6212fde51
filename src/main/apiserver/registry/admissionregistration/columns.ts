// Cells that admission policies and their bindings share.
import type { ParamKind, ParamRef } from '../../../../shared/api/admissionregistration/v1.ts'
import { UNSET, selectorText } from '../columns/common.ts'

export const paramKindText = (param: ParamKind | undefined): string =>
  param ? `${param.apiVersion ?? ''}/${param.kind ?? ''}` : UNSET

export function paramRefText(ref: ParamRef | undefined): string {
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`
  return ref?.selector ? selectorText(ref.selector) : UNSET
}
