// ConfigMaps and Secrets of very many keys are checked some at a time, and nothing that is wrong is missed.
import { expect, test } from 'vitest'
import { configMaps } from '../../../src/main/apiserver/registry/core/config-map.ts'
import { secrets } from '../../../src/main/apiserver/registry/core/secret.ts'
import { rulesOf } from '../../../src/main/apiserver/registry/resource.ts'
import { PIECE } from '../../../src/main/pieces/large-json.ts'
import { inPieces } from '../../support/in-pieces.ts'

const MANY = 20_000

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
