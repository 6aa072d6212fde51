// Backups and moves between engines: one revision, nothing lost, nothing readable without the passphrase, damage found,
// revisions only forward.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../src/main/store/contract.ts'
import { createBackup, listBackups, thinOut } from '../../src/main/store/backup/backup.ts'
import { jumpOf } from '../../src/main/store/backup/jump.ts'
import { restoreBackup, type RestoreOptions } from '../../src/main/store/backup/restore.ts'
import { type BackupOutcome, readOutcome } from '../../src/main/store/backup/outcome.ts'
import { ScheduledBackups, writeSchedule } from '../../src/main/store/backup/schedule.ts'
import type { BackupSecret } from '../../src/main/store/backup/container.ts'
import { clusterFiles, type SnapshotLine, snapshotOf } from '../../src/main/store/backup/snapshot.ts'
import { openSealedEngine } from '../../src/main/store/encryption/sealed-engine.ts'
import type { MasterSecret } from '../../src/main/store/encryption/master-key.ts'
import { DEFAULT_HISTORY_LIMITS } from '../../src/main/store/history/contract.ts'
import { silentLog } from '../../src/main/store/log.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { type EngineChoice, openEngine } from '../../src/main/store/open-engine.ts'
import { migrateStore } from '../../src/main/store/operations/migrate.ts'
import { openTarget } from '../../src/main/store/operations/target.ts'
import { objectNamed, poll } from '../suites/store.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { EtcdServer } from './etcd-server.ts'
import { bundleProgram } from './proof/bundle.ts'
import { type TempFolder, tempFolder } from './temp-folder.ts'

const NEDB: EngineChoice = { engine: 'nedb' }
const PASSPHRASE = 'correct horse battery staple'
/** In its place where nothing is said of passphrases: those take a moment each. */
const KEY: MasterSecret = { kind: 'key', key: Buffer.alloc(32, 9) }
let etcd: EtcdServer
beforeAll(async () => {
  etcd = await EtcdServer.start()
})
afterAll(() => etcd[Symbol.asyncDispose]())
const ends: AsyncDisposable[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end[Symbol.asyncDispose]()
})
const use = <T extends AsyncDisposable>(resource: T): T => (ends.push(resource), resource)
const folder = async () => use(await tempFolder()).path
const open = async (choice: EngineChoice, dataDir: string, secret?: MasterSecret) =>
  use(await openObjectStore(await openSealedEngine(await openEngine(choice, dataDir), secret ? { secret } : {})))

async function fillCluster(store: ObjectStore, dataDir: string, count = 500): Promise<void> {
  await mkdir(join(dataDir, 'pki'), { recursive: true })
  await writeFile(join(dataDir, 'pki', 'ca.key'), 'the key of the authority')
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      store.create(`/registry/core/configmaps/default/c${i}`, objectNamed(`c${i}`, { n: i, text: '\u2028 🚢' })),
    ),
  )
  await store.create('/registry/core/secrets/default/s', objectNamed('s', { password: 'very-secret-text' }))
}
const backUp = async (
  store: ObjectStore,
  dataDir: string,
  { label = 'backup', secret = KEY }: { readonly label?: string; readonly secret?: BackupSecret } = {},
) => {
  const { revision, count, lines } = snapshotOf(store)
  const all = async function* (): AsyncGenerator<SnapshotLine, void> {
    yield* clusterFiles(dataDir)
    yield* lines
  }
  return createBackup({
    folder: join(dataDir, 'backups'),
    label,
    passphrase: secret,
    source: { revision, count, lines: all() },
  })
}
/** Everything but the revisions, which move. */
const contentOf = (store: ObjectStore) =>
  store.list('/').items.map(({ key, object: { metadata, ...rest } }) => {
    const { resourceVersion: _, ...kept } = metadata
    return [key, { ...rest, metadata: kept }]
  })
const failure = (attempt: Promise<unknown>) =>
  attempt.then(
    () => ({ code: 'none' }),
    (error: unknown) => error as { code: string; message: string },
  )

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

test('a store moves to etcd and back: every object, sealed as it was, and revisions only grow', async () => {
  await using other = await EtcdServer.start()
  const toEtcd: EngineChoice = { engine: 'etcd', endpoints: [other.url] }
  const secret: MasterSecret = { kind: 'key', key: Buffer.alloc(32, 3) }
  const here = await folder()
  const store = await open(NEDB, here, secret)
  await fillCluster(store, here, 1_000)
  const content = contentOf(store)
  const seen = store.revision
  await store[Symbol.asyncDispose]()

  const phases = new Set<string>()
  const moved = await migrateStore({
    from: NEDB,
    to: toEtcd,
    dataDir: here,
    onProgress: ({ phase }) => phases.add(phase),
  })
  expect(moved).toMatchObject({ records: 1_002 })
  expect([...phases]).toEqual(['counting', 'copying'])
  expect(await failure(migrateStore({ from: NEDB, to: toEtcd, dataDir: here }))).toMatchObject({ code: 'KeyExists' })
  const shared = await open(toEtcd, here, secret)
  expect(shared.revision).toBeGreaterThan(seen)
  expect(contentOf(shared)).toEqual(content)
  await shared.create('/registry/core/configmaps/default/in-etcd', objectNamed('in-etcd'))
  const [newest, all] = [shared.revision, contentOf(shared)]

  const there = await folder()
  await migrateStore({ from: toEtcd, to: NEDB, dataDir: there })
  const back = await open(NEDB, there, secret)
  expect(back.revision).toBeGreaterThan(newest)
  expect(contentOf(back)).toEqual(all)
})

let restoreBundle: Promise<TempFolder> | undefined
afterAll(async () => (await restoreBundle)?.[Symbol.asyncDispose]())
/** The restore as a module that Node reads by itself. @returns its path */
async function restoreProgram(): Promise<string> {
  restoreBundle ??= (async () => {
    const made = await tempFolder()
    const source = join(import.meta.dirname, '../../src/main/store/backup/restore.ts')
    await bundleProgram(source, join(made.path, 'restore.mjs'))
    return made
  })()
  return join((await restoreBundle).path, 'restore.mjs')
}
/** Restores in a process of its own, which is killed when it tells of its first objects. */
async function killedRestore(options: Omit<RestoreOptions, 'onProgress'>) {
  const script = `
    import { restoreBackup } from ${JSON.stringify(await restoreProgram())}
    const options = JSON.parse(process.argv[1], (_, value) => value?.type === 'Buffer' ? Buffer.from(value) : value)
    const onProgress = ({ phase }) => phase === 'restoring' && process.kill(process.pid, 'SIGKILL')
    await restoreBackup({ ...options, onProgress })`
  const args = ['--input-type=module', '-e', script, JSON.stringify(options)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' })
}
/** Opens for nobody, in one sentence that says what to do. */
async function expectUnfinished(what: string, choice: EngineChoice, dataDir: string, secret?: MasterSecret) {
  const message = expect.stringMatching(
    new RegExp(`^a ${what} into .* has not finished, .*: run the same command again, which starts over$`),
  ) as string
  expect(await failure(open(choice, dataDir, secret))).toMatchObject({ code: 'Unfinished', message })
  const other: EngineChoice = choice.engine === 'nedb' ? { engine: 'etcd', endpoints: [etcd.url] } : NEDB
  expect(await failure(migrateStore({ from: choice, to: other, dataDir }))).toMatchObject({ code: 'Unfinished' })
}

describe.each(['nedb', 'etcd'] as const)('what is killed while it fills %s', engine => {
  let server: EtcdServer | undefined
  const startEtcd = async () => use(await EtcdServer.start())
  const target = async (): Promise<EngineChoice> => {
    if (engine === 'nedb') return NEDB
    server = await startEtcd()
    return { engine, endpoints: [server.url] }
  }

  test('is told from a whole cluster, and a restore starts over, with another backup and another key too', async () => {
    const [here, elsewhere, there] = [await folder(), await folder(), await folder()]
    const [store, smaller] = [await open(NEDB, here), await open(NEDB, elsewhere)]
    await fillCluster(store, here, 250)
    await fillCluster(smaller, elsewhere, 20)
    const [{ path }, other] = [await backUp(store, here), await backUp(smaller, elsewhere)]
    const choice = await target()
    const [one, another] = [1, 2].map((byte): MasterSecret => ({ kind: 'key', key: Buffer.alloc(32, byte) }))
    const options = { path, passphrase: KEY, dataDir: there, store: choice }
    // Of an etcd only what is the run's own goes.
    const kept = ['/flotilla/settings/older', '/flotilla-history/x', '/flotilla0', '/elsewhere/x']
    const encoded = (text: string) => Buffer.from(text).toString('base64')
    if (server) for (const key of kept) await server.json('/v3/kv/put', { key: encoded(key), value: encoded('{}') })

    await killedRestore({ ...options, encryption: one! })
    await expectUnfinished('restore', choice, there, one)
    await restoreBackup({ ...options, path: other.path, encryption: another! })
    const again = await open(choice, there, another)
    expect(contentOf(again)).toEqual(contentOf(smaller))
    await again[Symbol.asyncDispose]()
    // A whole one is not taken for a half filled one.
    expect(await failure(restoreBackup(options))).toMatchObject({ code: 'KeyExists' })
    const all = await server?.json('/v3/kv/range', { key: 'AA==', range_end: 'AA==', keys_only: true })
    if (all) expect((all['kvs'] as { key: string }[]).map(({ key }) => key)).toEqual(expect.arrayContaining(kept.map(encoded))) // prettier-ignore
  })

  test('is told from a whole cluster, and a migration starts over', async () => {
    const here = await folder()
    const choice = await target()
    const from: EngineChoice = engine === 'nedb' ? { engine: 'etcd', endpoints: [(await startEtcd()).url] } : NEDB
    const store = await open(from, here)
    await fillCluster(store, here, 250)
    const content = contentOf(store)
    await store[Symbol.asyncDispose]()
    const options = { from, to: choice, dataDir: here }
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'copying') throw new Error('cut off')
    }
    expect(await failure(migrateStore({ ...options, onProgress }))).toMatchObject({ message: 'cut off' })
    await expectUnfinished('migration', choice, here)
    expect(await migrateStore(options)).toMatchObject({ records: 251 })
    expect(contentOf(await open(choice, here))).toEqual(content)
  })
})

describe('of two that fill one etcd at the same time', () => {
  const hasKeys = (dataDir: string) => existsSync(join(dataDir, 'pki', 'ca.key'))
  /** Two clusters that share some names, and an etcd that is to hold one of them. */
  async function twoAndAnEtcd() {
    const server = use(await EtcdServer.start())
    const choice: EngineChoice = { engine: 'etcd', endpoints: [server.url] }
    const [large, small] = [await folder(), await folder()]
    const [one, two] = [await open(NEDB, large), await open(NEDB, small)]
    await fillCluster(one, large, 300)
    await fillCluster(two, small, 20)
    return { choice, one, two, small, backups: [(await backUp(one, large)).path, (await backUp(two, small)).path] as const }
  } // prettier-ignore

  test('the one that began first ends at its next write, and nothing of it stays', async () => {
    const { choice, two, backups } = await twoAndAnEtcd()
    const first = await openTarget(choice, await folder(), 'restore', 0)
    use(first.engine)
    const write = (name: string) => first.engine.commit([{ key: `/registry/core/configmaps/default/${name}`, value: '{}' }])
    await write('before')
    await restoreBackup({ path: backups[1], passphrase: KEY, dataDir: await folder(), store: choice })
    const overtaken = {
      code: 'Overtaken',
      message: 'another restore or migration into this etcd has begun meanwhile and goes on: this one has ended, nothing of it stays',
    }
    await expect(write('after')).rejects.toMatchObject(overtaken)
    await expect(first.finish()).rejects.toMatchObject(overtaken)
    expect(contentOf(await open(choice, ''))).toEqual(contentOf(two))
  }) // prettier-ignore

  test.each(['two restores', 'a restore and a migration'])('one goes on and is whole: %s', async what => {
    const { choice, one, two, small, backups } = await twoAndAnEtcd()
    const expected = [contentOf(one), contentOf(two)]
    const folders = [await folder(), what === 'two restores' ? await folder() : small] as const
    const restore = (at: 0 | 1) =>
      restoreBackup({ path: backups[at], passphrase: KEY, dataDir: folders[at], store: choice })
    await two[Symbol.asyncDispose]()
    const migrate = () => migrateStore({ from: NEDB, to: choice, dataDir: small })
    const ended = await Promise.allSettled([restore(0), what === 'two restores' ? restore(1) : migrate()])
    const winner = ended.findIndex(({ status }) => status === 'fulfilled')
    const loser = 1 - winner
    expect(['Overtaken', 'KeyExists']).toContain((ended[loser] as { reason: { code: string } }).reason.code)
    expect(contentOf(await open(choice, ''))).toEqual(expected[winner])
    if (folders[loser] !== small) expect(hasKeys(folders[loser]!)).toBe(false)
  })
})

test('a full disk under a restore leaves nothing that opens, and with room it starts over', async context => {
  const here = await folder()
  const store = await open(NEDB, here)
  await fillCluster(store, here, 700)
  const { path } = await backUp(store, here)
  const there = await folder()
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', there])
  if (mounted.status !== 0) return context.skip(`tmpfs cannot be mounted here: ${mounted.stderr?.toString()}`)
  try {
    const options = { path, passphrase: KEY, dataDir: there, store: NEDB }
    expect(await failure(restoreBackup(options))).toMatchObject({ code: 'NoSpace' })
    expect(await failure(open(NEDB, there))).toMatchObject({ code: 'Unfinished' })
    expect(spawnSync('mount', ['-o', 'remount,size=64m', there]).status).toBe(0)
    await restoreBackup(options)
    await using again = await openObjectStore(await openEngine(NEDB, there))
    expect(contentOf(again)).toEqual(contentOf(store))
  } finally {
    expect(spawnSync('umount', [there]).status).toBe(0)
  }
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

test('scheduled backups come when they are due, also after a sleep, and the oldest go', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  await fillCluster(store, here, 3)
  const clock = new ManualClock(Date.parse('2026-03-01T02:59:00Z'))
  const target = join(here, 'scheduled')
  const passphraseFile = join(here, 'passphrase')
  const setAt = '2026-03-01T02:59:00Z'
  await writeSchedule(here, { cron: '0 * * * *', keep: 2, folder: target, passphraseFile, setAt })
  const failed: string[] = []
  const log = { ...silentLog, error: (detail: object) => failed.push(String((detail as { err: Error }).err.message)) }
  const given: string[] = []
  const readPassphrase = async () => given[0] ?? Promise.reject(new Error('no passphrase file'))
  const outcomes: BackupOutcome[] = []
  use(new ScheduledBackups({ store, dataDir: here, readPassphrase, onOutcome: outcome => outcomes.push(outcome), clock, log }))
  const made = () => listBackups(target)
  /** The next look at the schedule, with whatever it leads to. */
  const look = async () => {
    await poll(() => clock.pending > 0)
    await clock.advance(30_000)
    await poll(() => clock.pending > 0)
  }
  await look()
  expect(failed).toEqual([])
  // Without its passphrase a backup fails, and says so; the next one is tried all the same.
  await look()
  await look()
  expect(failed).toHaveLength(1)
  expect(await made()).toEqual([])
  const told = { failed: { at: '2026-03-01T03:00:00.000Z', message: 'no passphrase file', nextTry: '2026-03-01T03:05:00.000Z' } }
  expect(outcomes).toEqual([{}, told])
  expect(await readOutcome(here)).toEqual(told)
  given.push(PASSPHRASE)
  for (let sleeps = 1; sleeps <= 3; sleeps++) {
    // Five were missed: one is made.
    clock.jump(5 * 3_600_000)
    await look()
    expect(clock.now() - Date.parse((await made())[0]!.header.createdAt)).toBeLessThanOrEqual(30_000)
    expect(await made()).toHaveLength(Math.min(sleeps, 2))
  }
  expect(failed).toEqual(['no passphrase file'])
  expect(outcomes.at(-1)).toEqual({ made: { at: expect.any(String) as string, path: (await made())[0]!.path } })
}) // prettier-ignore

test('a scheduled backup that failed is tried again, sooner than the next one is due, and less and less often', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  const clock = new ManualClock(Date.parse('2026-03-01T03:00:00Z'))
  const schedule = { cron: '0 3 * * *', keep: 2, folder: join(here, 'scheduled'), passphraseFile: '' }
  await writeSchedule(here, { ...schedule, setAt: '2026-03-01T02:59:00Z' })
  const tries: number[] = []
  let isMended = false
  const readPassphrase = async () => {
    tries.push(Math.round((clock.now() - Date.parse('2026-03-01T03:00:00Z')) / 60_000))
    return isMended ? PASSPHRASE : Promise.reject(new Error('not there'))
  }
  const last: BackupOutcome[] = []
  use(new ScheduledBackups({ store, dataDir: here, readPassphrase, onOutcome: outcome => last.push(outcome), clock, log: silentLog }))
  const passMinutes = async (minutes: number) => {
    for (let looks = 0; looks < minutes * 2; looks++) {
      await poll(() => clock.pending > 0)
      await clock.advance(30_000)
    }
    await poll(() => clock.pending > 0)
  }
  await passMinutes(80)
  expect(tries).toEqual([1, 6, 16, 36, 76])
  expect(last.at(-1)?.failed?.message).toBe('not there')
  isMended = true
  await passMinutes(65)
  expect(tries).toHaveLength(6)
  expect(last.at(-1)).toMatchObject({ made: { path: expect.stringContaining('scheduled-') as string } })
  expect(last.at(-1)?.failed).toBeUndefined()
}) // prettier-ignore

test('a backup that was due while nothing ran is made after the next start, and only once', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  const target = join(here, 'scheduled')
  const schedule = { cron: '0 3 * * *', keep: 5, folder: target, passphraseFile: join(here, 'passphrase') }
  await writeSchedule(here, { ...schedule, setAt: '2026-03-01T12:00:00Z' })
  /** Runs for a minute from then on. @returns how many backups there are afterwards */
  const runAt = async (time: string) => {
    const clock = new ManualClock(Date.parse(time))
    const readPassphrase = () => Promise.resolve(PASSPHRASE)
    const onOutcome = () => undefined
    await using _running = new ScheduledBackups({
      store,
      dataDir: here,
      readPassphrase,
      onOutcome,
      clock,
      log: silentLog,
    })
    for (let looks = 0; looks < 2; looks++) {
      await clock.advance(30_000)
      await poll(() => clock.pending > 0)
    }
    return (await listBackups(target)).length
  }
  expect(await runAt('2026-03-01T12:30:00Z')).toBe(0)
  expect(await runAt('2026-03-03T12:00:00Z')).toBe(1)
  expect(await runAt('2026-03-03T12:10:00Z')).toBe(1)
  expect(await runAt('2026-03-04T12:00:00Z')).toBe(2)
})

test('backups that a wrong clock has dated in the future neither hold new ones up nor push them out', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  const target = join(here, 'scheduled')
  const { revision, count } = snapshotOf(store)
  for (const year of [2031, 2032])
    await createBackup({
      folder: target,
      label: 'scheduled',
      passphrase: KEY,
      source: { revision, count, lines: snapshotOf(store).lines },
      clock: new ManualClock(Date.UTC(year, 0)),
    })
  const schedule = { cron: '0 * * * *', keep: 2, folder: target, passphraseFile: join(here, 'passphrase') }
  await writeSchedule(here, { ...schedule, setAt: '2030-01-01T00:00:00Z' })
  const clock = new ManualClock(Date.parse('2026-03-01T02:59:45Z'))
  const readPassphrase = () => Promise.resolve(PASSPHRASE)
  await using _running = new ScheduledBackups({ store, dataDir: here, readPassphrase, onOutcome: () => undefined, clock, log: silentLog }) // prettier-ignore
  const made = async () => (await listBackups(target)).map(({ header }) => header.createdAt.slice(0, 13))
  const look = async () => {
    await poll(() => clock.pending > 0)
    await clock.advance(30_000)
    await poll(() => clock.pending > 0)
  }
  const expected: string[] = []
  for (const hour of ['03', '04', '05']) {
    await look()
    expected.unshift(`2026-03-01T${hour}`)
    expect(await made()).toEqual(['2032-01-01T00', '2031-01-01T00', ...expected.slice(0, 2)])
    clock.jump(3_600_000)
  }
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
