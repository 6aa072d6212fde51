// `flotilla store`, `backup` and `encryption` as a user meets them: on a cluster that runs, and on one that does not.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeOutcome } from '../../src/main/store/backup/outcome.ts'
import { Cluster, cli, execute, repository } from '../e2e/support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-store-commands-'))
const dataDir = join(folder, 'data')
const passphrase = join(folder, 'passphrase')
const second = join(folder, 'second')
const [HERE, FILE] = [
  ['--data-dir', dataDir],
  ['--passphrase-file', passphrase],
]
const KEY = ['--encryption-passphrase-file', passphrase]
let cluster: Cluster
const kubectl = (...args: string[]) => execute('kubectl', args, { env: { KUBECONFIG: cluster.kubeconfig } })
/** Events of a command with `--output json`; the last one is the result. */
async function events(...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await cli(...args, '-o', 'json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
}
const result = async (...args: string[]) => (await events(...args)).at(-1)!

beforeAll(async () => {
  writeFileSync(passphrase, 'correct horse\n')
  writeFileSync(second, 'battery staple\n')
  cluster = await Cluster.start(['--no-local-node', ...KEY], dataDir)
  expect((await kubectl('create', 'secret', 'generic', 'db', '--from-literal=password=hunter2')).code).toBe(0)
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('on a running cluster', () => {
  it('store status tells engine, size, revision, health and encryption', async () => {
    const status = await result('store', 'status', ...HERE)
    expect(status).toMatchObject({
      type: 'result',
      engine: 'nedb',
      health: { state: 'ok' },
      encryption: { encrypted: true, master: 'passphrase' },
    })
    expect(status['objects']).toBeGreaterThan(50)
    expect(status['diskBytes']).toBeGreaterThan(10_000)
    const { stdout } = await cli('store', 'status', ...HERE)
    expect(stdout).toMatch(
      /^engine {6}nedb\nhealth {6}ok\nrevision {4}\d+\nobjects {5}\d+\non disk {5}.*\nencryption {2}Secrets/,
    )
  })
  it('store verify reads everything and finds it good', async () => {
    const all = await events('store', 'verify', ...HERE)
    expect(all.some(({ type, phase }) => type === 'progress' && phase === 'verifying')).toBe(true)
    expect(all.at(-1)).toMatchObject({ ok: true, differing: [] })
  })
  it('store compact gives room back, and the cluster goes on', async () => {
    for (let i = 0; i < 5; i++) await kubectl('annotate', 'secret', 'db', `n=${i}`, '--overwrite')
    const { beforeBytes, afterBytes } = await result('store', 'compact', ...HERE)
    expect(afterBytes).toBeLessThan(beforeBytes as number)
    expect((await kubectl('create', 'configmap', 'after-compaction')).code).toBe(0)
  })
  it('encryption rotate changes the data key while the cluster runs', async () => {
    const before = (await result('encryption', 'status', ...HERE))['encryption'] as { dataKey: { id: string } }
    const after = (await result('encryption', 'rotate', ...HERE)) as unknown as { dataKey: { id: string } }
    expect(after.dataKey.id).not.toBe(before.dataKey.id)
    const read = await kubectl('get', 'secret', 'db', '-o', 'jsonpath={.data.password}')
    expect(Buffer.from(read.stdout, 'base64').toString()).toBe('hunter2')
  })
  it('encryption adopt-key takes the passphrase that the store has by now, and no other one', async () => {
    expect(await result('encryption', 'adopt-key', '--new-passphrase-file', passphrase, ...HERE)).toMatchObject({
      encrypted: true,
      master: 'passphrase',
    })
    const other = await cli('encryption', 'adopt-key', '--new-passphrase-file', second, ...HERE)
    expect(other).toMatchObject({ code: 1, stderr: "flotilla: this is not the store's passphrase\n" })
  })
  it('whoever may not create storeoperations gets nothing', async () => {
    const { stderr } = await kubectl('create', '--as=ann', '-f', '-', '--raw', '/apis/flotilla.dev/v1/storeoperations')
    expect(stderr).toContain('Forbidden')
  })
  it('commands that need the store for themselves say so', async () => {
    for (const args of [
      ['store', 'migrate', '--to', 'etcd=http://127.0.0.1:1', ...HERE],
      ['encryption', 'change-key', '--new-passphrase-file', second, ...HERE],
      ['backup', 'restore', 'x', ...FILE, ...HERE],
    ]) {
      const { code, stderr } = await cli(...args)
      expect(code).toBe(1)
      expect(stderr).toBe('flotilla: the cluster runs; stop it first\n')
    }
  })
})

describe('backups', () => {
  let path = ''
  it('create wants a passphrase', async () => {
    const { code, stderr } = await cli('backup', 'create', ...HERE)
    expect(code).toBe(2)
    expect(stderr).toContain('--passphrase-file')
  })
  it('create works on a running cluster, shows a bar on a terminal, and list tells of it', async () => {
    const command = `${process.execPath} ${join(repository, 'out/main/cli.js')} backup create --data-dir ${dataDir} --passphrase-file ${passphrase}`
    const { code, stdout } = await execute('script', ['-qec', command, '/dev/null'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/checking █+ 100 % \(\d+\/\d+\)/)
    const [listed] = await events('backup', 'list', ...HERE)
    path = listed!['path'] as string
    expect(stdout).toContain(path)
    expect(listed).toMatchObject({ revision: expect.any(Number) as number, version: expect.any(String) as string })
  })
  it('restore brings the cluster up elsewhere, with its keys, and clients go on with the kubeconfig they have', async () => {
    const revision = Number((await kubectl('get', 'secret', 'db', '-o', 'jsonpath={.metadata.resourceVersion}')).stdout)
    const elsewhere = join(folder, 'elsewhere')
    const restored = await result('backup', 'restore', path, ...FILE, '--data-dir', elsewhere)
    expect(restored['revision']).toBeGreaterThan(revision)
    await using other = await Cluster.start(['--no-local-node'], elsewhere)
    // The kubeconfig of the first one, with only the address changed: authority and admin are the same.
    const text = readFileSync(cluster.kubeconfig, 'utf8').replaceAll(cluster.url, other.url)
    const config = join(folder, 'kubeconfig')
    writeFileSync(config, text, { mode: 0o600 })
    const read = await execute('kubectl', ['--kubeconfig', config, 'get', 'secret', 'db', '-o', 'json'])
    const secret = JSON.parse(read.stdout) as { data: { password: string }; metadata: { resourceVersion: string } }
    expect(Buffer.from(secret.data.password, 'base64').toString()).toBe('hunter2')
    expect(Number(secret.metadata.resourceVersion)).toBeGreaterThan(revision)
    await other.stop()
    const { code, stderr } = await cli('backup', 'restore', path, ...FILE, '--data-dir', elsewhere)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^flotilla: .*already holds a cluster.*--replace\n$/)
  })
  it('restore refuses a file that is no backup', async () => {
    const none = await cli('backup', 'restore', passphrase, ...FILE, '--data-dir', join(folder, 'none'))
    expect(none.stderr).toBe(`flotilla: ${passphrase} is not a backup of Flotilla\n`)
  })
  it('schedule is set, told and taken away; nonsense is refused', async () => {
    expect((await cli('backup', 'schedule', ...HERE)).stdout).toBe('no scheduled backups\n')
    const [set] = await events('backup', 'schedule', '--cron', '30 4 * * 1', '--keep', '3', ...FILE, ...HERE)
    expect(set).toMatchObject({ cron: '30 4 * * 1', keep: 3, folder: join(dataDir, 'backups') })
    expect((await cli('backup', 'schedule', ...HERE)).stdout).toContain('the newest 3 kept; next 20')
    for (const [flag, value] of [
      ['--cron', 'sometimes'],
      ['--keep', '0'],
    ])
      expect((await cli('backup', 'schedule', flag!, value!, ...HERE)).code).toBe(2)
    const failed = { at: '2026-03-01T03:00:00.000Z', message: 'ENOSPC', nextTry: '2026-03-01T03:05:00.000Z' }
    await writeOutcome(dataDir, { failed })
    const said = /FAILED at 2026-03-01T03:00:00.000Z: ENOSPC; tried again at .*; there is no good one yet\n$/
    expect((await cli('backup', 'schedule', ...HERE)).stdout).toMatch(said)
    expect((await cli('backup', 'list', ...HERE)).stdout).toMatch(said)
    expect(await events('backup', 'schedule', ...HERE)).toMatchObject([{ keep: 3, failed }])
    await rm(join(dataDir, 'backup-outcome.json'))
    expect((await cli('backup', 'schedule', '--off', ...HERE)).stdout).toBe('no scheduled backups\n')
  })
})

describe('on a cluster that does not run', () => {
  it('the same commands open the store themselves, with its passphrase', async () => {
    await cluster.stop()
    const locked = await cli('store', 'status', ...HERE)
    expect(locked).toMatchObject({ code: 1, stderr: expect.stringContaining('--encryption-passphrase-file') as string })
    expect(await result('store', 'status', ...HERE, ...KEY)).toMatchObject({ health: { state: 'ok' } })
    expect(await result('store', 'verify', ...HERE, ...KEY)).toMatchObject({ ok: true })
  })
  it('encryption change-key takes another passphrase from now on', async () => {
    await result('encryption', 'change-key', '--new-passphrase-file', second, ...HERE, ...KEY)
    expect((await cli('store', 'status', ...HERE, ...KEY)).stderr).toBe(
      "flotilla: this is not the store's passphrase\n",
    )
    const other = ['--encryption-passphrase-file', second]
    expect(await result('store', 'status', ...HERE, ...other)).toMatchObject({ health: { state: 'ok' } })
  })
  it('store verify tells damage, with the file, and exits 1', async () => {
    const store = join(dataDir, 'store')
    const name = readdirSync(store).find(each => each.endsWith('.snap'))!
    const bytes = readFileSync(join(store, name))
    bytes[100]! ^= 1
    writeFileSync(join(store, name), bytes)
    const { code, stderr } = await cli('store', 'verify', ...HERE, ...KEY)
    expect(code).toBe(1)
    expect(stderr).toContain(`${name} is damaged at byte 0`)
  })
  it('a folder without a cluster is left as it is', async () => {
    const none = join(folder, 'nothing')
    expect((await cli('store', 'status', '--data-dir', none)).stderr).toContain('make one with: flotilla serve')
    expect(readdirSync(folder)).not.toContain('nothing')
  })
})
