// The programs that the tests drive, and the Docker daemon that they need.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, say } from './setup.mjs'

/** Debian package → a file or command that shows it is there. */
const NEEDED = {
  'docker.io': 'dockerd',
  'docker-registry': 'docker-registry',
  rootlesskit: 'rootlesskit',
  slirp4netns: 'slirp4netns',
  uidmap: 'newuidmap',
  chromium: 'chromium',
  xvfb: 'Xvfb',
  xauth: 'xauth',
  'etcd-server': 'etcd',
  debootstrap: 'debootstrap',
  dpkg: 'dpkg-deb',
  'perl-base': 'perl',
  'openssh-client': 'ssh-keygen',
  nftables: 'nft',
  iptables: 'iptables',
  iproute2: 'ip',
  conntrack: 'conntrack',
  'wireguard-tools': 'wg',
  'wireguard-go': 'wireguard-go',
  'containernetworking-plugins': '/usr/lib/cni/ptp',
  dnsutils: 'dig',
  'busybox-static': '/bin/busybox',
  unzip: 'unzip',
  curl: 'curl',
  openssl: 'openssl',
  'python3-kubernetes': '/usr/lib/python3/dist-packages/kubernetes/__init__.py',
}

/** @param what a command, or the path of a file */
export const isInstalled = what =>
  what.startsWith('/') ? existsSync(what) : spawnSync('which', [what], { stdio: 'ignore' }).status === 0

const isDebian = () => {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release)
}

/** Installs what the tests drive (Debian/Ubuntu as root), or lists it and exits. */
export function ensureSystem() {
  const missing = Object.keys(NEEDED).filter(name => !isInstalled(NEEDED[name]))
  if (missing.length === 0) return
  if (!isDebian() || process.getuid?.() !== 0) {
    console.error(`flotilla: the tests drive real programs; please install (Debian names): ${missing.join(' ')}`)
    if (isDebian()) console.error(`  sudo apt-get install --no-install-recommends ${missing.join(' ')}`)
    process.exit(1)
  }
  say(`installing what the tests drive: ${missing.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] }
  if (
    run('apt-get', ['update', '-qq'], quiet) &&
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], quiet)
  )
    return
  console.error('flotilla: apt-get failed; see above.')
  process.exit(1)
}

const dockerAnswers = () => spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 20_000 }).status === 0

/** How often a Docker daemon that ends at once is started again, half a second or more apart. */
const MOST_STARTS = 10

/**
 * Starts a Docker daemon where none answers (a machine without an init system).
 * @returns a function that ends the daemon if this call started it
 */
export async function ensureDocker() {
  if (dockerAnswers()) return () => undefined
  if (process.getuid?.() !== 0) {
    console.error('flotilla: Docker does not answer; start it, or give this user access to it.')
    process.exit(1)
  }
  say('starting a Docker daemon for the tests')
  mkdirSync(join(root, '.cache'), { recursive: true })
  const logPath = join(root, '.cache', 'dockerd.log')
  const log = openSync(logPath, 'a')
  const begin = () => {
    const child = spawn('dockerd', [], { stdio: ['ignore', log, log], detached: true })
    child.unref()
    return child
  }
  let daemon = begin()
  let starts = 1
  const deadline = Date.now() + 60_000
  while (!dockerAnswers()) {
    if (Date.now() > deadline || (daemon.exitCode !== null && starts === MOST_STARTS)) {
      console.error(
        `flotilla: the Docker daemon did not start:\n${readFileSync(logPath, 'utf8').split('\n').slice(-10).join('\n')}`,
      )
      process.exit(1)
    }
    await new Promise(resolve => setTimeout(resolve, 300))
    // One that an earlier run has just told to stop keeps its file and its ports until it has.
    if (daemon.exitCode !== null && ++starts) daemon = begin()
  }
  return () => daemon.kill('SIGTERM')
}

/**
 * A virtual display for the desktop app's tests: windows of two runs would take the focus from each other.
 * @returns the display's name, or that of the machine's where there are no virtual ones, and a function that ends it
 */
export async function makeDisplay() {
  const machines = { display: process.env.DISPLAY, end: () => undefined }
  if (process.platform !== 'linux') return machines
  const args = ['-displayfd', '3', '-screen', '0', '1440x900x24', '-nolisten', 'tcp']
  const server = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const number = await new Promise(resolve => {
    server.once('error', () => resolve(undefined))
    server.once('exit', () => resolve(undefined))
    server.stdio[3].once('data', chunk => resolve(String(chunk).trim()))
  })
  // Xvfb ends when nobody reads its descriptor any more: keep it open, without keeping this process alive.
  server.unref()
  server.stdio[3].resume()
  server.stdio[3].unref()
  return number === undefined ? machines : { display: `:${number}`, end: () => server.kill('SIGTERM') }
}
