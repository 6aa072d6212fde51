// What must not be deleted, overwritten or shown to others, whatever lies in the way.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs' // prettier-ignore
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reset } from '../../src/main/cli/reset.ts'
import { runningServer } from '../../src/main/data-folder/running-server.ts'
import { ensureDataDir } from '../../src/main/data-folder/data-dir.ts'
import { mergeKubeconfig, writeAtomically } from '../../src/main/data-folder/kubeconfig-file.ts'
import { openLog } from '../../src/main/process/log-file.ts'
import { openPki } from '../../src/main/pki/pki.ts'
import { lockFolder } from '../../src/main/store/nedb/lock.ts'
import { zombie } from '../support/zombie.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'flotilla-cli-security-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What a first start leaves. */
async function dataFolder(): Promise<string> {
  const path = join(folder, 'data')
  mkdirSync(join(path, 'store'), { recursive: true })
  writeFileSync(join(path, 'format.json'), '{"format":1}')
  await openPki({ dataDir: path })
  return path
}

describe('reset', () => {
  it.each(['store', 'pki', 'kubeconfig'])('refuses a project that happens to have a folder called "%s"', async name => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'index.ts'), 'precious')
    await expect(reset(folder, true)).rejects.toThrow('is not a Flotilla data folder; nothing was deleted')
    expect(existsSync(join(folder, name, 'index.ts'))).toBe(true)
  })
  it('deletes a data folder', async () => {
    const path = await dataFolder()
    await reset(path, true)
    expect(existsSync(path)).toBe(false)
  })
  it('refuses while a server holds the folder, also one that is not ready yet', async () => {
    const path = await dataFolder()
    await using _held = await lockFolder(path)
    await expect(reset(path, true)).rejects.toThrow(`in use by process ${process.pid}`)
    expect(existsSync(join(path, 'pki/ca.key'))).toBe(true)
  })
  it.skipIf(process.getuid?.() !== 0)('never deletes through a mount', async () => {
    const path = await dataFolder()
    const precious = join(folder, 'precious')
    const point = join(path, 'agent', 'data', 'pods', 'sub path')
    for (const each of [precious, point]) mkdirSync(each, { recursive: true })
    writeFileSync(join(precious, 'file'), 'x')
    execFileSync('mount', ['--bind', precious, point])
    try {
      await expect(reset(path, true)).rejects.toThrow(`${point} is still mounted`)
      expect(readdirSync(precious)).toEqual(['file'])
    } finally {
      execFileSync('umount', [point])
    }
  })
})

describe('runtime.json', () => {
  const write = (value: object) => writeFileSync(join(folder, 'runtime.json'), JSON.stringify(value))
  const url = 'https://127.0.0.1:1'
  it('of a killed server whose process number another program has now counts as none', () => {
    write({ pid: process.pid, url, startedAt: '', processStart: '1' })
    expect(runningServer(folder)).toBeUndefined()
  })
  it('of a killed server that nobody asks how it ended counts as none', async () => {
    using gone = await zombie()
    write({ pid: gone.pid, url, startedAt: '', processStart: gone.started })
    expect(runningServer(folder)).toBeUndefined()
  })
  it.each([0, -1, 1.5, '1', null])('with the pid %j counts as none', pid => {
    write({ pid, url, startedAt: '' })
    expect(runningServer(folder)).toBeUndefined()
  })
})

describe('files with keys', () => {
  it('are not readable by others, whatever the file was before', () => {
    const path = join(folder, 'config')
    writeFileSync(path, 'old')
    chmodSync(path, 0o644)
    writeAtomically(path, 'new')
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['new', 0o640])
  })
  it('leave no temporary copy when they cannot be put in place', () => {
    mkdirSync(join(folder, 'config'))
    expect(() => writeAtomically(join(folder, 'config'), 'key')).toThrow()
    expect(readdirSync(folder)).toEqual(['config'])
  })
  it('lie in a folder that is private even if it was made for everybody', () => {
    chmodSync(folder, 0o777)
    ensureDataDir(folder)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })
  it('a kubeconfig whose lists are aliases is refused as it is', () => {
    const path = join(folder, 'config')
    const text = 'apiVersion: v1\nkind: Config\nx: &a\n- name: mine\n  user: {token: t}\nusers: *a\n'
    writeFileSync(path, text)
    const ours = 'clusters: [{name: f, cluster: {}}]\nusers: [{name: f, user: {}}]\ncontexts: []\n'
    expect(() => mergeKubeconfig(path, 'flotilla', ours)).toThrow('nothing was changed')
    expect(readFileSync(path, 'utf8')).toBe(text)
  })
})

it('a key and a certificate that do not belong together, as a kill in between leaves them, are made anew', async () => {
  const { admin } = await openPki({ dataDir: folder })
  const { serving } = await openPki({ dataDir: folder })
  writeFileSync(join(folder, 'pki', 'serving.key'), admin.keyPem)
  const again = await openPki({ dataDir: folder })
  expect(again.serving.certPem).not.toBe(serving.certPem)
  expect(new X509Certificate(again.serving.certPem).checkPrivateKey(createPrivateKey(again.serving.keyPem))).toBe(true)
})

it.skipIf(!existsSync('/dev/full'))('a log on a full disk ends nothing', async () => {
  const log = openLog('/dev/full')
  for (let i = 0; i < 20; i++) {
    log.info({ i }, 'a line that cannot be written')
    await readFile('/etc/hostname') // lets the log's own writes fail in between
  }
  log[Symbol.dispose]()
})
