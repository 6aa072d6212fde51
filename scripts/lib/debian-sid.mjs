// Single packages of Debian's newest, unpacked into .cache/clients without touching the system's package lists.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

export const clients = join(root, '.cache', 'clients')
const unpacked = join(clients, 'root')

const listed = path => (existsSync(path) ? readdirSync(path).map(name => join(path, name)) : [])

/** The mirror that this machine's apt uses. */
function mirror() {
  const files = ['/etc/apt/sources.list', ...listed('/etc/apt/sources.list.d')].filter(existsSync)
  for (const file of files) {
    const match = /(https?:\/\/[^\s]+\/debian)\/?(\s|$)/m.exec(readFileSync(file, 'utf8'))
    if (match) return match[1]
  }
  return undefined
}

/**
 * @param name of the package
 * @param path of the file in it that is wanted: `usr/bin/kubectl`
 * @returns {string | undefined} where that file is; nothing when it cannot be had
 */
export function fromSid(name, path) {
  const file = join(unpacked, path)
  if (existsSync(file)) return file
  const url = mirror()
  if (!url) return undefined
  for (const sub of ['lists/partial', 'archives/partial', 'root']) mkdirSync(join(clients, sub), { recursive: true })
  writeFileSync(
    join(clients, 'sid.list'),
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${url} sid main\n`,
  )
  const options = [
    `Dir::Etc::SourceList=${join(clients, 'sid.list')}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${join(clients, 'lists')}`,
    'Dir::State::Status=/dev/null',
    `Dir::Cache=${clients}`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap(option => ['-o', option])
  const quiet = { cwd: clients, encoding: 'utf8' }
  const ok =
    spawnSync('apt-get', [...options, 'update', '-qq'], quiet).status === 0 &&
    spawnSync('apt-get', [...options, 'download', '-qq', name], quiet).status === 0
  const deb = ok && readdirSync(clients).find(entry => entry.startsWith(`${name}_`) && entry.endsWith('.deb'))
  if (deb) spawnSync('dpkg-deb', ['-x', join(clients, deb), unpacked], quiet)
  return existsSync(file) ? file : undefined
}
