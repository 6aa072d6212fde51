// Every registered resource passes the same suite, and the list is the whole list.
import { describe, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { resourceSuite } from '../../suites/resource.ts'
import { minimalObjects } from './minimal-objects.ts'
import types from '../../../src/main/apiserver/schema/types.json' with { type: 'json' }

describe('the registry', () => {
  test('serves every kind once per group and version', () => {
    const paths = builtinResources.map(({ type }) => `${type.group}/${type.version}/${type.plural}`)
    expect(new Set(paths).size).toBe(paths.length)
    expect(paths.filter(path => !path.includes('flotilla.dev/'))).toHaveLength(70)
  })

  test('leaves out no kind of the schema that has lists of its own', () => {
    const listed = Object.values(types as Record<string, { gvk?: string[] }>)
      .flatMap(type =>
        type.gvk?.[2]?.endsWith('List') ? [`${type.gvk[0]}/${type.gvk[1]}/${type.gvk[2].slice(0, -4)}`] : [],
      )
      .filter(kind => !kind.startsWith('/v1/API') && !kind.includes('/v1/APIGroup') && !kind.endsWith('/APIResource'))
    const served = new Set(builtinResources.map(({ type }) => `${type.group}/${type.version}/${type.kind}`))
    expect(listed.filter(kind => !served.has(kind))).toEqual([])
  })

  test('shares storage only between kinds that convert into each other', () => {
    const stored = builtinResources.filter(resource => !resource.virtual)
    for (const storage of new Set(stored.map(resource => resource.storage))) {
      const native = stored.filter(resource => resource.storage === storage && !resource.toStorage)
      expect(
        native.map(resource => resource.schema),
        storage,
      ).toHaveLength(1)
    }
  })
})

// Metrics are only read: nobody sends one, so there is nothing to decode, default or validate.
for (const resource of builtinResources.filter(({ custom }) => !custom))
  resourceSuite(resource, minimalObjects[resource.schema] ?? {})
