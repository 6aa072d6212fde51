// What the embedded engine's files promise: repair of the tail, refusal of damage, compaction, lock, format, revisions.
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Engine } from '../../src/main/store/contract.ts'
import { type Disk, realDisk } from '../../src/main/store/nedb/disk.ts'
import { type NedbEngineOptions, openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { lockFolder } from '../../src/main/store/nedb/lock.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { eventually } from '../support/eventually.ts'
import { zombie } from '../support/zombie.ts'
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

const storeDir = () => join(folder.path, 'store')
const open = async (options: Partial<NedbEngineOptions> = {}) =>
  (engine = await openNedbEngine({ dataDir: folder.path, reserveBytes: 65_536, ...options }))
const close = async () => {
  await engine?.[Symbol.asyncDispose]()
  engine = undefined
}
const put = (key: string, value = 'v') => engine!.commit([{ key, value }])
const keys = async () => {
  const found: string[] = []
  for await (const batch of engine!.load()) found.push(...batch.map(({ key }) => key))
  return found.sort()
}
const segments = async () => (await readdir(storeDir())).filter(name => /\.(log|snap)$/.test(name)).sort()
const failure = async (attempt: Promise<unknown>) => {
  const error = (await attempt.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  )) as Error
  return { code: (error as { code?: string }).code, message: error.message }
}

/** A copy of the folder as a crash would leave it, the lock included: the active segment is not sealed. */
async function crashCopy(): Promise<void> {
  const copy = `${folder.path}-crash`
  // A file that is made ready under another name may go while the folder is copied.
  await eventually(async () => {
    await rm(copy, { recursive: true, force: true })
    await cp(folder.path, copy, { recursive: true })
  })
  await close()
  await rm(folder.path, { recursive: true })
  await cp(copy, folder.path, { recursive: true })
  await rm(join(folder.path, 'lock'), { force: true })
  await rm(copy, { recursive: true })
}

test('a last record that is torn at any byte is cut off, and all before it is there', async () => {
  await open()
  await put('/a', 'first')
  await put('/b', 'second')
  const [name] = await segments()
  const path = join(storeDir(), name!)
  const whole = await stat(path)
  await put('/c', 'torn \u2028')
  await crashCopy()
  const bytes = await readFile(path)
  expect(bytes.length).toBeGreaterThan(whole.size)
  const original = `${folder.path}-original`
  await cp(folder.path, original, { recursive: true })
  for (let length = whole.size; length < bytes.length; length++) {
    await truncate(path, length)
    await open()
    expect(await keys(), `cut at ${length} of ${bytes.length}`).toEqual(['/a', '/b'])
    expect((await stat(path)).size).toBe(whole.size)
    await close()
    await rm(folder.path, { recursive: true })
    await cp(original, folder.path, { recursive: true })
  }
  await rm(original, { recursive: true })
  await open()
  expect(await keys()).toEqual(['/a', '/b', '/c'])
})

test('a damaged record that valid ones follow is refused; the message names file, byte and way out', async () => {
  await open()
  await put('/a', 'first')
  await put('/b', 'second')
  await put('/c', 'third')
  const path = join(storeDir(), (await segments())[0]!)
  await crashCopy()
  const bytes = await readFile(path)
  const second = bytes.indexOf('\n') + 1
  bytes[second + 30]! ^= 1
  await writeFile(path, bytes)
  const { code, message } = await failure(open())
  expect(code).toBe('Corrupt')
  expect(message).toContain(path)
  expect(message).toContain(`byte ${second}`)
  expect(message).toContain('snapshot')
  expect(await readFile(path)).toEqual(bytes)
})

test('a sealed segment that lost its end or its file is refused', async () => {
  await open()
  await put('/a')
  await close()
  await open()
  await put('/b')
  await close()
  const path = join(storeDir(), (await segments())[0]!)
  const bytes = await readFile(path)
  await truncate(path, bytes.length - 5)
  expect((await failure(open())).code).toBe('Corrupt')
  await rm(path)
  expect((await failure(open())).code).toBe('Corrupt')
  await writeFile(path, bytes)
  await open()
  expect(await keys()).toEqual(['/a', '/b'])
})

test('a lost or damaged manifest is refused, and no segment is taken for a leftover', async () => {
  await open()
  await put('/a')
  await close()
  const manifest = join(storeDir(), 'manifest.json')
  const text = await readFile(manifest, 'utf8')
  await writeFile(manifest, text.replace('000001', '000002'))
  expect((await failure(open())).code).toBe('Corrupt')
  await rm(manifest)
  expect((await failure(open())).code).toBe('Corrupt')
  await writeFile(manifest, text)
  await open()
  expect(await keys()).toEqual(['/a'])
})

test('a start leaves the bytes of old segments unchanged and does not gather empty files', async () => {
  await open()
  await put('/a')
  await close()
  const path = join(storeDir(), (await segments())[0]!)
  const before = await readFile(path)
  for (let i = 0; i < 4; i++) {
    await open()
    await close()
  }
  expect(await readFile(path)).toEqual(before)
  expect((await segments()).length).toBeLessThanOrEqual(2)
})

test('files are private: 0600 in folders of 0700', async () => {
  await open({ dataDir: join(folder.path, 'data') })
  await put('/a')
  const data = join(folder.path, 'data')
  for (const path of [data, join(data, 'store')]) expect((await stat(path)).mode & 0o777).toBe(0o700)
  for (const path of [data, join(data, 'store')])
    for (const entry of await readdir(path, { withFileTypes: true }))
      if (entry.isFile()) expect((await stat(join(path, entry.name))).mode & 0o777, entry.name).toBe(0o600)
})

test('compact() rewrites old segments to what lives, deletes them and keeps every key, also while writes go on', async () => {
  await open({ segmentBytes: 4_000, garbageBytes: 0 })
  await put('/keep', 'x'.repeat(100))
  await put('/gone')
  await engine!.commit([{ key: '/gone', value: null }])
  for (let i = 0; i < 200; i++) await put('/hot', `${i} ${'y'.repeat(200)}`)
  const before = await segments()
  const writes = Promise.all(Array.from({ length: 50 }, (_, i) => put(`/meanwhile${i}`)))
  await engine!.compact(engine!.revision)
  await writes
  const after = await segments()
  expect(before.length).toBeGreaterThan(8)
  expect(after.length).toBeLessThan(before.length / 2)
  expect(after.some(name => name.endsWith('.snap'))).toBe(true)
  const expected = [...Array.from({ length: 50 }, (_, i) => `/meanwhile${i}`), '/hot', '/keep'].sort()
  expect(await keys()).toEqual(expected)
  const { revision } = engine!
  await close()
  await open()
  expect(await keys()).toEqual(expected)
  expect(engine!.revision).toBe(revision)
})

test('compact() keeps what is long, as a whole or what still lives of it', async () => {
  await open({ garbageBytes: 0 })
  const long = (key: string) => key.repeat(20_000)
  const kept = ['/part', '/whole-a', '/whole-b']
  await engine!.commit(['/whole-a', '/whole-b'].map(key => ({ key, value: long(key) })))
  await engine!.commit(['/part', '/gone'].map(key => ({ key, value: long(key) })))
  await put('/short')
  await engine!.commit([{ key: '/gone', value: null }])
  await engine!.compact(engine!.revision, true)
  expect((await engine!.stats()).diskBytes).toBeLessThan(long(kept.join('')).length + 2_000)
  await close()
  await open()
  const found = new Map<string, string | null>()
  for await (const batch of engine!.load()) for (const { key, value } of batch) found.set(key, value)
  expect([...found.keys()].sort()).toEqual([...kept, '/short'].sort())
  for (const key of kept) expect(found.get(key) === long(key), key).toBe(true)
})

test('revisions go beyond all that was given out when the store is put back from a copy', async () => {
  await open()
  await put('/a')
  await close()
  const copy = join(folder.path, 'copy')
  await cp(storeDir(), copy, { recursive: true })
  await open()
  for (let i = 0; i < 50; i++) await put('/b')
  const newest = engine!.revision
  await close()
  await rm(storeDir(), { recursive: true })
  await cp(copy, storeDir(), { recursive: true })
  await open()
  expect(await keys()).toEqual(['/a'])
  expect(engine!.revision).toBeGreaterThan(newest)
  const forward = engine!.revision
  await close()
  await open()
  expect(engine!.revision).toBe(forward)
})

test('a folder in use answers Locked and names the process; a dead owner is taken over', async () => {
  await open()
  const { code, message } = await failure(openNedbEngine({ dataDir: folder.path }))
  expect(code).toBe('Locked')
  expect(message).toContain(`process ${process.pid}`)
  const lock = join(folder.path, 'lock')
  const owner = JSON.parse(await readFile(lock, 'utf8')) as object
  await close()
  const dead = spawnSync(process.execPath, ['-e', '']).pid
  using unasked = await zombie()
  const owners = [{ pid: dead }, { started: '1' }, { pid: unasked.pid, started: unasked.started }]
  for (const stale of [...owners.map(each => JSON.stringify({ ...owner, ...each })), '{"torn']) {
    await writeFile(lock, stale)
    await open()
    await put('/a')
    await close()
  }
})

test('a lock outlives no start of its machine; on another machine it counts for as long as it is touched', async () => {
  const at = (machine: string, boot: string) => Promise.resolve({ realm: `${machine} ${boot}`, machine, boot })
  await using _dead = await lockFolder(folder.path, systemClock, at('desk', 'yesterday'))
  expect((await failure(lockFolder(folder.path, systemClock, at('other', 'today')))).code).toBe('Locked')
  await using lock = await lockFolder(folder.path, systemClock, at('desk', 'today'))
  expect(lock).toBeDefined()
})

test('of many that find a dead lock at once, exactly one gets it', async () => {
  await writeFile(join(folder.path, 'lock'), '')
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => openNedbEngine({ dataDir: folder.path })))
  const won = attempts.filter(result => result.status === 'fulfilled')
  for (const { value } of won) await value[Symbol.asyncDispose]()
  expect(won).toHaveLength(1)
})

/** A disk on which segments that are made from now on get this far, and no further until it resolves. */
const stoppedAtSegments = (stop: () => Promise<void>): Disk => ({
  ...realDisk,
  reach: point => (point === 'segment.created' ? stop() : Promise.resolve()),
})
const KILOBYTE = 'v'.repeat(1_000)

test('the segment that follows is made while this one fills: writes wait for it only once it is full', async () => {
  let stop = Promise.resolve()
  let goOn: () => void = () => undefined
  await open({ disk: stoppedAtSegments(() => stop), segmentBytes: 4_000 })
  stop = new Promise(resolve => (goOn = resolve))
  for (const key of ['/1', '/2', '/3', '/4']) await put(key, KILOBYTE)
  expect(await segments()).toEqual(['000001.log', '000002.log'])
  let written = false
  const fifth = put('/5', KILOBYTE).then(() => (written = true))
  await new Promise(resolve => setTimeout(resolve, 20))
  expect(written).toBe(false)
  goOn()
  await fifth
  expect(await keys()).toEqual(['/1', '/2', '/3', '/4', '/5'])
})

test('a segment that nothing was written to yet goes with a close, and with the opening after a crash', async () => {
  await open({ segmentBytes: 4_000 })
  for (const key of ['/1', '/2', '/3']) await put(key, KILOBYTE)
  await eventually(async () => expect(await segments()).toEqual(['000001.log', '000002.log']))
  await crashCopy()
  await open({ segmentBytes: 4_000 })
  expect(await keys()).toEqual(['/1', '/2', '/3'])
  expect(await segments()).toEqual(['000001.log', '000002.log'])
  for (const key of ['/4', '/5', '/6']) await put(key, KILOBYTE)
  await close()
  expect(await segments()).toEqual(['000001.log', '000002.log'])
})

test('a segment that could not be made ahead is made when it is needed', async () => {
  let failures = 0
  const fail = () => (failures++ === 0 ? Promise.reject(new Error('EIO: i/o error')) : Promise.resolve())
  let stop = () => Promise.resolve()
  await open({ disk: stoppedAtSegments(() => stop()), segmentBytes: 4_000 })
  stop = fail
  for (const key of ['/1', '/2', '/3', '/4', '/5']) await put(key, KILOBYTE)
  expect(failures).toBe(2)
  expect(engine!.health().state).toBe('ok')
  expect(await keys()).toEqual(['/1', '/2', '/3', '/4', '/5'])
})
