// Apply conflicts, worded as upstream does.
import type { StatusCause } from '../../../../shared/api/meta/v1.ts'
import { ApiError } from '../../../../shared/machinery/status.ts'
import { members, showPath } from './field-set.ts'
import type { Manager } from './managers.ts'

function show({ manager, subresource, operation, apiVersion }: Manager): string {
  const name = JSON.stringify(manager) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : '')
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}

/** What upstream calls a manager by, and sorts them by: its entry as JSON, of appliers without the version. */
const identifier = ({ manager, subresource, operation, apiVersion }: Manager): string =>
  JSON.stringify({
    manager,
    operation,
    ...(operation === 'Update' ? { apiVersion } : {}),
    ...(subresource ? { subresource } : {}),
  })

/** @param conflicts managers with the fields of theirs that would change, as their sets */
export function applyConflict(conflicts: readonly Manager[]): ApiError {
  const all = [...conflicts]
    .sort((a, b) => (identifier(a) < identifier(b) ? -1 : 1))
    .map(manager => ({ name: show(manager), paths: [...members(manager.set)].map(showPath).sort() }))
  const causes: StatusCause[] = all.flatMap(({ name, paths }) =>
    paths.map(field => ({ reason: 'FieldManagerConflict', message: `conflict with ${name}`, field })),
  )
  const [only] = causes
  const message =
    causes.length === 1 && only
      ? `Apply failed with 1 conflict: ${only.message}: ${only.field ?? ''}`
      : `Apply failed with ${causes.length} conflicts: ${all
          .flatMap(({ name, paths }) => [`conflicts with ${name}:`, ...paths.map(path => `- ${path}`)])
          .join('\n')}`
  return new ApiError(409, 'Conflict', message, { causes })
}
