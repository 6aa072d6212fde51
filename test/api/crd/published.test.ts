// A definition is known to everybody who asks which kinds there are as soon as it is served, and its objects are JSON and YAML alone.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import { ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { type AnyJson, raw } from '../core/support/raw.ts'
import { eventually } from '../../support/eventually.ts'

let cluster: SecuredCluster
const group = 'published.example.com'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } })
})
afterAll(() => cluster[Symbol.asyncDispose]())

const get = (path: string, accept = 'application/json') => raw(cluster.api, path, { headers: { accept } })
const schema = (field: string) => ({
  type: 'object',
  properties: { spec: { type: 'object', properties: { [field]: { type: 'string' } } } },
})
const version = (field: string) => ({ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema(field) } }) // prettier-ignore
const define = (kind: string, categories: string[] = []) =>
  cluster.admin.create(CustomResourceDefinition, {
    metadata: { name: `${kind.toLowerCase()}s.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: `${kind.toLowerCase()}s`, kind, categories },
      versions: [version('first')],
    },
  })

const fieldsOf = (definitions: AnyJson, kind: string): string[] =>
  Object.keys(definitions[`com.example.published.v1.${kind}`].properties.spec.properties as object)
/** Where a kind is told of: each gives the fields of its spec, or where no schema belongs, its names. */
const TOLD: Record<string, (kind: string) => Promise<string[]>> = {
  'the group’s discovery': async () =>
    ((await get(`/apis/${group}/v1`)).json.resources as { kind: string }[]).map(({ kind }) => kind),
  'aggregated discovery': async () => {
    const { json } = await get('/apis', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')
    const mine = (json.items as AnyJson[]).find(({ metadata }) => metadata.name === group)
    return (mine.versions[0].resources as AnyJson[]).map(({ responseKind }) => responseKind.kind as string)
  },
  'OpenAPI v3': async kind => {
    const { paths } = (await get('/openapi/v3')).json
    const { serverRelativeURL } = paths[`apis/${group}/v1`]
    return fieldsOf((await get(serverRelativeURL as string)).json.components.schemas, kind)
  },
  'OpenAPI v2': async kind => fieldsOf((await get('/openapi/v2')).json.definitions, kind),
}
const established = (kind: string) =>
  eventually(async () => {
    const { status } = await cluster.admin.get(CustomResourceDefinition, { name: `${kind.toLowerCase()}s.${group}` })
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }))
  })

describe.each(Object.keys(TOLD))('%s', where => {
  const told = TOLD[where]!
  const isSchema = where.startsWith('OpenAPI')
  const kind = `T${Object.keys(TOLD).indexOf(where)}`
  test('tells of a definition as soon as it is established', async () => {
    await define(kind)
    await established(kind)
    expect(await told(kind)).toContain(isSchema ? 'first' : kind)
  })
  if (!isSchema) return
  test('tells of a changed schema as soon as the change is answered', async () => {
    for (const field of ['changed', 'again']) {
      const ref = { name: `${kind.toLowerCase()}s.${group}` }
      await cluster.admin.patch(CustomResourceDefinition, ref, { spec: { versions: [version(field)] } }, { type: 'merge' }) // prettier-ignore
      expect(await told(kind)).toEqual([field])
    }
  })
})

describe('a category', () => {
  test('is told by discovery, and kubectl gets every kind of it', async () => {
    await define('Pear', ['fruits', 'all'])
    await define('Plum', ['fruits'])
    await define('Leek', ['greens'])
    const objects = await eventually(async () => {
      const { json } = await get(`/apis/${group}/v1`)
      const mine = (json.resources as AnyJson[]).filter(({ kind }) => /^(Pear|Plum|Leek)$/.test(kind as string))
      expect(mine.map(({ name, categories }) => [name, categories]).sort()).toEqual([
        ['leeks', ['greens']],
        ['pears', ['fruits', 'all']],
        ['plums', ['fruits']],
      ])
      return mine
    })
    for (const { kind, name } of objects) {
      const body = { apiVersion: `${group}/v1`, kind, metadata: { name: `one-${name}` } }
      const made = await eventually(async () => {
        const answer = await raw(cluster.api, `/apis/${group}/v1/namespaces/default/${name}`, { body })
        expect(answer.code).toBe(201)
        return answer
      })
      expect(made.json.kind).toBe(kind)
    }
    const names = async (category: string) =>
      (await cluster.kubectl(['get', category, '-o', 'name'])).stdout.trim().split('\n').sort()
    expect(await names('fruits')).toEqual([`pear.${group}/one-pears`, `plum.${group}/one-plums`])
    expect(await names('greens')).toEqual([`leek.${group}/one-leeks`])
    expect(await names('all')).toEqual([`pear.${group}/one-pears`, 'service/kubernetes'])
  }, 60_000)
})

describe('a custom resource in protobuf', () => {
  const protobuf = 'application/vnd.kubernetes.protobuf'
  const path = `/apis/${group}/v1/namespaces/default/apples`
  beforeAll(async () => {
    await define('Apple')
    const body = { apiVersion: `${group}/v1`, kind: 'Apple', metadata: { name: 'red' } }
    await eventually(async () => expect((await raw(cluster.api, path, { body })).code).toBe(201))
  })
  test.each([
    ['GET', `${path}/red`],
    ['LIST', path],
    ['watch', `${path}?watch=true&timeoutSeconds=1`],
  ])('%s is not acceptable: 406', async (_, url) => {
    const { code, text } = await get(url, protobuf)
    expect(code).toBe(406)
    expect(text).toContain('only the following media types are accepted: application/json')
    expect((await get(url, `${protobuf},application/json`)).headers['content-type']).toMatch(/^application\/json/)
  })
  test.each(['/openapi/v2', `/openapi/v3/apis/${group}/v1`])('%s says what its objects are sent and answered in', async document => {
    const { paths } = (await get(document)).json
    const operations = [path, `${path}/red`].flatMap(each =>
      Object.entries(paths[each.replace('default', '{namespace}').replace('red', '{name}')] as AnyJson).filter(([method]) => method !== 'parameters'),
    )
    expect(operations.map(([method]) => method).sort()).toEqual(['delete', 'delete', 'get', 'get', 'patch', 'post', 'put'])
    const types = (content: AnyJson) => Object.keys(content)
    for (const [method, { consumes, produces, requestBody, responses }] of operations as [string, AnyJson][]) {
      const answered = produces ?? types(responses[200].content as AnyJson)
      expect([method, answered]).toEqual([method, ['application/json', 'application/yaml']])
      const sent = consumes ?? (requestBody && types(requestBody.content as AnyJson))
      if (method === 'patch') expect(sent).not.toContain('application/strategic-merge-patch+json')
      else if (sent) expect([method, sent]).toEqual([method, ['application/json', 'application/yaml']])
    }
  }) // prettier-ignore
  test.each([
    ['POST', path, protobuf],
    ['PUT', `${path}/red`, protobuf],
    ['PATCH', `${path}/red`, protobuf],
    ['PATCH', `${path}/red`, 'application/strategic-merge-patch+json'],
  ])('%s of %s as %s is an unsupported media type: 415', async (method, url, type) => {
    const body = Buffer.from('k8s\0')
    const { code, json } = await raw(cluster.api, url, { method, body, headers: { 'content-type': type } })
    expect([code, json.reason]).toEqual([415, 'UnsupportedMediaType'])
  })
})

describe('the documents of a custom resource say as those of kube-apiserver', () => {
  const path = `/apis/${group}/v1/namespaces/{namespace}/melons`
  const status = { type: 'object', properties: { replicas: { type: 'integer' } } }
  const spec = {
    type: 'object',
    properties: {
      colour: { type: 'string', default: 'green' },
      replicas: { type: 'integer' },
      seeds: { type: 'object', description: 'Any.', 'x-kubernetes-preserve-unknown-fields': true },
    },
  }
  beforeAll(async () => {
    const versions = [
      {
        ...{ name: 'v1', served: true, storage: true, selectableFields: [{ jsonPath: '.spec.colour' }] },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec, status } } },
        subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } }, // prettier-ignore
      },
    ]
    await cluster.admin.create(CustomResourceDefinition, {
      metadata: { name: `melons.${group}` },
      spec: { group, scope: 'Namespaced', names: { plural: 'melons', kind: 'Melon' }, versions },
    })
    await established('Melon')
  })
  const documents = ['/openapi/v2', `/openapi/v3/apis/${group}/v1`]
  const schemasOf = ({ definitions, components }: AnyJson) => (definitions ?? components.schemas) as AnyJson

  test.each(documents)('%s: what operations take and answer', async document => {
    const { json } = await get(document)
    const { [path]: all, [`${path}/{name}`]: one, [`${path}/{name}/scale`]: scale } = json.paths as AnyJson
    expect([Object.keys(one.patch.responses as AnyJson), Object.keys(one.put.responses as AnyJson)]).toEqual([
      ['200', '401'],
      ['200', '201', '401'],
    ])
    const nameOf = ({ name, $ref }: { name?: string; $ref?: string }) => name ?? /parameters\/(\w+)-/.exec($ref!)![1]
    const namesOf = ({ parameters }: AnyJson) => (parameters as object[]).map(nameOf)
    expect(namesOf(one.get as AnyJson)).toEqual(['resourceVersion'])
    expect(namesOf(all.delete as AnyJson)).toEqual(namesOf(all.get as AnyJson))
    expect(all.delete).not.toHaveProperty('requestBody')
    expect(scale.get['x-kubernetes-group-version-kind']).toEqual({ group, version: 'v1', kind: 'Melon' })
    expect(JSON.stringify(scale.get.responses)).toContain('io.k8s.api.autoscaling.v1.Scale')
    expect(scale.put.description).toBe('replace scale of the specified Melon')
  })
  test.each(documents)('%s: by which fields its objects, and so lists of them, are selected', async document => {
    const schemas = schemasOf((await get(document)).json)
    for (const kind of ['Melon', 'MelonList'])
      expect(schemas[`com.example.published.v1.${kind}`]['x-kubernetes-selectable-fields']).toEqual([
        { fieldPath: 'spec.colour' },
      ])
  })
  test('/openapi/v2: no defaults, and which parts are open', async () => {
    const { properties } = schemasOf((await get('/openapi/v2')).json)['com.example.published.v1.Melon'].properties.spec
    expect(properties).toEqual({
      colour: { type: 'string' },
      replicas: { type: 'integer' },
      seeds: { description: 'Any.', 'x-kubernetes-preserve-unknown-fields': true },
    })
  })
})
