// Which defaults OpenAPI v3 tells: the zero of what is always there, and of items; nothing of what may be left out.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'

let api: TestApiServer
type Properties = Record<string, Record<string, unknown>>
let propertiesOf: (type: string) => Properties
let olderPropertiesOf: (type: string) => Properties
beforeAll(async () => {
  api = await startTestApiServer()
  const { json } = await raw(api, '/openapi/v3/apis/apps/v1')
  propertiesOf = type => json.components.schemas[`io.k8s.api.${type}`].properties as Properties
  const older = await raw(api, '/openapi/v2')
  olderPropertiesOf = type => older.json.definitions[`io.k8s.api.${type}`].properties as Properties
})
afterAll(() => api[Symbol.asyncDispose]())

test('a field that is always there has the zero of its type', () => {
  expect(propertiesOf('core.v1.Container')['name']).toMatchObject({ type: 'string', default: '' })
  expect(propertiesOf('core.v1.ContainerPort')['containerPort']).toMatchObject({ type: 'integer', default: 0 })
  expect(propertiesOf('core.v1.SecretKeySelector')['key']).toMatchObject({ default: '' })
  expect(propertiesOf('apps.v1.DeploymentSpec')['template']).toMatchObject({ default: {} })
  expect(propertiesOf('apps.v1.Deployment')['metadata']).toMatchObject({ default: {} })
})

test('one that may be left out has none, unless it declares it', () => {
  expect(propertiesOf('core.v1.Container')['image']).not.toHaveProperty('default')
  expect(propertiesOf('apps.v1.DeploymentSpec')['replicas']).not.toHaveProperty('default')
  expect(propertiesOf('apps.v1.DeploymentSpec')['selector']).not.toHaveProperty('default')
  expect(propertiesOf('core.v1.Affinity')['podAffinity']).not.toHaveProperty('default')
  expect(propertiesOf('core.v1.ContainerPort')['protocol']).toMatchObject({ default: 'TCP' })
  expect(propertiesOf('core.v1.RBDVolumeSource')['keyring']).toMatchObject({ default: '/etc/ceph/keyring' })
})

test('items and values of maps have the zero of theirs', () => {
  const container = propertiesOf('core.v1.Container')
  expect(container['args']?.['items']).toEqual({ type: 'string', default: '' })
  expect(container['env']?.['items']).toMatchObject({ default: {} })
  expect(propertiesOf('core.v1.PodSpec')['nodeSelector']?.['additionalProperties']).toEqual({
    type: 'string',
    default: '',
  })
  expect(propertiesOf('core.v1.ResourceRequirements')['limits']?.['additionalProperties']).not.toHaveProperty('default')
})

test('OpenAPI v2 tells none of them', () => {
  const container = olderPropertiesOf('core.v1.Container')
  expect([container['name'], container['args']?.['items']]).toEqual([
    expect.not.objectContaining({ default: expect.anything() }),
    { type: 'string' },
  ])
  expect(olderPropertiesOf('core.v1.ContainerPort')['protocol']).not.toHaveProperty('default')
})
