// What an extension server says that it serves: in aggregated discovery, all of it in one document, or in the older form,
// a document a version.
// @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
import type { APIResource } from '../../../shared/api/meta/v1.ts'
import { isObject, objectsOf } from '../../../shared/machinery/json-object.ts'
import { AGGREGATED_TYPE, EARLIER_AGGREGATED_TYPE } from '../discovery/aggregated.ts'
import { ASKER, ASK_MS } from './asker.ts'
import { jsonOf, type RemoteDocument, type RemoteService } from './remote-service.ts'

interface GroupVersion {
  readonly group: string
  readonly version: string
}

/**
 * @param answer what it says of the version in the older form
 * @returns undefined for one that says nothing that can be read, which is there all the same
 */
export async function remoteResources(
  remote: RemoteService,
  of: GroupVersion,
  answer: RemoteDocument | undefined,
): Promise<readonly APIResource[] | undefined> {
  return (await aggregated(remote, of)) ?? (answer && older(await jsonOf(answer).catch(() => undefined)))
}

const older = (document: unknown): readonly APIResource[] | undefined =>
  isObject(document) && Array.isArray(document['resources'])
    ? (objectsOf(document['resources']) as unknown as APIResource[])
    : undefined

async function aggregated(remote: RemoteService, of: GroupVersion): Promise<readonly APIResource[] | undefined> {
  try {
    const accept = `${AGGREGATED_TYPE},${EARLIER_AGGREGATED_TYPE}`
    const answer = await remote.read('/apis', ASKER, ASK_MS, { accept })
    if (!answer || !/as=APIGroupDiscoveryList/.test(answer.contentType)) return undefined
    return versionIn(await jsonOf(answer), of)
  } catch {
    return undefined // a server that is older than this form of discovery
  }
}

function versionIn(document: unknown, { group, version }: GroupVersion): readonly APIResource[] | undefined {
  if (!isObject(document)) return undefined
  const items = objectsOf(document['items'])
  const found = items.find(({ metadata }) => isObject(metadata) && metadata['name'] === group)
  const served = objectsOf(found?.['versions']).find(each => each['version'] === version)
  return served && objectsOf(served['resources']).flatMap(resourceAndParts)
}

/** One resource of the newer form as the older one has it: the resource, and its subresources beside it. */
function resourceAndParts(given: Readonly<Record<string, unknown>>): APIResource[] {
  const { resource, responseKind, scope, singularResource, verbs, shortNames, categories } = given
  if (typeof resource !== 'string') return []
  const namespaced = scope === 'Namespaced'
  const parts = objectsOf(given['subresources']).map(part => ({
    name: `${resource}/${String(part['subresource'])}`,
    singularName: '',
    namespaced,
    ...kindOf(part['responseKind']),
    verbs: part['verbs'],
  }))
  const whole = { name: resource, singularName: singularResource, namespaced, ...kindOf(responseKind), verbs, shortNames, categories } // prettier-ignore
  return [whole, ...parts] as unknown as APIResource[]
}

const kindOf = (kind: unknown): Readonly<Record<string, unknown>> =>
  isObject(kind) ? { group: kind['group'], version: kind['version'], kind: kind['kind'] } : {}
