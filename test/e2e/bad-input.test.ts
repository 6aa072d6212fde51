// Bad input gets the Status, code and reason that Kubernetes gives, and changes nothing.
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readKubeconfig } from '../../src/main/data-folder/kubeconfig-file.ts'
import { Cluster } from './support/cluster.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await Cluster.start(['--no-local-node'])
})
afterAll(() => cluster[Symbol.asyncDispose]())

interface Answer {
  code: number
  status: {
    kind?: string
    reason?: string
    message?: string
    details?: { causes?: { field: string; reason: string }[] }
  }
}

function call(
  method: string,
  path: string,
  body?: string,
  options: { type?: string; token?: string } = {},
): Promise<Answer> {
  const { ca, cert, key } = readKubeconfig(cluster.kubeconfig)
  const identity = options.token ? {} : { cert, key }
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { 'content-type': options.type ?? 'application/json' }
    if (options.token) headers.authorization = `Bearer ${options.token}`
    const sent = request(`${cluster.url}${path}`, { method, ca, ...identity, headers }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({ code: response.statusCode ?? 0, status: JSON.parse(text) as Answer['status'] }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const pods = '/api/v1/namespaces/default/pods'
const configmaps = '/api/v1/namespaces/default/configmaps'
const pod = (spec: unknown, name = 'a') => JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec })

describe('the API server answers', () => {
  it('400 BadRequest for an unknown field under strict validation, naming it', async () => {
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, dta: {} })
    const { code, status } = await call('POST', `${configmaps}?fieldValidation=Strict`, body)
    expect([code, status.reason]).toEqual([400, 'BadRequest'])
    expect(status.message).toContain('strict decoding error: unknown field "dta"')
  })
  it('400 BadRequest for a wrong type', async () => {
    const { code, status } = await call('POST', pods, pod({ containers: 'none' }))
    expect([code, status.reason]).toEqual([400, 'BadRequest'])
    expect(status.message).toContain('cannot unmarshal string')
  })
  it('422 Invalid for a bad name, with its field', async () => {
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'Not_Valid' } })
    const { code, status } = await call('POST', configmaps, body)
    expect([code, status.reason]).toEqual([422, 'Invalid'])
    expect(status.details?.causes?.[0]).toMatchObject({ field: 'metadata.name', reason: 'FieldValueInvalid' })
    expect(status.message).toContain(
      'a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters',
    )
  })
  it('422 Invalid for a missing image', async () => {
    const { code, status } = await call('POST', pods, pod({ containers: [{ name: 'c' }] }))
    expect([code, status.reason]).toEqual([422, 'Invalid'])
    expect(status.message).toContain('spec.containers[0].image: Required value')
  })
  it('413 RequestEntityTooLarge for a body of 4 MiB', async () => {
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'big' },
      data: { a: 'x'.repeat(4 << 20) },
    })
    const { code, status } = await call('POST', configmaps, body)
    expect([code, status.reason]).toEqual([413, 'RequestEntityTooLarge'])
  })
  it('400 BadRequest for broken JSON', async () => {
    const { code, status } = await call('POST', configmaps, '{"apiVersion":"v1",')
    expect([code, status.reason, status.kind]).toEqual([400, 'BadRequest', 'Status'])
  })
  it('400 BadRequest for broken YAML', async () => {
    const { code, status } = await call('POST', configmaps, 'a: [', { type: 'application/yaml' })
    expect([code, status.reason]).toEqual([400, 'BadRequest'])
  })
  it('415 UnsupportedMediaType for a media type it does not know', async () => {
    const { code, status } = await call('POST', configmaps, '<a/>', { type: 'application/xml' })
    expect([code, status.reason]).toEqual([415, 'UnsupportedMediaType'])
  })
  it('404 NotFound for an unknown path and an unknown object', async () => {
    const path = await call('GET', '/apis/nothing.example/v1/things')
    expect([path.code, path.status.reason]).toEqual([404, 'NotFound'])
    expect(path.status.message).toBe('the server could not find the requested resource')
    const object = await call('GET', `${pods}/none`)
    expect([object.code, object.status.message]).toEqual([404, 'pods "none" not found'])
  })
  it('405 MethodNotAllowed for a wrong method', async () => {
    const { code, status } = await call('POST', `${configmaps}/a`, '{}')
    expect([code, status.reason]).toEqual([405, 'MethodNotAllowed'])
  })
  it('409 Conflict for a stale resourceVersion, and 409 AlreadyExists for a name that exists', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'versions' }, data: { a: '1' } }
    const created = await call('POST', configmaps, JSON.stringify(object))
    expect(created.code).toBe(201)
    const again = await call('POST', configmaps, JSON.stringify(object))
    expect([again.code, again.status.reason]).toEqual([409, 'AlreadyExists'])
    const stale = { ...object, metadata: { name: 'versions', resourceVersion: '1' } }
    const { code, status } = await call('PUT', `${configmaps}/versions`, JSON.stringify(stale))
    expect([code, status.reason]).toEqual([409, 'Conflict'])
    expect(status.message).toContain(
      'the object has been modified; please apply your changes to the latest version and try again',
    )
  })
  it('401 Unauthorized for a wrong token', async () => {
    const { code, status } = await call('GET', pods, undefined, { token: 'wrong' })
    expect([code, status.reason, status.message]).toEqual([401, 'Unauthorized', 'Unauthorized'])
  })
  it('keeps __proto__ as data', async () => {
    const body =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto"},"data":{"__proto__":"x","constructor":"y"}}'
    expect((await call('POST', configmaps, body)).code).toBe(201)
    expect(await cluster.kubectl('get', 'configmap', 'proto', '-o', 'jsonpath={.data.constructor}')).toBe('y')
    expect(await cluster.kubectl('get', 'configmap', 'proto', '-o', 'json')).toContain('"__proto__": "x"')
  })
  it('what kubectl shows for a typo is the server’s own sentence', async () => {
    const manifest =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: typo}\nspec:\n  containers: [{name: a, image: b}]\n  restartPolcy: Never\n'
    const { code, stderr } = await cluster.run('kubectl', ['apply', '-f', '-'], manifest)
    expect(code).toBe(1)
    expect(stderr).toContain('unknown field "spec.restartPolcy"')
  })
})

describe('secrets on disk', () => {
  it('the kubeconfig is private to its owner', async () => {
    const { statSync } = await import('node:fs')
    expect(statSync(cluster.kubeconfig).mode & 0o077).toBe(0)
    expect(readFileSync(cluster.kubeconfig, 'utf8')).toContain('client-key-data')
  })
})
