// Finds an Electron runtime, or says why there is none.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const folder = join(root, 'node_modules', 'electron')

function installed() {
  const pathFile = join(folder, 'path.txt')
  if (!existsSync(pathFile)) return undefined
  const executable = join(folder, 'dist', readFileSync(pathFile, 'utf8'))
  return existsSync(executable) ? executable : undefined
}

/** @returns whether a window can be shown here. */
export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

/**
 * The Electron executable: `FLOTILLA_ELECTRON`, else the installed one, else downloaded once (bounded in time).
 * @returns {{ executable: string } | { reason: string }}
 */
export function findElectron({ download = true, timeoutMs = 180_000 } = {}) {
  const given = process.env.FLOTILLA_ELECTRON
  if (given)
    return existsSync(given)
      ? { executable: given }
      : { reason: `FLOTILLA_ELECTRON names ${given}, which does not exist` }
  const present = installed()
  if (present) return { executable: present }
  if (!download) return { reason: 'its runtime is not downloaded' }
  console.log('flotilla: downloading the Electron runtime (once)')
  const result = spawnSync(process.execPath, [join(folder, 'install.js')], {
    cwd: folder,
    encoding: 'utf8',
    timeout: timeoutMs,
  })
  const now = installed()
  if (now) return { executable: now }
  const lines = `${result.stderr ?? ''}`
    .split('\n')
    .filter(line => /error|ENOTFOUND|ECONN|getaddrinfo|HTTP/i.test(line))
  return { reason: `its runtime cannot be downloaded (${(lines[0] ?? 'no answer').trim().slice(0, 160)})` }
}
