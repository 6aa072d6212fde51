#!/usr/bin/env node
// `npm run package`: the installers of this system, in dist/. `--dir` makes only the folder that they would install.
// `--update-feed URL --update-key PUBLIC.pem` make a build that looks for newer versions there, signed with that key by
// scripts/sign-update.mjs. Elsewhere than on Linux, signing takes its certificates from electron-builder's own environment variables.
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ensureBuilt, ensureDependencies, requireNode, root, say } from './lib/setup.mjs'

requireNode()
ensureDependencies()
ensureBuilt()
// Only now is it there in a clean checkout.
const { build, Platform } = await import('electron-builder')

/** An Electron that is unpacked already, for machines that cannot download one: `--electron FOLDER VERSION`. */
function givenElectron() {
  const at = process.argv.indexOf('--electron')
  if (at < 0) return {}
  const [folder, version] = process.argv.slice(at + 1)
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
  const after = name => {
    const at = process.argv.indexOf(name)
    return at < 0 ? undefined : process.argv[at + 1]
  }
  const url = after('--update-feed')
  const key = after('--update-key')
  if (!url && !key) return { publish: null }
  if (!url || !key) throw new Error('--update-feed URL and --update-key PUBLIC.pem go together')
  writeFileSync(path, JSON.stringify({ url, keys: [readFileSync(key, 'utf8')] }))
  return { publish: { provider: 'generic', url } }
}

const config = {
  appId: 'dev.flotilla.desktop',
  productName: 'Flotilla',
  directories: { output: 'dist', buildResources: 'resources' },
  files: ['out/**', '!out/**/*.map', 'resources/icon.png', 'package.json'],
  asar: true,
  npmRebuild: false,
  // What users of the app would not miss, and what would let others make it a Node of theirs.
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  },
  protocols: [{ name: 'Flotilla', schemes: ['flotilla'] }],
  linux: {
    target: ['AppImage', 'deb', 'rpm'],
    category: 'Development',
    synopsis: 'A Kubernetes that lives in a desktop app',
    maintainer: 'Flotilla',
    icon: 'resources/icon.png',
  },
  deb: { depends: ['libgtk-3-0', 'libnss3', 'libxss1', 'libxtst6', 'libatspi2.0-0', 'libuuid1', 'libsecret-1-0'] },
  mac: {
    target: ['dmg', 'zip'],
    category: 'public.app-category.developer-tools',
    hardenedRuntime: true,
    icon: 'resources/icon.png',
  },
  win: { target: ['nsis'], icon: 'resources/icon.png' },
  nsis: { oneClick: false, perMachine: false, allowToChangeInstallationDirectory: true },
  ...updateFeed(),
  ...givenElectron(),
}

const onlyFolder = process.argv.includes('--dir')
await build({ targets: Platform.current().createTarget(onlyFolder ? 'dir' : undefined), config, publish: 'never' })
say(`dist/: ${readdirSync(join(root, 'dist')).join(', ')}`)
