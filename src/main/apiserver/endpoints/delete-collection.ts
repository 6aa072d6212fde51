// DELETE of a collection: every object that the selectors choose, each as a delete of its own.
import { isNotFound } from '../../../shared/machinery/status.ts'
import { viewOf } from '../keys.ts'
import { listPage, scopeOf } from './list.ts'
import type { Endpoint } from './parts.ts'
import { parseListOptions } from './read/list-options.ts'
import { selectionOf } from './read/selection.ts'
import { deleteOptionsOf, warnOfOrphans } from './write/delete-options.ts'

const WORKERS = 16

export const removeCollection: Endpoint = async (request, resource, parts) => {
  const representation = parts.represent(request, resource)
  const options = await deleteOptionsOf(request)
  warnOfOrphans(request, resource, options)
  const listOptions = parseListOptions(request.query, false)
  const selection = selectionOf(resource, listOptions.labelSelector, listOptions.fieldSelector)
  const namespace = resource.type.namespaced ? scopeOf(request, selection) : ''
  const page = await listPage(resource, namespace, listOptions, selection, parts, request)
  const waiting = page.items.values()
  // Workers share one iterator: each takes the next object when it has finished its last.
  const worker = async () => {
    for (const stored of waiting) {
      const { metadata } = viewOf(resource, stored)
      const name = { namespace: metadata.namespace ?? '', name: metadata.name }
      try {
        // Unless another one is asked for: then none of them may go.
        await parts.remove(resource, name, {
          ...options,
          ofCollection: true,
          preconditions: { uid: metadata.uid, ...options.preconditions },
        })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, worker))
  return {
    code: 200,
    get object() {
      return representation.list(page)
    },
    json: () => representation.json(page),
    contentType: representation.contentType,
  }
}
