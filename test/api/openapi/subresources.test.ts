// What OpenAPI tells of subresources, of values that are one of a few, and of objects inside custom resources.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { subresourceHandlers } from '../../../src/main/apiserver/endpoints/subresources.ts'
import { openapiHandler } from '../../../src/main/apiserver/openapi/handler.ts'
import { NodeTunnels } from '../../../src/main/apiserver/proxy/node-tunnels.ts'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import type { AnyJson } from '../core/support/raw.ts'

let tunnels: NodeTunnels
let core: AnyJson
let whole: AnyJson
const POD = '/api/v1/namespaces/{namespace}/pods/{name}'

beforeAll(async () => {
  tunnels = new NodeTunnels(systemClock)
  const handlers = subresourceHandlers({ tunnels })
  const read = async (path: string): Promise<AnyJson> =>
    JSON.parse((await openapiHandler(path, undefined, builtinResources, {}, [], handlers))!.bytes.toString())
  core = await read('/openapi/v3/api/v1')
  whole = await read('/openapi/v2')
})
afterAll(() => tunnels[Symbol.asyncDispose]())

const named = (parameters: { name?: string }[]) => parameters.flatMap(({ name }) => name ?? [])

describe('subresources', () => {
  test('that connect somewhere say how, and what they take', () => {
    const exec = core.paths[`${POD}/exec`]
    expect(exec.get).toMatchObject({
      operationId: 'connectCoreV1GetNamespacedPodExec',
      'x-kubernetes-action': 'connect',
      'x-kubernetes-group-version-kind': { group: '', version: 'v1', kind: 'PodExecOptions' },
      responses: { 200: { content: { '*/*': { schema: { type: 'string' } } } } },
    })
    expect(exec.post.operationId).toBe('connectCoreV1PostNamespacedPodExec')
    expect(named(exec.parameters)).toEqual(['name', 'namespace', 'command', 'container', 'stderr', 'stdin', 'stdout', 'tty']) // prettier-ignore
  })
  test('that pass requests on have a path below them', () => {
    expect(core.paths['/api/v1/nodes/{name}/proxy/{path}'].delete.operationId).toBe(
      'connectCoreV1DeleteNodeProxyWithPath',
    )
    expect(named(core.paths['/api/v1/nodes/{name}/proxy/{path}'].parameters)).toEqual(['name', 'path', 'path'])
  })
  test('that take another kind refer to it', () => {
    const { post } = core.paths[`${POD}/eviction`]
    const ref = { $ref: '#/components/schemas/io.k8s.api.policy.v1.Eviction' }
    expect(post.requestBody.content['*/*'].schema).toEqual(ref)
    expect(post['x-kubernetes-group-version-kind']).toEqual({ group: 'policy', version: 'v1', kind: 'Eviction' })
    for (const name of ['io.k8s.api.policy.v1.Eviction', 'io.k8s.api.authentication.v1.TokenRequestSpec'])
      expect(core.components.schemas[name].type).toBe('object')
  })
  test('that are a part of the object are read, replaced and patched', () => {
    expect(Object.keys(core.paths[`${POD}/resize`]).sort()).toEqual(['get', 'parameters', 'patch', 'put'])
    expect(core.paths[`${POD}/resize`].patch.operationId).toBe('patchCoreV1NamespacedPodResize')
    expect(Object.keys(core.paths['/api/v1/namespaces/{name}/finalize']).sort()).toEqual(['parameters', 'put'])
  })
  test('that answer with text say so', () => {
    expect(Object.keys(core.paths[`${POD}/log`].get.responses[200].content)).toContain('text/plain')
    expect(whole.paths[`${POD}/log`].get.responses[200].schema).toEqual({ type: 'string' })
  })
  test('are in version 2 as well, whose parameters are all there', () => {
    for (const path of [
      'attach',
      'binding',
      'ephemeralcontainers',
      'exec',
      'log',
      'portforward',
      'proxy',
      'proxy/{path}',
    ])
      for (const { $ref } of whole.paths[`${POD}/${path}`].parameters as { $ref?: string }[])
        if ($ref) expect(whole.parameters).toHaveProperty([$ref.replace('#/parameters/', '')])
    expect(whole.paths['/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token'].post.operationId).toBe(
      'createCoreV1NamespacedServiceAccountToken',
    )
  })
})

describe('operations', () => {
  test('are called after the whole name of the group', () => {
    expect(whole.paths['/apis/rbac.authorization.k8s.io/v1/clusterroles'].get.operationId).toBe(
      'listRbacAuthorizationV1ClusterRole',
    )
    expect(whole.paths['/api/v1/nodes'].delete.operationId).toBe('deleteCoreV1CollectionNode')
  })
  test('that delete say whether they answer with the object', () => {
    const answer = (path: string) => whole.paths[path].delete.responses[200].schema.$ref.split('.').at(-1)
    expect([answer(POD), answer('/api/v1/namespaces/{namespace}/configmaps/{name}')]).toEqual(['Pod', 'Status'])
  })
})

describe('types', () => {
  test('name the values that there are', () => {
    const { properties } = core.components.schemas['io.k8s.api.core.v1.Container']
    expect(properties.imagePullPolicy.enum).toEqual(['Always', 'IfNotPresent', 'Never'])
    expect(whole.definitions['io.k8s.api.apps.v1.DeploymentStrategy'].properties.type.enum).toEqual([
      'Recreate',
      'RollingUpdate',
    ])
  })
  test('that say nothing of what they hold have a name', () => {
    const fields = 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1'
    const entry = 'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry'
    expect(whole.definitions[entry].properties.fieldsV1.$ref).toBe(`#/definitions/${fields}`)
    expect(whole.definitions[fields].type).toBe('object')
    expect(whole.definitions['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool']).toEqual(
      {},
    )
  })
})
