// What `npm start` and `npm test` share: bring a clean checkout to the point where it can run.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const say = text => console.log(`flotilla: ${text}`)

const MINIMUM_NODE = [20, 18]

/** Exits with one clear line when this Node is too old. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return
  console.error(`flotilla: Node ${MINIMUM_NODE.join('.')} or newer is needed, this is ${process.versions.node}.`)
  process.exit(1)
}

/** Runs a program with inherited output. @returns whether it succeeded */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  return result.status === 0
}

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

const parent = process.ppid

/**
 * Calls `end` with a signal when this program is to end. npm hands one to a shell alone, which ends and tells nobody: then
 * it is the parent that is gone.
 */
export function onEnd(end) {
  let looks
  const hear = signal => {
    clearInterval(looks)
    end(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, hear)
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return
  looks = setInterval(() => process.ppid === parent || hear('SIGTERM'), 500).unref()
}

/** Installs node_modules from the lock file when they are missing or older than it. */
export function ensureDependencies() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return
  say('installing dependencies (npm ci)')
  if (run(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'])) return
  console.error('flotilla: npm ci failed; see above. Is a package registry reachable?')
  process.exit(1)
}

function* filesUnder(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesUnder(path)
    else yield path
  }
}

/** A hash of everything the build reads. */
function sourceHash() {
  const hash = createHash('sha256')
  const inputs = [
    'package-lock.json',
    'electron.vite.config.ts',
    'scripts/build-agent.mjs',
    'scripts/agent-runtime.mjs',
    'tsconfig.base.json',
  ]
  for (const folder of ['src', 'resources'])
    if (existsSync(join(root, folder))) inputs.push(...filesUnder(join(root, folder)))
  for (const input of inputs.map(i => (i.startsWith(root) ? i : join(root, i))).sort())
    if (existsSync(input)) hash.update(input.slice(root.length)).update('\0').update(readFileSync(input)).update('\0')
  return hash.digest('hex')
}

/** Builds `out/` unless it was built from exactly these sources. */
export function ensureBuilt() {
  const stamp = join(root, 'out', '.source-hash')
  const hash = sourceHash()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  say('building (npm run build)')
  const result = spawnSync(npm, ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' })
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
    console.error('flotilla: the build failed; see above.')
    process.exit(1)
  }
  // What it could not make is not needed by everybody.
  for (const line of result.stdout.split('\n')) if (/^flotilla: .*cannot/.test(line)) console.log(line)
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, hash)
}
