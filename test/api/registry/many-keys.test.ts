// ConfigMaps and Secrets of very many keys are checked some at a time, and nothing that is wrong is missed.
import { expect, test } from 'vitest'
import { configMaps } from '../../../src/main/apiserver/registry/core/config-map.ts'
import { secrets } from '../../../src/main/apiserver/registry/core/secret.ts'
import { validateCreate } from '../../../src/main/apiserver/endpoints/write/validation.ts'
import { rulesOf } from '../../../src/main/apiserver/registry/resource.ts'
import { PIECE } from '../../../src/main/pieces/large-json.ts'
import { Pacer } from '../../../src/main/pieces/pacer.ts'
import type { ApiError } from '../../../src/shared/machinery/status.ts'
import { inPieces } from '../../support/in-pieces.ts'

const MANY = 20_000

/** Somebody waits at every look. */
class Asked extends Pacer {
  pauses = 0
  override get due(): boolean {
    return true
  }
  override pause(): Promise<void> {
    this.pauses++
    return Promise.resolve()
  }
}

test.each([
  ['ConfigMap', configMaps],
  ['Secret', secrets],
])('%s', (_kind, resource) => {
  const data: Record<string, string> = Object.fromEntries(Array.from({ length: MANY }, (_, i) => [`k${i}`, 'YQ==']))
  for (const wrong of ['z/', 'a/']) data[wrong] = ''
  const object = { metadata: { name: 'a' }, data, type: 'Opaque' }
  const errors = inPieces(rulesOf(resource, object as never), MANY / PIECE)
  expect(errors.map(({ field }) => field)).toEqual(['data[a/]', 'data[z/]'])
})

test('as many mistakes as keys are told once each, some at a time', async () => {
  const keys = Array.from({ length: MANY }, (_, i) => `wrong/${i}`)
  const object = { metadata: { name: 'a', namespace: 'default' }, data: Object.fromEntries(keys.map(key => [key, ''])) }
  const pacer = new Asked()
  const error: unknown = await validateCreate(configMaps, object as never, pacer).catch((refusal: unknown) => refusal)
  const { status } = error as ApiError
  expect(status.details?.causes?.map(({ field }) => field)).toEqual(keys.map(key => `data[${key}]`).sort())
  expect(status.message).toContain(', data[wrong/19999]: Invalid value: "wrong/19999": ')
  // Once for the rules, and once for what they found.
  expect(pacer.pauses).toBeGreaterThan((2 * MANY) / PIECE)
})
