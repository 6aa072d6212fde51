// What is a new revision of an object, and what is not: two ways of asking that must agree.
import { describe, expect, test } from 'vitest'
import { meaningHash, meansTheSame } from '../../src/main/store/history/meaning.ts'
import { atOnce } from '../../src/main/pieces/pacer.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'

const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    uid: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'web' },
    resourceVersion: '7',
    generation: 1,
  },
  spec: { replicas: 1, template: { spec: { containers: [{ name: 'c', image: 'a' }] } } },
  status: { replicas: 0 },
}
type Web = typeof web
const hash = (object: AnyObject) => atOnce(meaningHash(object))

const changed = (change: (copy: Web & Record<string, unknown>) => unknown): AnyObject => {
  const copy = structuredClone(web)
  change(copy)
  return copy
}

describe('is the same', () => {
  test.each<[string, (copy: Web & Record<string, unknown>) => unknown]>([
    ['with another status', o => (o.status = { replicas: 1 })],
    ['without status', o => Reflect.deleteProperty(o, 'status')],
    ['at another version', o => (o.metadata.resourceVersion = '8')],
    ['at another generation', o => (o.metadata.generation = 2)],
    ['with other owners of its fields', o => Object.assign(o.metadata, { managedFields: [{ manager: 'kubectl' }] })],
  ])('%s', (_what, change) => {
    const other = changed(change)
    expect(meansTheSame(web, other)).toBe(true)
    expect(meansTheSame(other, web)).toBe(true)
    expect(hash(other)).toBe(hash(web))
  })
})

describe('is something new', () => {
  test.each<[string, (copy: Web & Record<string, unknown>) => unknown]>([
    ['with another image', o => (o.spec.template.spec.containers[0]!.image = 'b')],
    ['with one container more', o => o.spec.template.spec.containers.push({ name: 'd', image: 'a' })],
    ['with a field more', o => Object.assign(o.spec, { paused: true })],
    ['with a field less', o => Reflect.deleteProperty(o.spec, 'replicas')],
    ['with a field of another name', o => Object.assign(o, { spec: { ...o.spec, replicas: undefined, paused: 1 } })],
    ['with another label', o => (o.metadata.labels.app = 'shop')],
    ['with an annotation', o => Object.assign(o.metadata, { annotations: { a: 'b' } })],
    ['on its way out', o => Object.assign(o.metadata, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['with a part more', o => (o['data'] = {})],
  ])('%s', (_what, change) => {
    const other = changed(change)
    expect(meansTheSame(web, other)).toBe(false)
    expect(meansTheSame(other, web)).toBe(false)
    expect(hash(other)).not.toBe(hash(web))
  })
})

test('very large objects are told apart by their hashes alone, which are worked out in pieces', () => {
  const large = (last: string): AnyObject => {
    const data = Object.fromEntries(Array.from({ length: 6_000 }, (_, i) => [`key-${i}`, `value-${i}`]))
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: { ...data, last },
    } as unknown as AnyObject
  }
  expect(meansTheSame(large('a'), large('a'))).toBe(false)
  expect(hash(large('a'))).toBe(hash(large('a')))
  expect(hash(large('a'))).not.toBe(hash(large('b')))
  expect([...meaningHash(large('a'))].length).toBeGreaterThan(1)
})
