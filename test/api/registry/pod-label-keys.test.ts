// `matchLabelKeys` and `mismatchLabelKeys` of pods: what they mean is written into the selectors when a pod is made.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { Namespace, Pod, type PodAffinityTerm, type PodSpec } from '../../../src/shared/api/core/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'

const namespace = 'default'
const labels = { app: 'web', version: '1', tenant: 'x' }
const containers = [{ name: 'web', image: 'web:1' }]
const labelSelector = { matchLabels: { app: 'web' } }

let api: TestApiServer
let client: Client
let count = 0
beforeAll(async () => {
  api = await startTestApiServer()
  client = api.clientAs()
  await client.create(Namespace, { metadata: { name: namespace }, spec: {} })
})
afterAll(() => api?.[Symbol.asyncDispose]())

const create = (spec: Partial<PodSpec>) =>
  client.create(Pod, { metadata: { namespace, name: `web-${++count}`, labels }, spec: { containers, ...spec } })
const affinity = (term: Partial<PodAffinityTerm>) => ({ topologyKey: 'zone', ...term })
const spread = (more: object) => ({
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', ...more }],
})

test('affinity means pods of its own version, and none of its own tenant, whether required or preferred', async () => {
  const term = affinity({ labelSelector, matchLabelKeys: ['version', 'absent'], mismatchLabelKeys: ['tenant'] })
  const terms = {
    requiredDuringSchedulingIgnoredDuringExecution: [term],
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }],
  }
  const { spec } = await create({ affinity: { podAffinity: terms, podAntiAffinity: terms } })
  const matchExpressions = [
    { key: 'version', operator: 'In', values: ['1'] },
    { key: 'tenant', operator: 'NotIn', values: ['x'] },
  ]
  const written = { ...term, labelSelector: { ...labelSelector, matchExpressions } }
  for (const found of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity])
    expect(found).toEqual({
      requiredDuringSchedulingIgnoredDuringExecution: [written],
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: written }],
    })
})

test('a spread constraint counts pods of its own version', async () => {
  const { spec } = await create(spread({ labelSelector, matchLabelKeys: ['version'] }))
  expect(spec.topologySpreadConstraints?.[0]).toMatchObject({
    labelSelector: { ...labelSelector, matchExpressions: [{ key: 'version', operator: 'In', values: ['1'] }] },
    matchLabelKeys: ['version'],
  })
})

test('labels that change afterwards change nothing of it', async () => {
  const { metadata } = await create(spread({ labelSelector, matchLabelKeys: ['version'] }))
  const { spec } = await client.patch(Pod, metadata, { metadata: { labels: { version: '2' } } })
  expect(spec.topologySpreadConstraints?.[0]?.labelSelector?.matchExpressions).toEqual([
    { key: 'version', operator: 'In', values: ['1'] },
  ])
})

describe('a key that the selector is about already', () => {
  const message = 'exists in both matchLabelKeys and labelSelector'
  test.each([
    ['by a label', { matchLabels: { version: '1' } }],
    ['by an expression', { matchExpressions: [{ key: 'version', operator: 'Exists' }] }],
  ])('%s is refused of a pod', async (_, selector) => {
    await expect(create(spread({ labelSelector: selector, matchLabelKeys: ['version'] }))).rejects.toThrow(
      `spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: "version": ${message}`,
    )
  })

  test('is left to the pods of a template', async () => {
    const spec = { containers, ...spread({ labelSelector, matchLabelKeys: ['app'] }) }
    const { metadata } = await client.create(Deployment, {
      metadata: { namespace, name: 'web' },
      spec: { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels }, spec } },
    })
    expect(metadata.name).toBe('web')
  })
})
