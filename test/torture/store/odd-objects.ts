// Made-up objects with the characters and keys that text formats trip over, written by 64 writers, overwritten, deleted,
// read back from a fresh process's worth of state and compared: `node odd-objects.mjs <folder> <objects> <seed>`.
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { MAX_OBJECT_BYTES } from '../../../src/main/store/contract.ts'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../../src/main/store/object-store.ts'
import { randomFrom } from '../../support/random.ts'

const [dataDir = '', count = '', seedText = ''] = process.argv.slice(2)
const COUNT = Number(count)
const PREFIX = '/registry/core/configmaps/odd/'
const WRITERS = 64
/** One of so many is as large as an object may be. */
const LARGE_EVERY = 2_000
const random = randomFrom(Number(seedText))
const below = (limit: number) => Math.floor(random() * limit)
const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T

const ODD_KEYS = ['__proto__', 'constructor', 'prototype', 'toString', '$set', '$$date', '$', '.', 'a.b', '', '_id', 'length', '\u2028', '\0', '\\', '"', '💥'] // prettier-ignore
const ODD_TEXTS = ['\u2028', '\u2029', '\u0085', '\n', '\r\n', '\t', '\0', '\u001f', '\u007f', '\ufeff', '\uffff', '\u202e', '💥', 'é', 'e\u0301', '\\', '\\u2028', '"', "'", '$', '.', '{', '}', '[', ']', ',', ':', '//', '%s', '</script>', '__proto__', '$$deleted', '{"_id":"x"}'] // prettier-ignore

const text = (): string => Array.from({ length: below(6) }, () => (random() < 0.7 ? pick(ODD_TEXTS) : String.fromCharCode(32 + below(0xd7df)))).join('') // prettier-ignore

function value(depth: number): unknown {
  const kind = below(depth > 0 ? 8 : 6)
  if (kind === 0) return text()
  if (kind === 1) return pick([0, -0.5, 1e-7, 1e21, 2 ** 53 - 1, -(2 ** 31), below(1_000)])
  if (kind === 2) return random() < 0.5
  if (kind === 3) return null
  if (kind === 4) return []
  if (kind === 5) return ''
  if (kind === 6) return Array.from({ length: below(4) }, () => value(depth - 1))
  return map(depth - 1)
}

/** Without a prototype: `__proto__` is a field like any other. */
function map(depth: number): Record<string, unknown> {
  const made = Object.create(null) as Record<string, unknown>
  for (let i = below(5); i > 0; i--) made[random() < 0.6 ? pick(ODD_KEYS) : text()] = value(depth)
  return made
}

function objectOf(i: number): AnyObject {
  const metadata = { name: `o${i}`, namespace: 'odd', uid: `uid-${i}`, creationTimestamp: '2026-01-01T00:00:00Z' }
  const data = i % LARGE_EVERY === 0 ? { large: 'é'.repeat((MAX_OBJECT_BYTES - 1_000) / 2) } : map(4)
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as unknown as AnyObject
}

/** What is compared: the store adds nothing but the revision. */
const plain = (object: AnyObject) => JSON.stringify(object.data)

const wanted = new Map<string, string>()
const options = { compactEveryMs: 0 }
let store = await openObjectStore(await openNedbEngine({ dataDir }), options)
const revisions = new Map<string, number>()
let next = 0
await Promise.all(
  Array.from({ length: WRITERS }, async () => {
    while (next < COUNT) {
      const i = next++
      const key = `${PREFIX}o${i}`
      let object = objectOf(i)
      let { revision } = await store.create(key, object)
      const fate = i % 10
      if (fate === 1) {
        object = objectOf(i)
        ;({ revision } = await store.update(key, object, revision))
      }
      if (fate === 2) await store.delete(key, revision)
      else {
        wanted.set(key, plain(object))
        revisions.set(key, revision)
      }
    }
  }),
)

function compare(when: string): void {
  const { items } = store.list(PREFIX)
  let wrong = 0
  for (const { key, object, revision } of items) {
    const text = wanted.get(key)
    if (text === undefined || revisions.get(key) !== revision || plain(object) !== text) {
      wrong++
      console.error(
        `${when}: ${key} is not what was written: ${plain(object).slice(0, 200)} for ${text?.slice(0, 200)}`,
      )
    }
  }
  if (items.length !== wanted.size) console.error(`${when}: ${items.length} objects of ${wanted.size}`)
  if (wrong > 0 || items.length !== wanted.size) process.exit(1)
  for (const field in {}) throw new Error(`every object has got a field ${field}`)
}

compare('while it runs')
await store[Symbol.asyncDispose]()
store = await openObjectStore(await openNedbEngine({ dataDir }), options)
compare('after a restart')
await store.compact(store.revision)
await store[Symbol.asyncDispose]()
store = await openObjectStore(await openNedbEngine({ dataDir }), options)
compare('after compaction and another restart')
await store[Symbol.asyncDispose]()
console.log(`seed ${seedText}: ${COUNT} odd objects, ${COUNT / LARGE_EVERY} of them as large as one may be: ${wanted.size} left after overwrites and deletions, all as written, twice over a restart`) // prettier-ignore
