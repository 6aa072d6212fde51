// The kinds that kube-apiserver serves: where they are, what their schema is, and valid objects of them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const read = async (server, path, accept) =>
  JSON.parse((await server.call('GET', path, undefined, undefined, accept)).text)

/** @returns the resources by `apiVersion/Kind` */
export async function discover(server) {
  const kinds = new Map()
  for (const root of ['/api', '/apis'])
    for (const { metadata = {}, versions } of (await read(server, root, AGGREGATED)).items)
      for (const { version, resources } of versions)
        for (const { resource, responseKind, scope, verbs, subresources = [] } of resources) {
          const apiVersion = metadata.name ? `${metadata.name}/${version}` : version
          const path = `${metadata.name ? '/apis' : '/api'}/${apiVersion}`
          kinds.set(`${apiVersion}/${responseKind.kind}`, {
            ...{ apiVersion, kind: responseKind.kind, resource, verbs, group: metadata.name ?? '' },
            ...{ namespaced: scope === 'Namespaced', subresources: subresources.map(part => part.subresource) },
            collection: scope === 'Namespaced' ? `${path}/namespaces/judge/${resource}` : `${path}/${resource}`,
          })
        }
  return kinds
}

async function addSchemas(server, kinds) {
  const documents = new Map()
  for (const kind of kinds.values()) {
    const root = kind.group ? `apis/${kind.apiVersion}` : `api/${kind.apiVersion}`
    if (!documents.has(root)) documents.set(root, (await read(server, `/openapi/v3/${root}`)).components.schemas)
    kind.schemas = documents.get(root)
    const version = kind.apiVersion.split('/').at(-1)
    kind.schema = Object.values(kind.schemas).find(schema =>
      schema['x-kubernetes-group-version-kind']?.some(
        known => known.kind === kind.kind && known.version === version && known.group === kind.group,
      ),
    )
  }
}

/** The smallest objects are kept by schema id: `apps.v1.Deployment`. */
function smallest(kinds, minimalObjects) {
  return [...kinds.values()].flatMap(({ apiVersion, kind, group }) => {
    const short = group === 'rbac.authorization.k8s.io' ? 'rbac' : group.split('.')[0] || 'core'
    const object = minimalObjects[`${short}.${apiVersion.split('/').at(-1)}.${kind}`]
    return object ? [{ apiVersion, kind, ...object, metadata: { name: 'small', ...object.metadata } }] : []
  })
}

/** @returns {Promise<{ kinds: Map<string, object>, samples: { kind: object, name: string, object: object }[] }>} */
export async function loadKinds(server, minimalObjects) {
  const kinds = await discover(server)
  await addSchemas(server, kinds)
  const written = parseAllDocuments(readFileSync(join(import.meta.dirname, 'samples.yaml'), 'utf8')).map(d => d.toJS())
  const samples = [...written, ...smallest(kinds, minimalObjects)].flatMap(object => {
    const kind = kinds.get(`${object.apiVersion}/${object.kind}`)
    return kind?.verbs.includes('create') ? [{ kind, name: `${kind.kind} ${object.metadata.name}`, object }] : []
  })
  return { kinds, samples }
}
