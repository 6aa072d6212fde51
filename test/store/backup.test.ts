// Backups: one revision, nothing lost, nothing readable without the passphrase, damage found, revisions only forward.
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBackup, thinOut } from '../../src/main/store/backup/backup.ts'
import { jumpOf } from '../../src/main/store/backup/jump.ts'
import { restoreBackup } from '../../src/main/store/backup/restore.ts'
import { type SnapshotLine, snapshotOf } from '../../src/main/store/backup/snapshot.ts'
import { openSealedEngine } from '../../src/main/store/encryption/sealed-engine.ts'
import type { MasterSecret } from '../../src/main/store/encryption/master-key.ts'
import { DEFAULT_HISTORY_LIMITS } from '../../src/main/store/history/contract.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { type EngineChoice, openEngine } from '../../src/main/store/open-engine.ts'
import { objectNamed } from '../suites/store-helpers.ts'
import { EtcdServer } from './etcd-server.ts'
import { backUp, clusterFolders, contentOf, failure, fillCluster, KEY, NEDB, PASSPHRASE } from './backup-cluster.ts'

const { use, folder, open } = clusterFolders()
let etcd: EtcdServer
beforeAll(async () => {
  etcd = await EtcdServer.start()
})
afterAll(() => etcd[Symbol.asyncDispose]())

test('a backup put back on another machine holds every object and key, at revisions beyond all that was seen', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  await fillCluster(store, here)
  const backup = await backUp(store, here, { secret: PASSPHRASE })
  // The cluster went on after the backup: its clients have seen this.
  for (let i = 0; i < 100; i++) await store.create(`/registry/core/configmaps/late/${i}`, objectNamed(String(i)))
  const seen = store.revision
  expect((await stat(backup.path)).mode & 0o777).toBe(0o600)
  const raw = await readFile(backup.path, 'latin1')
  for (const secret of ['very-secret-text', 'the key of the authority', 'configmaps']) expect(raw).not.toContain(secret)

  const there = await folder()
  const restored = await restoreBackup({ path: backup.path, passphrase: PASSPHRASE, dataDir: there, store: NEDB })
  expect(restored).toMatchObject({ records: 501, files: 1 })
  const again = await open(NEDB, there)
  expect(again.revision).toBeGreaterThan(seen)
  expect(contentOf(again)).toEqual(contentOf(store).filter(([key]) => !String(key).includes('/late/')))
  expect(await readFile(join(there, 'pki', 'ca.key'), 'utf8')).toBe('the key of the authority')
  expect((await stat(join(there, 'pki', 'ca.key'))).mode & 0o777).toBe(0o600)
  // A client that comes back with what it knew must list again.
  const watch = () => again.watch('/registry/', { from: seen, onEvent: () => undefined, onEnd: () => undefined })
  expect(watch).toThrow(expect.objectContaining({ code: 'Compacted' }))
})

test('an encrypted store is backed up whole, and can be restored under another key or none', async () => {
  const here = await folder()
  const store = await open(NEDB, here, { kind: 'key', key: Buffer.alloc(32, 1) })
  await fillCluster(store, here, 3)
  const { path } = await backUp(store, here)
  const there = await folder()
  const encryption: MasterSecret = { kind: 'key', key: Buffer.alloc(32, 2) }
  await restoreBackup({ path, passphrase: KEY, dataDir: there, store: NEDB, encryption })
  expect(contentOf(await open(NEDB, there, encryption))).toEqual(contentOf(store))
  const segments = await readdir(join(there, 'store'))
  const bytes = await Promise.all(segments.map(name => readFile(join(there, 'store', name), 'latin1')))
  expect(bytes.join()).not.toContain('very-secret-text')
})

test('a wrong passphrase, a cut file and a changed byte anywhere are refused, and nothing is written', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  await fillCluster(store, here, 20)
  const { path } = await backUp(store, here, { secret: PASSPHRASE })
  const there = await folder()
  const restore = (file: string, passphrase = PASSPHRASE) =>
    failure(restoreBackup({ path: file, passphrase, dataDir: there, store: NEDB }))
  expect(await restore(path, 'wrong')).toMatchObject({ code: 'WrongKey' })
  const bytes = await readFile(path)
  const damaged = join(here, 'damaged')
  // Each attempt costs a key derivation: a sample of places, the first and the last among them.
  for (const at of [5, Math.floor(bytes.length / 2), bytes.length - 1]) {
    const copy = Buffer.from(bytes)
    copy[at]! ^= 1
    await writeFile(damaged, copy)
    expect(['Corrupt', 'WrongKey'], `byte ${at}`).toContain((await restore(damaged)).code)
    await writeFile(damaged, bytes.subarray(0, at))
    expect(['Corrupt', 'WrongKey'], `cut at ${at}`).toContain((await restore(damaged)).code)
  }
  // Nobody makes a machine spend its memory on a key.
  await writeFile(damaged, bytes.toString('latin1').replace('"n":131072', '"n":1073741824'), 'latin1')
  expect(await restore(damaged)).toMatchObject({ code: 'Corrupt', message: `${damaged} is not a backup of Flotilla` })
  await writeFile(damaged, Buffer.concat([bytes, Buffer.from([0])]))
  expect((await restore(damaged)).code).toBe('Corrupt')
  expect(await readdir(there)).toEqual([])
})

test('a folder that holds a cluster is left alone, or its store is moved aside when that is asked for', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  await fillCluster(store, here, 3)
  const before = contentOf(store)
  const { path } = await backUp(store, here)
  await store.create('/registry/core/configmaps/default/after', objectNamed('after'))
  const newest = store.revision
  const options = { path, passphrase: KEY, dataDir: here, store: NEDB }
  expect(await failure(restoreBackup(options))).toMatchObject({ code: 'Locked' })
  await store[Symbol.asyncDispose]()
  expect(await failure(restoreBackup(options))).toMatchObject({ code: 'KeyExists' })
  const { replaced } = await restoreBackup({ ...options, replace: true })
  expect(await readdir(replaced!)).toContain('manifest.json')
  const again = await open(NEDB, here)
  expect(contentOf(again)).toEqual(before)
  expect(again.revision).toBeGreaterThan(newest)
})

test('the history goes aside with the store that was there: what its Secrets are sealed with is only in that one', async () => {
  const here = await folder()
  const secret: MasterSecret = { kind: 'key', key: Buffer.alloc(32, 4) }
  const key = '/registry/core/secrets/default/s'
  const historyOf = async (encryption: { secret?: MasterSecret }) => {
    const engine = use(await openSealedEngine(await openEngine(NEDB, here), encryption))
    return { engine, history: use(await engine.openHistory(DEFAULT_HISTORY_LIMITS)) }
  }
  const { engine, history } = await historyOf({ secret })
  const store = use(await openObjectStore(engine))
  await fillCluster(store, here, 3)
  await history.append([{ key, revision: 1, atMs: 1, deleted: false, hash: '00000000', value: '{"was":"secret"}' }])
  const { path } = await backUp(store, here)
  await history[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  const { replaced } = await restoreBackup({ path, passphrase: KEY, dataDir: here, store: NEDB, replace: true })
  expect(await (await historyOf({})).history.keys('/')).toEqual([])
  expect(await readdir(`${replaced}-history`)).not.toEqual([])
})

test('a backup can be put into an etcd', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  await fillCluster(store, here, 300)
  const { path } = await backUp(store, here)
  const content = contentOf(store)
  // The cluster went on after the backup: its clients have seen this.
  for (let i = 0; i < 100; i++) await store.create(`/registry/core/configmaps/late/${i}`, objectNamed(String(i)))
  const etcdChoice: EngineChoice = { engine: 'etcd', endpoints: [etcd.url] }
  const there = await folder()
  await restoreBackup({ path, passphrase: KEY, dataDir: there, store: etcdChoice })
  const again = await open(etcdChoice, there)
  expect(contentOf(again)).toEqual(content)
  expect(again.revision).toBeGreaterThan(store.revision)
  expect(await failure(restoreBackup({ path, passphrase: KEY, dataDir: there, store: etcdChoice }))).toMatchObject({
    code: 'KeyExists',
  })
})

test('revisions begin beyond what the cluster can have written since the backup, on etcd by what it wrote on average', () => {
  const hour = 3_600_000
  const jump = (engine: 'nedb' | 'etcd', revision: number, lifeMs: number, sinceMs: number) =>
    jumpOf(engine, revision, { bornMs: 0, madeMs: lifeMs, nowMs: lifeMs + sinceMs })
  expect(jump('nedb', 500, hour, 0)).toBe(1_000_000)
  expect(jump('nedb', 500, hour, hour)).toBe(1_720_000)
  // 5,000 an hour so far: ten times as many since, and some.
  expect(jump('etcd', 50_000, 10 * hour, 0)).toBe(1_000)
  expect(jump('etcd', 50_000, 10 * hour, 2 * hour)).toBe(101_000)
  // A young cluster, and one whose revision a restore has moved far ahead.
  expect(jump('etcd', 500, 0, hour)).toBe(31_000)
  expect(jump('etcd', 9_000_000_000, hour, hour)).toBe(721_000)
  // A clock that was put back.
  expect(jump('etcd', 500, hour, -hour)).toBe(1_000)
})

test('keys without their store are not those of an empty cluster; a backup brings it back', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  await fillCluster(store, here, 3)
  const { path } = await backUp(store, here)
  const content = contentOf(store)
  await store[Symbol.asyncDispose]()
  await rename(join(here, 'store'), join(here, 'backups', 'lost'))
  expect(await failure(open(NEDB, here))).toMatchObject({
    code: 'Corrupt',
    message: `${here} holds the keys of a cluster, but its store is missing: restore a backup into it, give --store when the cluster is in an etcd, or remove the folder to begin anew`,
  })
  expect(existsSync(join(here, 'store'))).toBe(false)
  // In an etcd it is none of the folder's business.
  await open({ engine: 'etcd', endpoints: [etcd.url] }, here)
  await restoreBackup({ path, passphrase: KEY, dataDir: here, store: NEDB })
  expect(contentOf(await open(NEDB, here))).toEqual(content)

  // Keys that were put there before a first start are another matter; those of a cluster in an etcd are not.
  const [first, elsewhere] = [await folder(), await folder()]
  for (const each of [first, elsewhere]) {
    await mkdir(join(each, 'pki'))
    await writeFile(join(each, 'pki', 'ca.key'), 'the key of the authority')
  }
  await writeFile(join(elsewhere, 'kubeconfig'), '')
  await open(NEDB, first)
  expect(await failure(open(NEDB, elsewhere))).toMatchObject({ code: 'Corrupt' })
})

test('a backup whose source fails is refused with the reason, closes the source and leaves no file', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  await fillCluster(store, here, 3)
  const { revision, count, lines } = snapshotOf(store)
  let closed = false
  const failing = async function* (): AsyncGenerator<SnapshotLine, void> {
    try {
      yield* lines
      throw new Error('a file went away')
    } finally {
      closed = true
    }
  }
  const target = join(here, 'backups')
  const source = { revision, count, lines: failing() }
  const attempt = createBackup({ folder: target, label: 'backup', passphrase: KEY, source })
  expect(await failure(attempt)).toMatchObject({ message: 'a file went away' })
  expect(closed).toBe(true)
  expect(await readdir(target)).toEqual([])
})

test.each([
  ['a cost that is no power of two', { n: 3 }],
  ['no cost', { n: 1 }],
  ['more cost than its blocks allow', { n: 2 ** 16, r: 1 }],
  ['more memory than a machine gives', { n: 2 ** 24 }],
])('a file that asks for a key from %s is no backup', async (_what, wrong) => {
  const here = await folder()
  const store = await open(NEDB, here)
  const { path } = await backUp(store, here, { secret: PASSPHRASE })
  const [line = '', ...rest] = (await readFile(path, 'latin1')).split('\n')
  const header = JSON.parse(line) as { readonly key: object }
  const other = JSON.stringify({ ...header, key: { ...header.key, ...wrong } })
  await writeFile(path, [other, ...rest].join('\n'), 'latin1')
  const restored = restoreBackup({ path, passphrase: PASSPHRASE, dataDir: join(here, 'other'), store: NEDB })
  expect(await failure(restored)).toMatchObject({ code: 'Corrupt', message: `${path} is not a backup of Flotilla` })
})

test('thinning out touches neither other labels nor other files', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  await fillCluster(store, here, 1)
  await backUp(store, here)
  await backUp(store, here, { label: 'scheduled' })
  await writeFile(join(here, 'backups', 'scheduled-notes.txt'), 'mine')
  await thinOut(join(here, 'backups'), 'scheduled', 0, Date.now())
  const names = await readdir(join(here, 'backups'))
  expect(names).toHaveLength(2)
  expect(names).toContain('scheduled-notes.txt')
})
