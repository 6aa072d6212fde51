// What waits for a disk that does not come back takes a bounded part of the memory.
import { expect, test } from 'vitest'
import type { StoreEvent, StoreEventType } from '../../src/main/store/contract.ts'
import { EventQueue, type Waiting } from '../../src/main/store/history/event-queue.ts'
import { objectNamed } from '../suites/store.ts'

let revision = 0
const event = (name: string, type: StoreEventType = 'MODIFIED'): StoreEvent => {
  revision++
  const object = objectNamed(name)
  return {
    type,
    revision,
    current: { key: `/registry/core/configmaps/a/${name}`, object, revision, createRevision: 1 },
  }
}
const told = (waiting: readonly Waiting[]) =>
  waiting.map(({ event: { type, current } }) => `${type} ${current.object.metadata.name}`)

test('the newest state of each object and its deletions stay when there is no room for more', () => {
  const queue = new EventQueue(100)
  queue.push(event('gone', 'DELETED'))
  for (let i = 0; i < 1_000; i++) queue.push(event(i % 2 ? 'a' : 'b'))
  expect(queue.length).toBeLessThanOrEqual(100)
  const kept = queue.take()
  expect(told(kept)[0]).toBe('DELETED gone')
  expect(told(kept)).toContain('MODIFIED a')
  expect(kept.at(-1)!.event.revision).toBe(revision)
  expect(queue.length).toBe(0)
})

test('of more objects than there is room for, those that changed last stay', () => {
  const queue = new EventQueue(100)
  for (let i = 0; i < 500; i++) queue.push(event(`n${i}`))
  expect(queue.length).toBeLessThanOrEqual(100)
  expect(told(queue.take()).at(-1)).toBe('MODIFIED n499')
})

test('what is put back comes before what came meanwhile', () => {
  const queue = new EventQueue(100)
  queue.push(event('first'))
  const taken = queue.take()
  queue.push(event('second'))
  queue.putBack(taken)
  expect(told(queue.take())).toEqual(['MODIFIED first', 'MODIFIED second'])
})
