// The power is cut while programs are put on hosts and servers: their scripts run on an ext4 whose power goes, in the
// places that they write to.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  CONFIGURE_SERVER, RECEIVE_APP, RECEIVE_CLUSTER, RECEIVE_FLAG_FILES, RECEIVE_SERVER_RUNTIME, serverUnit,
} from '../../src/main/provisioning/server/scripts.ts' // prettier-ignore
import { RECEIVE_AGENT, RECEIVE_RUNTIME } from '../../src/main/provisioning/steps/push.ts'
import { powerCutSite } from '../store/proof/crashes.ts'

const PLACES = ['/opt', '/etc', '/var/lib']
let folder: string
let site: Awaited<ReturnType<typeof powerCutSite>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-power-'))
  site = await powerCutSite(folder)
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin', 'systemctl'), '#!/bin/sh\n', { mode: 0o755 }) // there is no systemd for that place
})
afterAll(async () => {
  await site?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  for (const place of PLACES) rmSync(site.folder + place, { recursive: true, force: true })
  mkdirSync(`${site.folder}/etc/systemd/system`, { recursive: true })
  for (const place of PLACES) mkdirSync(site.folder + place, { recursive: true })
  execFileSync('sync', ['-f', site.folder])
})

/** As on a machine whose disk that is. */
function run(script: string, ...input: (string | Buffer)[]): void {
  const binds = PLACES.map(place => `mount --bind ${site.folder}${place} ${place}`).join(' && ')
  const argv = ['--mount', 'sh', '-c', `${binds} && exec sh -c "$0"`, script]
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}` }
  execFileSync('unshare', argv, { input: Buffer.concat(input.map(part => Buffer.from(part))), env, stdio: 'pipe' })
}
const powerCut = () => site.crash(spawn('sleep', ['600']))
const sh = (script: string) => execFileSync('sh', ['-ec', script], { cwd: site.folder, encoding: 'utf8' })
/** Every file with what is in it, and every link with where it leads. */
const lies = () => sh(`find opt etc var -type f -exec sha256sum {} + | sort -k2; find opt etc var -type l -printf '%p %l\\n' | sort`) // prettier-ignore

const sum = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')
/** Larger than what a file system keeps beside its lists of names. */
const PROGRAM = `#!/bin/sh\nexit 0\n${'# and so on\n'.repeat(20_000)}`
function tarOf(path: string, text: string): Buffer {
  const at = mkdtempSync(join(folder, 'tar-'))
  mkdirSync(join(at, path, '..'), { recursive: true })
  writeFileSync(join(at, path), text, { mode: 0o755 })
  return execFileSync('tar', ['-C', at, '-cz', path.split('/')[0] ?? path])
}
const node = () => tarOf('node', PROGRAM)
const app = () => tarOf('out/main/cli.js', PROGRAM)
const ID = '0123456789abcdef'

test.each([
  ['the runtime of a host', 'opt/flotilla/runtime', 'node', () => run(RECEIVE_RUNTIME.gzip, `${ID} ${sum(PROGRAM)}\n`, node())],
  ['the agent of a host', 'opt/flotilla/agent', 'agent.cjs', () => run(RECEIVE_AGENT, `${ID} ${sum(PROGRAM)}\n`, gzipSync(PROGRAM))],
  ['the runtime of a server', 'opt/flotilla-server/runtimes', 'node', () => run(RECEIVE_SERVER_RUNTIME, `${ID} ${sum(PROGRAM)} 9 x64\n`, node())],
  ['the program of a server', 'opt/flotilla-server/apps', 'out/main/cli.js', () => run(RECEIVE_APP, `${ID} ${sum(app())}\n`, app())],
] as const)('%s is whole where a power cut leaves its name, since what has its name is not sent again', async (_what, at, file, send) => {
  send()
  // The name reaches the disk, as it does after a while.
  sh(`sync ${at}`)
  await powerCut()
  expect(sum(sh(`cat ${at}/${ID}/${file}`))).toBe(sum(PROGRAM))
}) // prettier-ignore

test('all that the control plane starts with on a server outlives a power cut, before it lets go where it was', async () => {
  run(RECEIVE_SERVER_RUNTIME, `${ID} ${sum(PROGRAM)} 9 x64\n`, node())
  const sent = app()
  run(RECEIVE_APP, `${ID} ${sum(sent)}\n`, sent)
  run(RECEIVE_FLAG_FILES, execFileSync('gzip', ['-d'], { input: tarOf('tokens', 'sesame,ada,1\n') }))
  run(CONFIGURE_SERVER, `${ID} ${ID}\n${serverUnit({ port: 6443, name: 'box', more: '' })}`)
  run(RECEIVE_CLUSTER, '01 02 03 encrypted\n', 'a copy')
  const before = lies()
  for (const name of [
    'encryption-key',
    'environment',
    'flags/tokens',
    'flotilla-control-plane.service',
    'cli.js',
    'node',
  ])
    expect(before).toContain(`/${name}\n`)
  await powerCut()
  expect(lies()).toBe(before)
})
