#!/usr/bin/env node
// `npm run package`: the installers of this system, in dist/; what cannot be made here is told. `--dir` makes only the
// folder that they would install, `--from FOLDER` takes one that is there, `--only deb` makes one of them.
// `--update-feed URL --update-key PUBLIC.pem` make a build that looks for newer versions there, signed with that key by
// scripts/sign-update.mjs. Elsewhere than on Linux, signing the packages themselves takes its certificates from
// electron-builder's own environment variables.
import { createHash, createPublicKey } from 'node:crypto'
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { appConfig } from './lib/app-config.mjs'
import { makeDeb, makeRpm } from './lib/linux-packages.mjs'
import { ensureBuilt, ensureDependencies, requireNode, root, say } from './lib/setup.mjs'

requireNode()
ensureDependencies()
/** What follows a flag, nothing where it is not given. */
const argumentsAfter = flag => (process.argv.includes(flag) ? process.argv.slice(process.argv.indexOf(flag) + 1) : [])
if (!process.argv.includes('--from')) ensureBuilt()
const { parse, stringify } = await import('yaml')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** An Electron that is unpacked already, for machines that cannot download one: `--electron FOLDER VERSION`. */
function givenElectron() {
  if (!process.argv.includes('--electron')) return {}
  const [folder, version] = argumentsAfter('--electron')
  if (!folder || !version || !existsSync(folder)) throw new Error('--electron wants a folder and a version')
  // Another app may have been put into it.
  const clean = join(root, '.cache', 'electron-dist')
  rmSync(clean, { recursive: true, force: true })
  cpSync(folder, clean, { recursive: true, filter: path => dirname(path) !== join(folder, 'resources') })
  return { electronDist: clean, electronVersion: version }
}

/** What a published build knows of its updates goes into the app; any other build has none. */
function updateFeed() {
  const path = join(root, 'out', 'update-feed.json')
  rmSync(path, { force: true })
  const [url] = argumentsAfter('--update-feed')
  const [key] = argumentsAfter('--update-key')
  if (!url && !key) return { publish: null }
  if (!url || !key) throw new Error('--update-feed URL and --update-key PUBLIC.pem go together')
  // Were it given the private key, only its public half may go into what everybody gets.
  const publicKey = createPublicKey(readFileSync(key))
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new Error(`${key} is not an Ed25519 key`)
  // A checkout that is started later has none.
  process.on('exit', () => rmSync(path, { force: true }))
  writeFileSync(path, JSON.stringify({ url, keys: [publicKey.export({ type: 'spki', format: 'pem' })] }))
  return { publish: { provider: 'generic', url } }
}

const config = {
  ...appConfig,
  ...updateFeed(),
  ...givenElectron(),
}

const dist = join(root, 'dist')
const only = argumentsAfter('--only')[0]
const unmade = []
/** One installer that cannot be made is no reason to make none. */
async function attempt(kind, make) {
  if (only && only !== kind) return
  try {
    say(`made ${await make()}`)
  } catch (error) {
    unmade.push(`${kind}: ${error.message.split('\n')[0]}`)
  }
}
const electronBuilder = async (target, more = {}) => {
  // Only now is it there in a clean checkout.
  const { build, Platform } = await import('electron-builder')
  return build({ targets: Platform.current().createTarget(target), config, publish: 'never', ...more })
}

let [folder] = argumentsAfter('--from')
if (!folder) {
  await electronBuilder('dir')
  folder = readdirSync(dist)
    .filter(name => /unpacked$|^mac/.test(name))
    .map(name => join(dist, name))
    .at(-1)
}
if (!process.argv.includes('--dir')) {
  const prepackaged = process.platform === 'darwin' ? join(folder, 'Flotilla.app') : folder
  const byElectronBuilder = { linux: ['AppImage'], darwin: ['dmg', 'zip'], win32: ['nsis'] }[process.platform] ?? []
  for (const kind of byElectronBuilder)
    await attempt(kind, async () =>
      (await electronBuilder(kind, { prepackaged })).map(path => basename(path)).join(', '),
    )
  if (process.platform === 'linux') {
    await attempt('deb', () => makeDeb(folder, dist))
    await attempt('rpm', () => makeRpm(folder, dist))
    if (config.publish) announce()
  }
}
say(`dist/: ${readdirSync(dist).join(', ')}`)
for (const line of unmade) console.error(`flotilla: NOT made · ${line}`)
process.exit(unmade.length > 0 ? 1 : 0)

/** What electron-builder writes for the AppImage alone: the newest version, with all files that install it. */
function announce() {
  const files = readdirSync(dist).filter(name => name.includes(version) && /\.(AppImage|deb|rpm)$/.test(name))
  if (files.length === 0) return
  const path = join(dist, `latest-linux${process.arch === 'x64' ? '' : `-${process.arch}`}.yml`)
  const told = existsSync(path) ? parse(readFileSync(path, 'utf8')) : undefined
  const entries = files.map(url => {
    const content = readFileSync(join(dist, url))
    const sha512 = createHash('sha512').update(content).digest('base64')
    // Its own entry says by which blocks the file can be downloaded.
    const own = told?.files.find(file => file.url === url && file.sha512 === sha512)
    return own ?? { url, sha512, size: content.length }
  })
  writeFileSync(path, stringify({ version, files: entries, releaseDate: new Date().toISOString() }))
}
