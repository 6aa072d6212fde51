// Which Node serves the cluster headless: this one, or where it is older than V8's quick compiler, the newer one that is
// built in for hosts. A fresh server asks a good third less of the processor there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

/** A young generation as small as older Nodes have it: 24 doubles it, which takes 70 MB more and is no faster here. */
export const SERVER_NODE_ARGS = ['--max-semi-space-size=16']

/** The first with Maglev. */
const QUICK_MAJOR = 22

/**
 * @param parts what is there: the running Node, the folder with `runtime.json` and `node.tar.gz`, and where it is unpacked
 * @returns the program to serve with; the running Node wherever the other cannot be had
 */
export function serverNode({
  program = process.execPath,
  version = process.versions.node,
  platform = process.platform,
  runtime = join(root, 'out', 'agent', 'runtime', process.arch),
  folder = join(root, '.cache', 'server-node'),
} = {}) {
  if (platform !== 'linux' || Number.parseInt(version) >= QUICK_MAJOR) return program
  try {
    return unpacked(runtime, folder)
  } catch {
    return program
  }
}

/** Unpacks once per version, always to one path: what was started with it may start again. @throws Error when it cannot be had */
function unpacked(runtime, folder) {
  const { sha256 } = JSON.parse(readFileSync(join(runtime, 'runtime.json'), 'utf8'))
  const node = join(folder, 'node')
  const stamp = join(folder, 'sha256')
  if (existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sha256) return node
  mkdirSync(folder, { recursive: true })
  const work = mkdtempSync(join(folder, 'work-'))
  try {
    const fresh = join(work, 'node')
    spawnSync('tar', ['-xzf', join(runtime, 'node.tar.gz'), '-C', work, 'node'], { stdio: 'ignore' })
    if (createHash('sha256').update(readFileSync(fresh)).digest('hex') !== sha256)
      throw new Error(`${runtime} does not hold what it should`)
    chmodSync(fresh, 0o755)
    // Its C library may be newer than this system's.
    if (spawnSync(fresh, ['--version']).status !== 0) throw new Error(`${fresh} cannot run here`)
    renameSync(fresh, node)
    writeFileSync(stamp, sha256)
    return node
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
