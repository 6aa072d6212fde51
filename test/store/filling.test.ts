// Stores that are filled: from another engine, and what is cut off, overtaken or out of disk on the way.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { restoreBackup, type RestoreOptions } from '../../src/main/store/backup/restore.ts'
import type { MasterSecret } from '../../src/main/store/encryption/master-key.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { type EngineChoice, openEngine } from '../../src/main/store/open-engine.ts'
import { migrateStore } from '../../src/main/store/operations/migrate.ts'
import { openTarget } from '../../src/main/store/operations/target.ts'
import { objectNamed } from '../suites/store-helpers.ts'
import { EtcdServer } from './etcd-server.ts'
import { bundleProgram } from './proof/bundle.ts'
import { type TempFolder, tempFolder } from './temp-folder.ts'
import { backUp, clusterFolders, contentOf, failure, fillCluster, KEY, NEDB } from './backup-cluster.ts'

const { use, folder, open } = clusterFolders()
let etcd: EtcdServer
beforeAll(async () => {
  etcd = await EtcdServer.start()
})
afterAll(() => etcd[Symbol.asyncDispose]())

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
