// Watches that name a field: told of what concerns them, in order, and spared the rest.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventRing } from '../../src/main/store/event-ring.ts'
import type { Stored, StoreEvent, FieldTrigger } from '../../src/main/store/contract.ts'
import { Watchers } from '../../src/main/store/watchers.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'

const PREFIX = '/pods/default/'
const nodeOf = (object: AnyObject): string => (object as unknown as { spec: { nodeName: string } }).spec.nodeName
const onNode = (value: string): FieldTrigger => ({ field: 'spec.nodeName', value, read: nodeOf })

const stored = (name: string, revision: number, nodeName: string | undefined): Stored => ({
  key: PREFIX + name,
  revision,
  createRevision: 1,
  object: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, resourceVersion: String(revision) },
    ...(nodeName === undefined ? {} : { spec: { nodeName } }),
  } as unknown as AnyObject,
})

/** Pods that come, move between nodes and go, and who watches them. */
class Cluster {
  readonly faults: unknown[] = []
  readonly #ring = new EventRing({ maxEvents: 100, minEvents: 10, maxBytes: 1e6 }, 0)
  readonly #pods = new Map<string, Stored>()
  readonly #watchers = new Watchers(
    this.#ring,
    () => this.revision,
    error => this.faults.push(error),
  )
  revision = 0

  watch(trigger?: FieldTrigger) {
    const told: string[] = []
    const handle = this.#watchers.add(PREFIX, {
      from: this.revision,
      ...(trigger ? { trigger } : {}),
      onEvent: ({ type, revision, current }) => told.push(`${revision} ${type} ${current.object.metadata.name}`),
      onEnd: error => told.push(error.code),
    })
    return { told, close: () => handle.close() }
  }

  /** @param nodeName undefined: it has no spec; null: the pod goes */
  put(name: string, nodeName: string | undefined | null): void {
    const previous = this.#pods.get(name)
    if (nodeName === null && !previous) return
    this.revision += 1
    const current = nodeName === null ? (previous as Stored) : stored(name, this.revision, nodeName)
    if (nodeName === null) this.#pods.delete(name)
    else this.#pods.set(name, current)
    const type = nodeName === null ? 'DELETED' : previous ? 'MODIFIED' : 'ADDED'
    const event = { type, revision: this.revision, current, ...(previous ? { previous } : {}) } as StoreEvent
    this.#ring.push(event, 100, 0)
    this.#watchers.tell(event)
  }
}

describe('a watch that names a field', () => {
  test('is told of what enters, changes in and leaves its value, and of nothing else', () => {
    const cluster = new Cluster()
    const { told } = cluster.watch(onNode('a'))
    cluster.put('x', '')
    cluster.put('x', 'a')
    cluster.put('y', 'b')
    cluster.put('x', 'a')
    cluster.put('x', 'b')
    cluster.put('y', 'a')
    cluster.put('y', null)
    expect(told).toEqual(['2 MODIFIED x', '4 MODIFIED x', '5 MODIFIED x', '6 MODIFIED y', '7 DELETED y'])
  })

  test('costs nothing for what other values are asked: the field is read once an event, however many watch', () => {
    const cluster = new Cluster()
    let reads = 0
    const counted = (value: string): FieldTrigger => ({
      field: 'spec.nodeName',
      value,
      read: object => {
        reads += 1
        return nodeOf(object)
      },
    })
    const all = Array.from({ length: 500 }, (_, i) => cluster.watch(counted(`n${i}`)))
    cluster.put('x', 'n7')
    expect(reads).toBe(1)
    expect(all.map(({ told }) => told.length).reduce((a, b) => a + b)).toBe(1)
    expect(all[7]?.told).toEqual(['1 ADDED x'])
  })

  test('is told of an object whose field cannot be read: only its receiver can judge that', () => {
    const cluster = new Cluster()
    const { told } = cluster.watch(onNode('a'))
    cluster.put('x', undefined)
    expect([told, cluster.faults]).toEqual([['1 ADDED x'], []])
  })

  test('is told as one that asks everything would be, whoever comes and goes meanwhile', () => {
    const nodes = fc.constantFrom('a', 'b', '', null)
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ pod: fc.constantFrom('x', 'y', 'z'), node: nodes }) },
      fc.record({ opens: fc.constantFrom('a', 'b', '') }),
      fc.record({ closes: fc.nat(5) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const cluster = new Cluster()
        const open: { close: () => void }[] = []
        const pairs: { told: string[]; should: string[]; node: string; closed: boolean }[] = []
        const where = new Map<string, string>()
        for (const step of steps) {
          if ('opens' in step) {
            const watch = cluster.watch(onNode(step.opens))
            const pair = { told: watch.told, should: [], node: step.opens, closed: false }
            pairs.push(pair)
            open.push({
              close: () => {
                watch.close()
                pair.closed = true
              },
            })
          } else if ('closes' in step) open[step.closes]?.close()
          else {
            const before = where.get(step.pod)
            if (step.node === null && before === undefined) continue
            cluster.put(step.pod, step.node)
            const type = step.node === null ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED'
            for (const { node, should, closed } of pairs)
              if (!closed && (before === node || step.node === node))
                should.push(`${cluster.revision} ${type} ${step.pod}`)
            if (step.node === null) where.delete(step.pod)
            else where.set(step.pod, step.node)
          }
        }
        for (const { told, should } of pairs) expect(told).toEqual(should)
      }),
    )
  })
})
