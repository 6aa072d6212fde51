// Finds an Electron runtime that starts here, or says why there is none.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NEEDS } from './linux-packages.mjs'
import { root } from './setup.mjs'

const folder = join(root, 'node_modules', 'electron')

function installed() {
  const pathFile = join(folder, 'path.txt')
  if (!existsSync(pathFile)) return undefined
  const executable = join(folder, 'dist', readFileSync(pathFile, 'utf8'))
  return existsSync(executable) ? executable : undefined
}

/** @returns why no window can be shown here; undefined where one can, as far as that can be told. */
export function displayProblem({ platform = process.platform, env = process.env } = {}) {
  if (platform !== 'linux' || env.WAYLAND_DISPLAY) return undefined
  if (!env.DISPLAY) return 'there is no display'
  const local = /^(?:unix)?:(\d+)/.exec(env.DISPLAY)
  if (!local) return undefined
  // Its socket is a file, or one without, which stands in a list.
  const socket = `/tmp/.X11-unix/X${local[1]}`
  const isListed = () => new RegExp(`@${socket}\\b`).test(readFileSync('/proc/net/unix', 'utf8'))
  return existsSync(socket) || isListed() ? undefined : `there is no display ${env.DISPLAY}, which DISPLAY names`
}

/** As glibc's ldd tells it, and musl's. */
const NOT_FOUND = /^\s*(\S+) => not found|^Error loading shared library ([^\s:]+):/gm

/** @returns the shared libraries that it loads and this machine does not have */
export function missingLibraries(executable, { env = process.env } = {}) {
  const { stdout, stderr } = spawnSync('ldd', [executable], { encoding: 'utf8', env })
  const found = `${stdout ?? ''}\n${stderr ?? ''}`.matchAll(NOT_FOUND)
  return [...new Set(Array.from(found, ([, glibc, musl]) => glibc ?? musl))]
}

/** Tells by its exit code whether a user namespace can be had. */
const NAMESPACE = "process.exit(require('child_process').spawnSync('unshare', ['-Ur', 'true']).status ?? 0)"

/**
 * Without root Chromium's sandbox needs user namespaces, or a helper with root's rights beside it.
 * @returns what is missing, and what to do about it; undefined where nothing is, as far as that can be told
 */
export function sandboxProblem(executable, { uid = process.getuid?.(), env = process.env } = {}) {
  // Chromium's own ways to do without, and to name the helper.
  if (uid === 0 || env.ELECTRON_DISABLE_SANDBOX) return undefined
  const helper = env.CHROME_DEVEL_SANDBOX || join(dirname(executable), 'chrome-sandbox')
  const found = statSync(helper, { throwIfNoEntry: false })
  if (found?.uid === 0 && found.mode & 0o4000) return undefined
  // By itself, without a window: AppArmor may allow it what it forbids others.
  const { status } = spawnSync(executable, ['-e', NAMESPACE], {
    env: { ...env, ELECTRON_RUN_AS_NODE: '1' },
    stdio: 'ignore',
    timeout: 30_000,
  })
  if (status !== 1) return undefined
  return `user namespaces, which its sandbox needs, are closed to users here; give its helper root's rights: sudo chown root ${helper} && sudo chmod 4755 ${helper}`
}

/** @returns the executable, or what keeps it from starting on this machine and what to do about it */
function fit(executable) {
  if (process.platform !== 'linux') return { executable }
  const missing = missingLibraries(executable)
  if (missing.length)
    return {
      reason: `this machine lacks ${missing.join(', ')}; install the packages (Debian's names; since Debian 13 and Ubuntu 24.04 libasound2 is libasound2t64) ${NEEDS.deb.replaceAll(',', '')}`,
    }
  const reason = sandboxProblem(executable)
  return reason === undefined ? { executable } : { reason }
}

/**
 * The Electron executable: `FLOTILLA_ELECTRON`, else the installed one, else downloaded once (bounded in time).
 * @returns {{ executable: string } | { reason: string }}
 */
export function findElectron() {
  const given = process.env.FLOTILLA_ELECTRON
  if (given)
    return existsSync(given) ? fit(given) : { reason: `FLOTILLA_ELECTRON names ${given}, which does not exist` }
  const present = installed()
  if (present) return fit(present)
  console.log('flotilla: downloading the Electron runtime (once)')
  // It requires what is an ES module, which Node 20.18 does when told to.
  const flags = process.features.require_module ? [] : ['--experimental-require-module']
  const result = spawnSync(process.execPath, [...flags, join(folder, 'install.js')], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 180_000,
  })
  const now = installed()
  if (now) return fit(now)
  const lines = `${result.stderr ?? ''}`
    .split('\n')
    .filter(line => /error|ENOTFOUND|ECONN|getaddrinfo|HTTP/i.test(line))
  return { reason: `its runtime cannot be downloaded (${(lines[0] ?? 'no answer').trim().slice(0, 160)})` }
}
