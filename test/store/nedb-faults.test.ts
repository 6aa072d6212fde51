// The embedded engine when the disk fails it: full, broken, or cut off in the middle of a write.
import { spawnSync } from 'node:child_process'
import { cp, mkdir, readdir, unlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AnyObject } from '../../src/shared/machinery/object.ts'
import { type Engine, MAX_OBJECT_BYTES } from '../../src/main/store/contract.ts'
import { realDisk, type Disk } from '../../src/main/store/nedb/disk.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { poll } from '../suites/store.ts'
import { tempFolder, type TempFolder } from './temp-folder.ts'

let folder: TempFolder
let engine: Engine | undefined
beforeEach(async () => {
  folder = await tempFolder()
})
afterEach(async () => {
  await engine?.[Symbol.asyncDispose]()
  engine = undefined
  await folder[Symbol.asyncDispose]()
})

const failure = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'ok',
    (error: { code?: string }) => error.code,
  )
async function stateOf(opened: Engine): Promise<Map<string, string>> {
  const state = new Map<string, string>()
  for await (const batch of opened.load()) for (const { key, value } of batch) state.set(key, value ?? '')
  return state
}

for (const place of ['syncData', 'beforeAppend', 'rename', 'syncFolder'] as const)
  test(`a failing ${place} stops writes, loses nothing acknowledged, and writing comes back by itself`, async () => {
    let broken = false
    const fail = () => Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }))
    const disk: Disk = {
      beforeAppend: (path, bytes) => (broken && place === 'beforeAppend' ? fail() : realDisk.beforeAppend(path, bytes)),
      syncData: (file, path) => (broken && place === 'syncData' ? fail() : realDisk.syncData(file, path)),
      syncFolder: path => (broken && place === 'syncFolder' ? fail() : realDisk.syncFolder(path)),
      // The step before the new file takes the old one's name.
      reach: point => (broken && place === 'rename' && point === 'replace.synced' ? fail() : Promise.resolve()),
    }
    const dataDir = folder.path
    // Files are made and renamed with every append.
    engine = await openNedbEngine({ dataDir, disk, reserveBytes: 65_536, segmentBytes: 1 })
    const told: string[] = []
    engine.onCommit(records => told.push(records[0]!.key))
    await engine.commit([{ key: '/before', value: '1' }])
    broken = true
    const pending = [0, 1, 2].map(i => failure(engine!.commit([{ key: `/lost${i}`, value: '1' }])))
    expect(await Promise.all(pending)).toEqual(['Unavailable', 'Unavailable', 'Unavailable'])
    expect(engine.health()).toMatchObject({ state: 'read-only', detail: expect.stringContaining('EIO') })
    expect(await failure(engine.commit([{ key: '/no', value: null }]))).toBe('Unavailable')
    expect([...(await stateOf(engine)).keys()]).toEqual(['/before'])
    broken = false
    await poll(() => engine!.health().state === 'ok')
    await engine.commit([{ key: '/after', value: '1', expect: 0 }])
    expect(told).toEqual(['/before', '/after'])
    await engine[Symbol.asyncDispose]()
    engine = await openNedbEngine({ dataDir })
    expect([...(await stateOf(engine)).keys()].sort()).toEqual(['/after', '/before'])
  })

/** A disk on which every sync of data fails while `broken` says so. */
function failingDisk(broken: () => boolean): Disk {
  const error = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
  return {
    ...realDisk,
    syncData: (file, path) => (broken() ? Promise.reject(error) : realDisk.syncData(file, path)),
  }
}

test('a disk that does not come back is given up: failed tells it, reads go on, and a restart finds everything', async () => {
  let broken = false
  const dataDir = folder.path
  engine = await openNedbEngine({ dataDir, disk: failingDisk(() => broken), reserveBytes: 65_536, giveUpMs: 0 })
  await engine.commit([{ key: '/a', value: '1' }])
  broken = true
  expect(await failure(engine.commit([{ key: '/b', value: '1' }]))).toBe('Unavailable')
  const error = await engine.failed
  expect(error).toMatchObject({
    code: 'Unavailable',
    message: expect.stringContaining('could not be reopened') as string,
  })
  expect([...(await stateOf(engine)).keys()]).toEqual(['/a'])
  await engine[Symbol.asyncDispose]()
  engine = await openNedbEngine({ dataDir })
  expect([...(await stateOf(engine)).keys()]).toContain('/a')
})

test('what a killed process left in the page cache is made durable before the manifest promises it', async () => {
  engine = await openNedbEngine({ dataDir: join(folder.path, 'killed') })
  await engine.commit([{ key: '/a', value: '1' }])
  // As after kill -9: the lock and the log are there, nothing was closed.
  const dataDir = join(folder.path, 'found')
  await cp(join(folder.path, 'killed', 'store'), join(dataDir, 'store'), { recursive: true })
  const synced: string[] = []
  const disk: Disk = {
    ...realDisk,
    syncData: (file, path) => {
      synced.push(basename(path))
      return realDisk.syncData(file, path)
    },
  }
  const [left] = (await readdir(join(dataDir, 'store'))).filter(name => name.endsWith('.log'))
  const found = await openNedbEngine({ dataDir, disk })
  const promised = synced.findIndex(name => name.includes('manifest'))
  expect(promised).toBeGreaterThan(-1)
  expect(synced.slice(0, promised)).toContain(left)
  expect([...(await stateOf(found)).keys()]).toEqual(['/a'])
  await found[Symbol.asyncDispose]()
})

test('acknowledged records that an I/O error has destroyed are told at once as Corrupt', async () => {
  let broken = false
  engine = await openNedbEngine({ dataDir: folder.path, disk: failingDisk(() => broken), reserveBytes: 65_536 })
  await engine.commit([{ key: '/a', value: '1' }])
  const [name] = (await readdir(join(folder.path, 'store'))).filter(each => each.endsWith('.log'))
  await writeFile(join(folder.path, 'store', name!), 'what the failing disk left')
  broken = true
  expect(await failure(engine.commit([{ key: '/b', value: '1' }]))).toBe('Unavailable')
  broken = false
  expect((await engine.failed).code).toBe('Corrupt')
  expect(engine.health().state).toBe('read-only')
})

/** Runs the check on a file system of three megabytes of its own. */
async function onSmallDisk(skip: (why: string) => void, check: (mount: string) => Promise<void>): Promise<void> {
  const mount = join(folder.path, 'small')
  await mkdir(mount)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mount])
  if (mounted.status !== 0) return skip(`tmpfs cannot be mounted here: ${mounted.stderr?.toString()}`)
  try {
    await check(mount)
  } finally {
    await engine?.[Symbol.asyncDispose]()
    engine = undefined
    expect(spawnSync('umount', [mount]).status).toBe(0)
  }
}

test('on a full disk creates answer NoSpace, deletes and reads go on, and room brings writing back', context =>
  onSmallDisk(context.skip, async mount => {
    const ballast = join(mount, 'ballast')
    await writeFile(ballast, Buffer.alloc(1024 * 1024))
    engine = await openNedbEngine({ dataDir: join(mount, 'data'), reserveBytes: 256 * 1024 })
    const acknowledged: string[] = []
    let outcome: string | undefined = 'ok'
    for (let i = 0; outcome === 'ok' && i < 5000; i++) {
      outcome = await failure(engine.commit([{ key: `/k${i}`, value: 'x'.repeat(20_000) }]))
      if (outcome === 'ok') acknowledged.push(`/k${i}`)
    }
    expect(outcome).toBe('NoSpace')
    expect(engine.health().state).toBe('no-space')
    expect(acknowledged.length).toBeGreaterThan(10)
    for (const key of acknowledged.splice(0, 5)) await engine.commit([{ key, value: null }])
    expect(await failure(engine.commit([{ key: '/more', value: '1' }]))).toBe('NoSpace')
    expect([...(await stateOf(engine)).keys()].sort()).toEqual([...acknowledged].sort())
    await unlink(ballast)
    await poll(() => engine!.health().state === 'ok', 20_000)
    await engine.commit([{ key: '/more', value: '1' }])
    await engine[Symbol.asyncDispose]()
    engine = await openNedbEngine({ dataDir: join(mount, 'data') })
    expect([...(await stateOf(engine)).keys()].sort()).toEqual([...acknowledged, '/more'].sort())
  }))

test('on a full disk an object with a finalizer can be deleted: what leads to a deletion passes', context =>
  onSmallDisk(context.skip, async mount => {
    engine = await openNedbEngine({ dataDir: join(mount, 'data'), reserveBytes: 256 * 1024 })
    const store = await openObjectStore(engine, { compactEveryMs: 0 })
    const object = (metadata: object, data = '') =>
      ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'held', ...metadata }, data }) as unknown as AnyObject
    const held = await store.create('/held', object({ finalizers: ['example.com/wait'] }))
    let outcome: string | undefined = 'ok'
    for (let i = 0; outcome === 'ok' && i < 5000; i++)
      outcome = await failure(store.create(`/k${i}`, object({}, 'x'.repeat(20_000))))
    expect(outcome).toBe('NoSpace')
    const time = { deletionTimestamp: '2026-01-01T00:00:00Z' }
    const marked = object({ ...time, finalizers: ['example.com/wait'] })
    const going = await store.update('/held', marked, held.revision)
    expect(await failure(store.update('/held', marked, going.revision))).toBe('NoSpace')
    const free = await store.update('/held', object({ ...time, finalizers: [] }), going.revision)
    await store.delete('/held', free.revision)
    expect(store.get('/held')).toBeUndefined()
  }))

test('a disk that is full of the past is compacted, and writing comes back without anybody freeing space', context =>
  onSmallDisk(context.skip, async mount => {
    const options = { dataDir: join(mount, 'data'), reserveBytes: 256 * 1024, segmentBytes: 200_000 }
    engine = await openNedbEngine(options)
    let outcome: string | undefined = 'ok'
    let last = ''
    for (let i = 0; outcome === 'ok' && i < 5000; i++) {
      const value = `${i} ${'x'.repeat(20_000)}`
      outcome = await failure(engine.commit([{ key: '/same', value }]))
      if (outcome === 'ok') last = value
    }
    expect(outcome).toBe('NoSpace')
    await poll(() => engine!.health().state === 'ok', 20_000)
    await engine.commit([{ key: '/more', value: '1' }])
    await engine[Symbol.asyncDispose]()
    engine = await openNedbEngine(options)
    expect(await stateOf(engine)).toEqual(
      new Map([
        ['/same', last],
        ['/more', '1'],
      ]),
    )
  }))

test('an object above the largest that can be stored is refused as TooLarge and leaves nothing behind', async () => {
  engine = await openNedbEngine({ dataDir: folder.path })
  const store = await openObjectStore(engine, { compactEveryMs: 0 })
  const object = (bytes: number) =>
    ({ apiVersion: 'v1', kind: 'X', metadata: { name: 'a' }, data: 'é'.repeat(bytes / 2) }) as unknown as AnyObject
  expect(await failure(store.create('/a', object(MAX_OBJECT_BYTES)))).toBe('TooLarge')
  const { revision } = await store.create('/a', object(MAX_OBJECT_BYTES - 1000))
  expect(await failure(store.update('/a', object(MAX_OBJECT_BYTES), revision))).toBe('TooLarge')
  expect(store.revision).toBe(revision)
})
