// The arriving end of a move: a copy is not the cluster until the leaving end has let go of that very copy.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ClusterCopy, copyCluster, newCopyKey } from '../../src/main/cli/control-plane/copy.ts'
import { activate, receive } from '../../src/main/cli/control-plane/receive.ts'
import { assertHere, readMark } from '../../src/main/move/mark.ts'
import { openSealedEngine } from '../../src/main/store/encryption/sealed-engine.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { openEngine } from '../../src/main/store/open-engine.ts'
import { operations } from '../../src/main/store/operations/operations.ts'
import { objectNamed } from '../suites/store-helpers.ts'

const FIRST = '00000000-0000-4000-8000-000000000001'
const SECOND = '00000000-0000-4000-8000-000000000002'
const KEY = '/registry/core/configmaps/default/a'
let folder: string
let here: string
let there: string
let keyFile: string
let copy: ClusterCopy

const openStore = async (dataDir: string) => {
  const engine = await openSealedEngine(await openEngine({ engine: 'nedb' }, dataDir), {})
  return { engine, store: await openObjectStore(engine, { compactEveryMs: 0 }) }
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-arrival-'))
  ;[here, there, keyFile] = ['here', 'there', 'key'].map(name => join(folder, name)) as [string, string, string] // prettier-ignore
  const { engine, store } = await openStore(here)
  await store.create(KEY, objectNamed('a'))
  copy = await copyCluster(here, operations.snapshot({ store, engine, dataDir: here }))
  await store[Symbol.asyncDispose]()
  writeFileSync(keyFile, copy.key)
})
afterEach(async () => {
  await copy[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const arrive = (id: string, cluster = 'abcd1234') => receive(copy.path, { dataDir: there, id, cluster, keyFile })

test('no control plane starts on a copy before it is activated; then it is the cluster, however often it is asked', async () => {
  await arrive(FIRST)
  expect(() => assertHere(there)).toThrow(/whose move is not finished/)
  await activate({ dataDir: there, id: FIRST })
  await activate({ dataDir: there, id: FIRST })
  expect(() => assertHere(there)).not.toThrow()
  const { store } = await openStore(there)
  expect(store.get(KEY)?.object.metadata.name).toBe('a')
  expect(store.revision).toBeGreaterThan(copy.revision)
  await store[Symbol.asyncDispose]()
})

test('the copy of an attempt that was given up is replaced, and can no longer be activated', async () => {
  await arrive(FIRST)
  await arrive(SECOND)
  await expect(activate({ dataDir: there, id: FIRST })).rejects.toThrow(/not the whole copy of this move/)
  await activate({ dataDir: there, id: SECOND })
})

test('half a copy is not activated, and a rerun makes it whole', async () => {
  writeFileSync(keyFile, newCopyKey())
  await expect(arrive(FIRST)).rejects.toMatchObject({ code: 'WrongKey' })
  expect(readMark(there)).toMatchObject({ id: FIRST, state: 'arriving' })
  await expect(activate({ dataDir: there, id: FIRST })).rejects.toThrow(/not the whole copy/)
  writeFileSync(keyFile, copy.key)
  await arrive(FIRST)
  await activate({ dataDir: there, id: FIRST })
})

test('a folder that is a cluster already is left alone', async () => {
  await arrive(FIRST)
  await activate({ dataDir: there, id: FIRST })
  await expect(arrive(SECOND)).rejects.toThrow(/holds a cluster already/)
  expect(readMark(there)).toBeUndefined()
})

test('of two copies that arrive at the same time one is refused, and the other one is whole', async () => {
  const both = await Promise.allSettled([arrive(FIRST), arrive(SECOND)])
  const refused = both.filter(({ status }) => status === 'rejected')
  expect(refused).toMatchObject([{ reason: { code: 'Locked', message: expect.stringContaining('another move') } }])
  const arrived = both[0]?.status === 'fulfilled' ? FIRST : SECOND
  await activate({ dataDir: there, id: arrived })
  const { store } = await openStore(there)
  expect(store.get(KEY)?.object.metadata.name).toBe('a')
  await store[Symbol.asyncDispose]()
})

test("another cluster's whole copy is not replaced: that cluster may have let go of it", async () => {
  await arrive(FIRST)
  await expect(arrive(SECOND, 'ffff0000')).rejects.toThrow(/the copy of another cluster, whose move is not finished/)
  await activate({ dataDir: there, id: FIRST })
})

test('a store that something runs on is not replaced, whatever the mark says', async () => {
  await arrive(FIRST)
  const { store } = await openStore(there)
  await expect(arrive(SECOND)).rejects.toMatchObject({ code: 'Locked' })
  expect(store.get(KEY)?.object.metadata.name).toBe('a')
  await store[Symbol.asyncDispose]()
})
