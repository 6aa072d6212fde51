// The list of definitions tells what each defines.
import { expect, it } from 'vitest'
import { CustomResourceDefinition } from '../../src/shared/api/apiextensions/v1.ts'
import { Pod } from '../../src/shared/api/core/v1.ts'
import type { ServedKind } from '@/api/discovery.ts'
import { rowOf } from '@/api/sources.ts'
import { definitionColumns, isDefinition } from '@/kinds/definition-columns.ts'
import { make } from './support/objects.ts'

const boats = { group: 'example.dev', version: 'v2', kind: 'Boat', plural: 'boats', namespaced: true }
const served = [{ type: boats, verbs: ['list'] }] as unknown as ServedKind[]
const textsOf = (name: string) =>
  definitionColumns(served)
    .slice(1, -1)
    .map(({ value }) => value(rowOf(make(CustomResourceDefinition, name) as never)))

it('a definition is told with its kind, group, version and scope', () => {
  expect(textsOf('boats.example.dev')).toEqual(['Boat', 'example.dev', 'v2', 'Namespaced'])
})
it('one that is not served is told by its name alone', () => {
  expect(textsOf('masts.example.dev')).toEqual(['–', '–', '–', '–'])
})
it('no other kind is listed like that', () => {
  expect([isDefinition(CustomResourceDefinition), isDefinition(Pod)]).toEqual([true, false])
})
