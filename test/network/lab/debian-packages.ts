// Programs out of Debian packages, unpacked into .cache: nothing of them is installed on this machine.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = fileURLToPath(new URL('../../../.cache', import.meta.url))

export interface Packages {
  /** Folder below .cache that keeps them. */
  readonly folder: string
  readonly names: readonly string[]
  /** Of another release of Debian than this machine's: they come without what they depend on. */
  readonly release?: string
}

/** @returns the folder that stands for `/` @throws when the packages cannot be had */
export function unpack(packages: Packages): string {
  const folder = join(cache, packages.folder)
  const root = join(folder, 'root')
  if (existsSync(root)) return root
  const work = join(folder, `work-${process.pid}`)
  mkdirSync(work, { recursive: true })
  const archives = packages.release === undefined ? download(work, packages) : downloadOf(packages.release, work, packages) // prettier-ignore
  const unpacked = join(work, 'root')
  mkdirSync(unpacked)
  for (const name of readdirSync(archives).filter(each => each.endsWith('.deb')))
    execFileSync('dpkg-deb', ['-x', join(archives, name), unpacked])
  renameSync(unpacked, root)
  rmSync(work, { recursive: true, force: true })
  return root
}

const QUIET = ['-qq', '-y', '-o', 'APT::Sandbox::User=root']

function apt(settings: readonly string[], args: readonly string[], cwd: string) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync('apt-get', [...QUIET, ...settings, ...args], { encoding: 'utf8', env, cwd })
}

const failure = ({ names }: Packages, stderr: string) => new Error(`${names.join(', ')} cannot be had: ${stderr}`)

/** With all that they need and this machine lacks. */
function download(work: string, packages: Packages): string {
  const archives = join(work, 'archives')
  mkdirSync(join(archives, 'partial'), { recursive: true })
  const settings = ['-o', `Dir::Cache::archives=${archives}`]
  const get = () => apt(settings, ['install', '--download-only', '--no-install-recommends', ...packages.names], work)
  let got = get()
  if (got.status !== 0 && apt([], ['update'], work).status === 0) got = get()
  if (got.status !== 0) throw failure(packages, got.stderr)
  return archives
}

/** From where this machine has its own packages, which know nothing of these. */
function downloadOf(release: string, work: string, packages: Packages): string {
  const where = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Component: main']
  const [mirror = ''] = execFileSync('apt-get', where, { encoding: 'utf8' }).split('\n')
  const archives = join(work, 'archives')
  for (const each of ['state/lists/partial', 'cache/archives/partial', 'archives']) mkdirSync(join(work, each), { recursive: true }) // prettier-ignore
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(join(work, 'sources.list'), `deb [signed-by=${keys}] ${mirror} ${release} main\n`)
  writeFileSync(join(work, 'status'), '')
  const settings = [
    `Dir::Etc::sourcelist=${join(work, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State=${join(work, 'state')}`,
    `Dir::State::status=${join(work, 'status')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
  ].flatMap(setting => ['-o', setting])
  for (const args of [['update'], ['download', ...packages.names]]) {
    const got = apt(settings, args, archives)
    if (got.status !== 0) throw failure(packages, got.stderr)
  }
  return archives
}
