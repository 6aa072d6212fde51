#!/usr/bin/env node
// The packaged app: its fuses, its start, this machine as a node, links to it; the deb installed into a fresh Debian;
// updates from one packaged version to the next out of a signed feed on loopback, and back again.
// Needs root, debootstrap, Debian's mirror and Docker. FLOTILLA_TORTURE_DEB=0 leaves the fresh Debian out.
import { spawn, spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { chromium } from 'playwright-core'
import { root } from '../bench/lib.mjs'
import { assert, must, scratch, skip } from './lib.mjs'

if (process.getuid?.() !== 0) skip('only root can enter a fresh Debian')
const ELECTRON_VERSION = '33.2.1'
const unpacked = join(root, 'dist/linux-unpacked')
const children = new Set()
/** Versions that an update started are nobody's children. */
const runningPid = () => JSON.parse(readFileSync(runtimeFile, 'utf8')).pid
// Before the folder goes, which takes what they write to away.
process.on('exit', () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
  try {
    process.kill(runningPid(), 'SIGKILL')
  } catch {
    // None runs.
  }
})
const folder = scratch()
const runtimeFile = join(folder, 'updated/data/runtime.json')

async function until(what, check, timeoutMs = 90_000) {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await check()
    if (found) return found
    if (performance.now() > deadline) throw new Error(`not so within ${timeoutMs / 1000} s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
const node = (...args) => must(process.execPath, ...args)

function start(program, args, env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  child.output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (child.output += chunk))
  return child
}
async function end(child) {
  if (child.exitCode !== null) return
  const exit = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  await exit
}
const line = (child, pattern) =>
  until(`${pattern} in ${child.output}`, () => pattern.exec(child.output)?.[1]).catch(error => {
    throw new Error(`${error.message}\n${child.output}`)
  })
async function pageOf(child) {
  const browser = await chromium.connectOverCDP(await line(child, /DevTools listening on (ws:\S+)/))
  return until('the window', () => browser.contexts()[0]?.pages()[0])
}

// --- the package

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const feedFolder = join(folder, 'feed')
mkdirSync(feedFolder)
const feed = createServer((incoming, answer) => {
  const path = join(feedFolder, new URL(incoming.url ?? '/', 'http://feed').pathname.slice(1))
  if (!existsSync(path) || !statSync(path).isFile()) return void answer.writeHead(404).end()
  answer.end(readFileSync(path))
})
await new Promise(resolve => feed.listen(0, '127.0.0.1', resolve))
const key = join(folder, 'update.pem')
writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }))
const runtime = spawnSync(process.execPath, [join(root, 'scripts/electron-runtime.mjs')], { encoding: 'utf8' })
const electron = ['--electron', dirname(runtime.stdout.trim()), ELECTRON_VERSION]
const published = ['--update-feed', `http://127.0.0.1:${feed.address().port}/`, '--update-key', key]
node(join(root, 'scripts/package.mjs'), '--dir', ...published, ...electron)
console.log('packed')

const wire = await getCurrentFuseWire(join(unpacked, 'flotilla'))
for (const [fuse, wanted] of Object.entries({
  RunAsNode: '0',
  EnableNodeOptionsEnvironmentVariable: '0',
  EnableNodeCliInspectArguments: '0',
  EnableCookieEncryption: '1',
  EnableEmbeddedAsarIntegrityValidation: '1',
  OnlyLoadAppFromAsar: '1',
  GrantFileProtocolExtraPrivileges: '0',
}))
  assert(String.fromCharCode(wire[FuseV1Options[fuse]]) === wanted, `the fuse ${fuse} is not ${wanted}`)
console.log('its fuses are as they should be')

const own = name => [
  '--no-sandbox',
  `--user-data-dir=${join(folder, name, 'user')}`,
  '--data-dir',
  join(folder, name, 'data'),
  '--listen',
  '127.0.0.1:0',
]
const DEBUGGED = '--remote-debugging-port=0'

// --- its start, a node, a link

{
  const program = join(unpacked, 'flotilla')
  const child = start(program, [...own('plain'), DEBUGGED], { XDG_DATA_HOME: join(folder, 'share') })
  const page = await pageOf(child)
  await page.getByText('Pods by state').waitFor({ timeout: 60_000 })
  const name = await line(child, /this node {3}joined as (\S+)/)
  await page.getByText('1/1', { exact: true }).waitFor({ timeout: 60_000 })
  // Were it to act as Node, it would take the link for a script.
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' }
  spawnSync(program, [...own('plain'), 'flotilla://k/core/v1/nodes'], { env })
  await page.waitForURL(/\/ui\/k\/core\/v1\/nodes$/, { timeout: 30_000 })
  await page.locator(`[data-key="${name}"]`).waitFor()
  // Its containers run a copy of it: what is packed only Electron can read.
  await page.getByRole('button', { name: 'Other clusters' }).click()
  const dialog = page.getByRole('dialog', { name: 'Other clusters' })
  await dialog.getByLabel('Name').fill('packed')
  await dialog.getByLabel('Nodes').fill('1')
  await dialog.getByRole('button', { name: 'Create' }).click()
  const row = dialog.locator('[data-local-cluster=packed]')
  await row.getByText('Running', { exact: true }).waitFor({ timeout: 240_000 })
  await row.getByText('1 of 1 node').waitFor()
  await row.getByRole('button', { name: 'Delete packed' }).click()
  const sure = page.getByRole('dialog', { name: 'Delete the local cluster packed?' })
  await sure.getByRole('textbox').fill('packed')
  await sure.getByRole('button', { name: 'Delete' }).click()
  await row.waitFor({ state: 'detached', timeout: 120_000 })
  await end(child)
  node(join(root, 'out/main/cli.js'), 'reset', '--yes', '--data-dir', join(folder, 'plain/data'))
  console.log('it starts, makes this machine a node, follows a link, and makes a local cluster')
}

// --- updates: a script stands for the AppImage, which cannot be made here; it starts the packaged app of its version

/** The packaged app as another version. */
function versionFolder(version) {
  const at = join(folder, `app-${version}`)
  cpSync(unpacked, at, { recursive: true, verbatimSymlinks: true })
  const asar = join(root, 'node_modules/@electron/asar/bin/asar.js')
  const content = join(folder, `asar-${version}`)
  node(asar, 'extract', join(at, 'resources/app.asar'), content)
  const manifest = join(content, 'package.json')
  writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), version }))
  node(asar, 'pack', content, join(at, 'resources/app.asar'))
  rmSync(content, { recursive: true })
  return at
}
const image = (version, behaviour) =>
  `#!/bin/sh\n# version ${version}\nexport APPIMAGE="$(readlink -f "$0")"\necho ${version} >> ${folder}/started\n${behaviour}\n`
const runs = version => `exec ${versionFolder(version)}/flotilla "$@" >> ${folder}/output-${version} 2>&1`
function publish(version, content) {
  const name = `Flotilla-${version}.AppImage`
  writeFileSync(join(feedFolder, name), content)
  const sha512 = createHash('sha512').update(content).digest('base64')
  const metadata = JSON.stringify({ version, files: [{ url: name, sha512, size: content.length }] })
  writeFileSync(join(feedFolder, 'latest-linux.yml'), metadata)
  writeFileSync(
    join(feedFolder, 'latest-linux.yml.sig'),
    sign(null, Buffer.from(metadata), privateKey).toString('base64'),
  )
}
const program = join(folder, 'Flotilla.AppImage')
const started = () => (existsSync(join(folder, 'started')) ? readFileSync(join(folder, 'started'), 'utf8') : '')
const outputs = version => {
  const path = join(folder, `output-${version}`)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
/** The last page that a version's output leads to. */
async function pageOfVersion(version, nth = 1) {
  const address = await until(
    `window ${nth} of ${version}: ${outputs(version)}`,
    () => [...outputs(version).matchAll(/DevTools listening on (ws:\S+)/g)].at(nth - 1)?.[1],
  )
  const browser = await chromium.connectOverCDP(address)
  const page = await until('the window', () => browser.contexts()[0]?.pages()[0])
  await page.getByText('Pods by state').waitFor({ timeout: 60_000 })
  return page
}
async function update(page) {
  await page.keyboard.press('Control+,')
  await page.getByRole('button', { name: 'Look now' }).click()
  await page.getByRole('button', { name: 'Download' }).click()
  await page.getByRole('button', { name: 'Stop, install and start' }).click()
}

writeFileSync(program, image('0.1.0', runs('0.1.0')))
chmodSync(program, 0o755)
publish('0.2.0', image('0.2.0', runs('0.2.0')))
start(program, [...own('updated'), '--no-local-node', DEBUGGED])
await update(await pageOfVersion('0.1.0'))
await pageOfVersion('0.2.0')
await until('its trial is over', () => !existsSync(join(folder, 'updated/user/updates/trial.json')))
assert(readFileSync(program, 'utf8').includes('version 0.2.0'), 'the new version is not in place')
await until('nothing is left beside it', () => !readdirSync(folder).some(name => name.startsWith('.Flotilla')))
console.log('0.1.0 → 0.2.0: stopped, installed, started, ready')

for (const [version, behaviour, what] of [
  ['0.3.0', 'exit 7', 'that ends at once'],
  ['0.4.0', 'kill -9 $$', 'that is killed'],
]) {
  publish(version, image(version, behaviour))
  const before = [...outputs('0.2.0').matchAll(/DevTools listening/g)].length
  await update(await pageOfVersion('0.2.0', before))
  const page = await pageOfVersion('0.2.0', before + 1)
  assert(readFileSync(program, 'utf8').includes('version 0.2.0'), 'the old version did not come back')
  assert(started().trim().split('\n').slice(-2).join() === `${version},0.2.0`, `started: ${started()}`)
  await page.keyboard.press('Control+,')
  await page.getByText(`Version ${version} is not installed`).waitFor()
  await page.keyboard.press('Escape')
  console.log(`a version ${what} is taken back, and the window says so`)
}
process.kill(runningPid(), 'SIGTERM')
await until('the last one ends', () => !existsSync(runtimeFile))
feed.close()

// --- the deb

if (process.env['FLOTILLA_TORTURE_DEB'] !== '0') {
  node(join(root, 'scripts/package.mjs'), '--from', unpacked, '--only', 'deb')
  const deb = readdirSync(join(root, 'dist')).find(name => name.endsWith('_amd64.deb'))
  const debian = join(folder, 'debian')
  must('debootstrap', '--variant=minbase', 'bookworm', debian)
  copyFileSync(join(root, 'dist', deb), join(debian, deb))
  must('chroot', debian, 'apt-get', 'install', '-y', '--no-install-recommends', `/${deb}`)
  console.log(`${deb} is installed into a fresh Debian with what it needs`)
}
process.exit(0)
