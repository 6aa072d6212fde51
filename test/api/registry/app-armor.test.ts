// AppArmor told by annotations, as charts of old do: new pods have the fields, which nodes go by, and whoever made them
// is told.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pod, PodSpec } from '../../../src/shared/api/core/v1.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const KEY = 'container.apparmor.security.beta.kubernetes.io/web'
const WARNING = `299 - "metadata.annotations[${KEY}]: deprecated since v1.30; use the \\"appArmorProfile\\" field instead"`

async function made(annotation: string, spec: Partial<PodSpec> = {}, container: object = {}) {
  const { code, json, headers } = await raw(server, '/api/v1/namespaces/default/pods?dryRun=All', {
    body: {
      metadata: { name: 'a', annotations: { [KEY]: annotation } },
      spec: {
        containers: [
          { name: 'web', image: 'web:1', ...container },
          { name: 'other', image: 'x' },
        ],
        ...spec,
      },
    },
  })
  expect(code).toBe(201)
  const { containers } = (json as unknown as Pod).spec
  return [containers[0]?.securityContext, containers[1]?.securityContext, headers['warning']]
}
const profile = (type: string, more: object = {}) => ({ appArmorProfile: { type, ...more } })

test.each([
  ['unconfined', profile('Unconfined')],
  ['runtime/default', profile('RuntimeDefault')],
  ['localhost/mine', profile('Localhost', { localhostProfile: 'mine' })],
  ['localhost/', undefined],
  ['', undefined],
])('%s', async (annotation, expected) => {
  expect(await made(annotation)).toEqual([expected, undefined, WARNING])
})

test('what a field says already stays', async () => {
  const own = profile('RuntimeDefault')
  expect(await made('runtime/default', {}, { securityContext: own })).toEqual([own, undefined, undefined])
  const ofPod = { securityContext: profile('Unconfined') }
  expect(await made('unconfined', ofPod)).toEqual([undefined, undefined, undefined])
  expect(await made('runtime/default', ofPod)).toEqual([profile('RuntimeDefault'), undefined, WARNING])
})
