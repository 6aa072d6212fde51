// Fields that Go's JSON leaves out when they are empty are left out here, whoever sends them; pointers keep their zero.
import { expect, test } from 'vitest'
import { decodeObject } from '../../../src/main/apiserver/schema/decode.ts'

const decoded = (schema: string, value: unknown) => decodeObject(schema, value).object as unknown

test.each<[string, string, unknown, unknown]>([
  ['empty lists', 'core.v1.Container', { name: 'a', args: [], env: [], ports: [] }, { name: 'a' }],
  ['empty maps', 'core.v1.PodSpec', { containers: [], nodeSelector: {} }, { containers: [] }],
  ['empty texts', 'core.v1.EnvVar', { name: 'A', value: '' }, { name: 'A' }],
  ['false', 'core.v1.PodSpec', { containers: [], hostNetwork: false }, { containers: [] }],
  ['zero', 'core.v1.Probe', { initialDelaySeconds: 0, periodSeconds: 3 }, { periodSeconds: 3 }],
  ['what an apply of a chart sends', 'core.v1.ConfigMap', { data: {}, metadata: { labels: {}, annotations: {} } }, { metadata: {} }],
])('%s mean nothing', (_what, schema, value, expected) => {
  expect(decoded(schema, value)).toEqual(expected)
}) // prettier-ignore

test.each<[string, string, unknown]>([
  ['a pointer to a number', 'apps.v1.DeploymentSpec', { replicas: 0 }],
  ['a pointer to a truth', 'core.v1.SecurityContext', { privileged: false }],
  ['a pointer to a text', 'core.v1.PersistentVolumeClaimSpec', { storageClassName: '' }],
  ['a struct', 'core.v1.Volume', { name: 'a', emptyDir: {} }],
  ['what is always printed', 'core.v1.ContainerPort', { containerPort: 0 }],
  ['an amount', 'core.v1.ResourceRequirements', { limits: { cpu: '0' } }],
  ['the values of a map', 'core.v1.ConfigMap', { data: { a: '' } }],
  ['items of a list', 'core.v1.Container', { name: 'a', args: [''] }],
])('%s is kept', (_what, schema, value) => {
  expect(decoded(schema, value)).toEqual(value)
})

test('what is applied keeps them: they are owned', () => {
  const applied = { metadata: { labels: {} }, data: {} }
  expect(decodeObject('core.v1.ConfigMap', applied, 'apply')).toMatchObject({ object: applied, keptGiven: true })
})
