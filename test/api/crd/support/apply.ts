// Server-side apply, as a manager.
import type { TestApiServer } from '../../../support/api-server.ts'
import { raw } from '../../core/support/raw.ts'

/** @returns what the answer says, with the fields that each manager owns */
export async function applyOn(api: TestApiServer, path: string, body: object, manager: string, force = false) {
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  const { code, json } = await raw(api, `${path}?fieldManager=${manager}&force=${force}`, {
    method: 'PATCH',
    headers,
    body,
  })
  const entries = ((json.metadata ?? {}) as { managedFields?: { manager: string; fieldsV1: object }[] }).managedFields
  const owned = Object.fromEntries((entries ?? []).map(entry => [entry.manager, entry.fieldsV1]))
  return { code, owned, spec: json.spec as unknown, status: json.status as unknown, message: json.message as unknown }
}
