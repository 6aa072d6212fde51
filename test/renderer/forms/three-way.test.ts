// Two people edit one object: both changes count, and only a true contradiction asks.
import { describe, expect, it } from 'vitest'
import { readForm } from '@/forms/form-text.ts'
import { conflictTitle, mergeThreeWay, resolveConflict, writeDifference } from '@/forms/three-way.ts'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { servedSchema } from '../support/schemas.ts'

const deployment = (replicas: number, containers: object[], labels: object = {}, resourceVersion = '1') => ({
  metadata: { resourceVersion, labels },
  spec: { replicas, template: { spec: { containers } } },
})
const web = { name: 'web', image: 'web:1' }
const side = { name: 'side', image: 'side:1' }

describe('mergeThreeWay()', () => {
  it('takes both changes when they touch different fields, and the newest version', async () => {
    const { value, conflicts } = mergeThreeWay(
      deployment(1, [web]),
      deployment(3, [web]),
      deployment(1, [web], { team: 'shop' }, '2'),
      await servedSchema(Deployment),
    )
    expect(conflicts).toEqual([])
    expect(value).toEqual(deployment(3, [web], { team: 'shop' }, '2'))
  })
  it('merges lists by the key that the schema names: one changed an image, one added a container', async () => {
    const { value, conflicts } = mergeThreeWay(
      deployment(1, [web]),
      deployment(1, [{ ...web, image: 'web:2' }]),
      deployment(1, [side, web]),
      await servedSchema(Deployment),
    )
    expect(conflicts).toEqual([])
    expect(value).toEqual(deployment(1, [{ ...web, image: 'web:2' }, side]))
  })
  it('lets an entry go that one took away and nobody else changed', async () => {
    const schema = await servedSchema(Deployment)
    const both = deployment(1, [web, side])
    expect(mergeThreeWay(both, deployment(2, [web, side]), deployment(1, [web]), schema).value).toEqual(
      deployment(2, [web]),
    )
    expect(mergeThreeWay(both, deployment(1, [web]), deployment(2, [web, side]), schema).value).toEqual(
      deployment(2, [web]),
    )
  })
  it('names the field where both set different values, and keeps mine until somebody chooses', async () => {
    const mine = { ...web, image: 'web:2' }
    const { value, conflicts } = mergeThreeWay(
      deployment(1, [web]),
      deployment(1, [mine]),
      deployment(1, [{ ...web, image: 'web:3' }]),
      await servedSchema(Deployment),
    )
    expect(conflicts.map(conflictTitle)).toEqual(['spec.template.spec.containers[0].image'])
    expect(conflicts[0]).toMatchObject({ mine: 'web:2', theirs: 'web:3' })
    expect(value).toEqual(deployment(1, [mine]))
  })
  it('is no conflict when both did the same', () =>
    expect(mergeThreeWay({ a: 1 }, { a: 2 }, { a: 2 })).toEqual({ value: { a: 2 }, conflicts: [] }))
  it('sees a conflict where one took away what the other changed', () => {
    const { conflicts } = mergeThreeWay({ a: { b: 1 } }, {}, { a: { b: 2 } })
    expect(conflicts).toEqual([{ path: ['a'], mine: undefined, theirs: { b: 2 } }])
  })
  it('treats a list without keys as one value', () =>
    expect(mergeThreeWay({ a: [1] }, { a: [1, 2] }, { a: [0, 1] }).conflicts).toHaveLength(1))
})

describe('what is merged, written into the text', () => {
  it('keeps my comments', () => {
    const text = 'metadata:\n  resourceVersion: "1"\nspec: # mine\n  replicas: 3 # three\n'
    const mine = readForm(text)
    const merged = { metadata: { resourceVersion: '2', labels: { a: 'b' } }, spec: { replicas: 3 } }
    const next = writeDifference(text, mine, merged)
    for (const kept of ['# mine', 'replicas: 3 # three']) expect(next).toContain(kept)
    expect(readForm(next)).toEqual(merged)
  })
  it('takes theirs for a conflict', () => {
    const conflict = { path: ['spec', 'replicas'], mine: 3, theirs: 5 }
    expect(resolveConflict('spec:\n  replicas: 3\n', conflict)).toBe('spec:\n  replicas: 5\n')
    expect(readForm(resolveConflict('spec:\n  replicas: 3\n', { ...conflict, theirs: undefined }))).toEqual({
      spec: {},
    })
  })
})
