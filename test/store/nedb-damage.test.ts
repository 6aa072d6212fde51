// A flipped bit at every byte of the store's files is never silent, and any object comes back as it was put in.
import { cp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AnyObject } from '../../src/shared/machinery/object.ts'
import { silentLog } from '../../src/main/store/log.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { flippedBits } from './proof/flipped-bits.ts'
import { tempFolder, type TempFolder } from './temp-folder.ts'

let folder: TempFolder
beforeEach(async () => {
  folder = await tempFolder()
})
afterEach(() => folder[Symbol.asyncDispose]())

test('a flipped bit at every byte of a sealed log and of what says what counts is refused, never read as something else', async () => {
  const { faults, flips } = await flippedBits(openNedbEngine, folder.path)
  expect(faults).toEqual([])
  expect(flips).toBeGreaterThan(350)
})

test('a flipped bit in the record that was written last cuts it off and says so', async () => {
  const dataDir = join(folder.path, 'data')
  const engine = await openNedbEngine({ dataDir, reserveBytes: 65_536 })
  await engine.commit([{ key: '/a', value: '1' }])
  await engine.commit([{ key: '/b', value: '2' }])
  const copy = join(folder.path, 'copy')
  await cp(dataDir, copy, { recursive: true })
  await engine[Symbol.asyncDispose]()
  await rm(join(copy, 'lock'))
  const path = join(copy, 'store', '000001.log')
  const bytes = await readFile(path)
  bytes[bytes.length - 5]! ^= 1
  await writeFile(path, bytes)
  const told: string[] = []
  const again = await openNedbEngine({
    dataDir: copy,
    reserveBytes: 65_536,
    log: { ...silentLog, warn: (_detail, message) => told.push(message) },
  })
  expect(told).toEqual(['an unfinished record at the end of the log was cut off'])
  expect(again.revision).toBe(1)
  await again[Symbol.asyncDispose]()
})

test('a store that is refused leaves none of its files open', async () => {
  const engine = await openNedbEngine({ dataDir: folder.path, reserveBytes: 65_536 })
  await engine.commit([{ key: '/a', value: '1' }])
  await engine[Symbol.asyncDispose]()
  await writeFile(join(folder.path, 'revision.json'), 'damaged')
  await expect(openNedbEngine({ dataDir: folder.path, reserveBytes: 65_536 })).rejects.toMatchObject({
    code: 'Corrupt',
  })
  const files = await readdir('/proc/self/fd')
  const open = await Promise.all(files.map(name => readlink(`/proc/self/fd/${name}`).catch(() => '')))
  expect(open.filter(path => path.startsWith(folder.path))).toEqual([])
})

test('any JSON under any key comes back as it was put in, over a restart', async () => {
  const open = async () =>
    openObjectStore(await openNedbEngine({ dataDir: folder.path, reserveBytes: 65_536 }), { compactEveryMs: 0 })
  const hostile = fc.constantFrom('__proto__', '$set', 'a.b', '\u2028', '\u0085', '\ud83d\ude80', 'constructor', '')
  const text = fc.oneof(hostile, fc.string({ unit: 'binary' }))
  const value = fc.letrec(tie => ({
    any: fc.oneof({ maxDepth: 4 }, text, fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('map')),
    list: fc.array(tie('any'), { maxLength: 4 }),
    map: fc.array(fc.tuple(text, tie('any')), { maxLength: 4 }).map(entries => {
      const map = Object.create(null) as Record<string, unknown>
      for (const [key, inner] of entries) map[key] = inner
      return map
    }),
  })).any
  const samples = fc.sample(value, { numRuns: 2_000, seed: 20_261 })
  let store = await open()
  const metadata = { name: 'x', uid: 'x', creationTimestamp: '2026-01-01T00:00:00Z' }
  await Promise.all(
    samples.map((data, i) =>
      store.create(`/registry/core/configmaps/a/${i}`, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata,
        data,
      } as unknown as AnyObject),
    ),
  )
  await store[Symbol.asyncDispose]()
  store = await open()
  for (const [i, data] of samples.entries())
    expect(JSON.stringify(store.get(`/registry/core/configmaps/a/${i}`)!.object['data'])).toBe(JSON.stringify(data))
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  await store[Symbol.asyncDispose]()
})
