// What `flotilla store` and `flotilla backup` are given wrongly: each ends in one sentence that says what to do, and
// nothing is lost or made by it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBackup } from '../../src/main/store/backup/backup.ts'
import { openSealedEngine } from '../../src/main/store/encryption/sealed-engine.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { objectNamed } from '../suites/store-helpers.ts'
import { cli } from '../e2e/support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-refusals-'))
const at = (...names: string[]) => join(folder, ...names)
/** A cluster of a Secret, encrypted with the passphrase in `pass`. */
const here = ['--data-dir', at('cluster'), '--encryption-passphrase-file', at('pass')]
const PASS = ['--passphrase-file', at('pass')]
const SECRET = '/registry/core/secrets/default/s'
const NOWHERE = 'etcd=http://127.0.0.1:1'

async function makeCluster(dataDir: string, passphrase?: string): Promise<void> {
  const engine = await openNedbEngine({ dataDir, reserveBytes: 65_536 })
  const secret = passphrase === undefined ? {} : { secret: { kind: 'passphrase', passphrase } as const }
  await using sealed = await openSealedEngine(engine, secret)
  const value = JSON.stringify(objectNamed('s'))
  await sealed.commit([{ key: SECRET, value }])
  mkdirSync(join(dataDir, 'pki'))
}

beforeAll(async () => {
  writeFileSync(at('pass'), 'correct horse\n')
  writeFileSync(at('other'), 'battery staple\n')
  writeFileSync(at('empty'), '')
  mkdirSync(at('none'))
  await makeCluster(at('cluster'), 'correct horse')
  for (const name of ['newer', 'odd', 'torn']) await makeCluster(at(name))
  writeFileSync(at('newer', 'format.json'), '{"format":99}')
  writeFileSync(at('odd', 'format.json'), 'not a format')
  writeFileSync(at('torn', 'store', 'manifest.json'), '{')
  const { path } = await createBackup({
    folder: at('backups'),
    label: 'backup',
    passphrase: 'correct horse',
    source: { revision: 7, count: 0, lines: (async function* () {})() },
  })
  const bytes = readFileSync(path)
  writeFileSync(at('good'), bytes)
  writeFileSync(at('cut'), bytes.subarray(0, -20))
  writeFileSync(at('later'), bytes.toString('latin1').replace('"format":1', '"format":99'), 'latin1')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Every file of the folder with what is in it, but what opening a store writes into it. */
const contentOf = (path: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(path, { withFileTypes: true, recursive: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .filter(name => !name.startsWith(at('cluster')))
      .map(name => [name, readFileSync(name, 'latin1')]),
  )

const refusals: [name: string, args: string[], code: number, sentence: RegExp][] = [
  ['the wrong passphrase of the store', ['store', 'status', '--data-dir', at('cluster'), '--encryption-passphrase-file', at('other')], 1, /this is not the store's passphrase/],
  ['no passphrase for an encrypted store', ['store', 'verify', '--data-dir', at('cluster')], 1, /encrypted: give its passphrase with --encryption-passphrase-file/],
  ['a key and a passphrase', ['store', 'status', ...here, '--encryption-key-file', at('pass')], 2, /exclude each other/],
  ['a passphrase file that is not there', ['backup', 'create', '--passphrase-file', at('gone'), ...here], 1, /passphrase file cannot be read: there is no .*gone: check the path/],
  ['a passphrase file that is a folder', ['backup', 'create', '--passphrase-file', at('none'), ...here], 1, /passphrase file cannot be read: .* is a folder, and a file is wanted/],
  ['an empty passphrase file', ['backup', 'create', '--passphrase-file', at('empty'), ...here], 1, /passphrase file .*empty is empty/],
  ['a new key that is none', ['encryption', 'change-key', '--new-key-file', at('pass'), ...here], 1, /wants 32 bytes: openssl rand/],
  ['a folder without a store', ['store', 'compact', '--data-dir', at('none')], 1, /no cluster in .*none; make one with: flotilla serve/],
  ['a file as the data folder', ['store', 'status', '--data-dir', at('pass')], 1, /no cluster in .*pass; make one with: flotilla serve/],
  ['a folder without a store to copy from', ['store', 'migrate', '--to', NOWHERE, '--data-dir', at('none')], 1, /no cluster in .*none/],
  ['a schedule for no cluster', ['backup', 'schedule', '--cron', '0 3 * * *', ...PASS, '--data-dir', at('none')], 1, /no cluster in .*none/],
  ['a schedule into a file', ['backup', 'schedule', '--cron', '0 3 * * *', '--folder', at('pass'), ...PASS, '--data-dir', at('cluster')], 1, /pass is there already, and is not a folder: choose another path/],
  ['a store of a newer version', ['store', 'status', '--data-dir', at('newer')], 1, /format 99, but this version .*: use the newer version/],
  ['a store of no version', ['store', 'status', '--data-dir', at('odd')], 1, /format\.json does not hold a format version: restore it from a backup/],
  ['a store with a damaged manifest', ['store', 'verify', '--data-dir', at('torn')], 1, /manifest\.json is damaged: restore the data folder from a backup/],
  ['an engine that is none', ['store', 'status', '--store', 'sqlite', ...here], 2, /--store wants nedb or etcd=URL/],
  ['a URL without a port', ['store', 'status', '--store', 'etcd=https://a', ...here], 2, /--store wants nedb or etcd=URL/],
  ['a URL with a password', ['store', 'status', '--store', 'etcd=https://root:hunter2@127.0.0.1:1', ...here], 2, /may not hold a user: .* give --etcd-user, or ETCDCTL_USER/],
  ['an etcd that does not answer', ['store', 'status', '--store', NOWHERE, ...here], 1, /no answer from etcd at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED 127\.0\.0\.1:1: check --store and whether etcd runs there/],
  ['a migration to an etcd that does not answer', ['store', 'migrate', '--to', NOWHERE, ...here], 1, /no answer from etcd at/],
  ['a migration to the same engine', ['store', 'migrate', '--to', 'nedb', ...here], 2, /--to wants the other engine/],
  ['an output that is none', ['store', 'status', '-o', 'xml', ...here], 2, /--output wants text or json/],
  ['a backup into a file', ['backup', 'create', ...PASS, '--folder', at('pass'), ...here], 1, /pass is there already, and is not a folder: choose another path/],
  ['a backup below a file', ['backup', 'create', ...PASS, '--folder', at('pass', 'x'), ...here], 1, /a part of the path is a file/],
  ['a backup where nothing can be made', ['backup', 'create', ...PASS, '--folder', '/proc/flotilla/x', ...here], 1, /there is no \/proc\/flotilla: check the path|this user may not use/],
  ['a list of a folder that is not there', ['backup', 'list', '--folder', at('gone')], 1, /there is no .*gone: check the path/],
  ['a list of a file', ['backup', 'list', '--folder', at('pass')], 1, /pass is not in a folder|a part of the path is a file/],
  ['a backup with the wrong passphrase', ['backup', 'restore', at('good'), '--passphrase-file', at('other'), '--data-dir', at('new')], 1, /this is not the passphrase of .*good, or it is damaged/],
  ['a backup that is cut off', ['backup', 'restore', at('cut'), ...PASS, '--data-dir', at('new')], 1, /cut is damaged or cut off: use another backup/],
  ['a backup of a newer version', ['backup', 'restore', at('later'), ...PASS, '--data-dir', at('new')], 1, /use that version or a newer one/],
  ['a backup that is not there', ['backup', 'restore', at('gone'), ...PASS, '--data-dir', at('new')], 1, /gone is not there: check the path/],
  ['a backup that is a folder', ['backup', 'restore', at('backups'), ...PASS, '--data-dir', at('new')], 1, /backups is a folder: give the file of a backup that is in it/],
  ['something else than a backup', ['backup', 'restore', at('pass'), ...PASS, '--data-dir', at('new')], 1, /pass is not a backup of Flotilla/],
  ['a restore over a cluster', ['backup', 'restore', at('good'), ...PASS, ...here], 1, /already holds a cluster: choose another folder, or give --replace/],
  ['a restore into a file', ['backup', 'restore', at('good'), ...PASS, '--data-dir', at('pass')], 1, /pass is there already, and is not a folder/],
] // prettier-ignore

function expectSentence(ran: { code: number; stdout: string; stderr: string }, code: number, sentence: RegExp): void {
  expect(ran.stderr).toMatch(sentence)
  expect(ran).toMatchObject({ code, stdout: '' })
  // One line, without a stack and without a password.
  expect(ran.stderr).toMatch(/^flotilla: [^\n]*\n$/)
  expect(ran.stderr).not.toMatch(/hunter2|correct horse|battery staple/)
}

describe('is refused in one sentence that says what to do, and changes nothing', () => {
  test('each of them', async () => {
    const before = contentOf(folder)
    const faults: string[] = []
    const runAll = async (some: typeof refusals) => {
      for (const [name, args, code, sentence] of some) {
        const ran = await cli(...args)
        try {
          expectSentence(ran, code, sentence)
        } catch (error) {
          faults.push(`${name}: ${(error as Error).message}\n${JSON.stringify(ran)}`)
        }
      }
    }
    // Two at once would be in each other's way in the same store.
    const inCluster = ([, args]: (typeof refusals)[number]) => args.includes(at('cluster'))
    await Promise.all([runAll(refusals.filter(inCluster)), runAll(refusals.filter(each => !inCluster(each)))])
    expect(faults).toEqual([])
    expect(contentOf(folder)).toEqual(before)
    await using engine = await openSealedEngine(await openNedbEngine({ dataDir: at('cluster') }), {
      secret: { kind: 'passphrase', passphrase: 'correct horse' },
    })
    const found: (string | null)[] = []
    for await (const batch of engine.load())
      found.push(...batch.flatMap(({ key, value }) => (key === SECRET ? [value] : [])))
    expect(found).toEqual([JSON.stringify(objectNamed('s'))])
  }, 240_000)

  test('a store in use, with who uses it', async () => {
    await using _engine = await openNedbEngine({ dataDir: at('cluster') })
    const ran = await cli('store', 'status', ...here)
    expectSentence(ran, 1, new RegExp(`in use by process ${process.pid} .*: stop that process, or choose another`))
  })

  test('a full disk under a backup, of which nothing is left', async context => {
    mkdirSync(at('full'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', at('full')])
    if (mounted.status !== 0) return context.skip(`tmpfs cannot be mounted here: ${mounted.stderr?.toString()}`)
    try {
      writeFileSync(at('full', 'ballast'), Buffer.alloc(4096))
      const ran = await cli('backup', 'create', ...PASS, '--folder', at('full'), ...here)
      expectSentence(ran, 1, /no room is left on the disk.*: free some, then try again/)
      expect(readdirSync(at('full'))).toEqual(['ballast'])
    } finally {
      expect(spawnSync('umount', [at('full')]).status).toBe(0)
    }
  })
})
