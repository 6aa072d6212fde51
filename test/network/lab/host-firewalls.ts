// The firewalls that people have on their hosts, as Debian packages them: unpacked into .cache, not installed, and run
// for one lab host each.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually, type Host } from './lab.ts'

const PACKAGES = ['firewalld', 'ufw', 'dbus-daemon']
const folder = fileURLToPath(new URL('../../../.cache/firewalls', import.meta.url))
const root = join(folder, 'root')

/** @throws when the packages cannot be had */
export function unpackFirewalls(): void {
  if (existsSync(root)) return
  const work = join(folder, `work-${process.pid}`)
  const archives = join(work, 'archives')
  mkdirSync(join(archives, 'partial'), { recursive: true })
  const apt = (...args: string[]) => {
    const given = ['-qq', '-y', '-o', `Dir::Cache::archives=${archives}`, '-o', 'APT::Sandbox::User=root', ...args]
    return spawnSync('apt-get', given, { encoding: 'utf8', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  }
  const download = () => apt('install', '--download-only', '--no-install-recommends', ...PACKAGES)
  let got = download()
  if (got.status !== 0 && apt('update').status === 0) got = download()
  if (got.status !== 0) throw new Error(`firewalld and ufw cannot be had: ${got.stderr}`)
  const unpacked = join(work, 'root')
  mkdirSync(unpacked)
  for (const name of readdirSync(archives).filter(each => each.endsWith('.deb')))
    execFileSync('dpkg-deb', ['-x', join(archives, name), unpacked])
  renameSync(unpacked, root)
  rmSync(work, { recursive: true, force: true })
}

/** What is installed on this machine was not downloaded. */
const at = (path: string): string => (existsSync(join(root, path)) ? join(root, path) : path)

/** @returns the environment in which the programs are found */
export const firewallEnvironment = () => ({
  PATH: `${join(root, 'usr/bin')}:${join(root, 'usr/sbin')}:${process.env.PATH ?? ''}`,
  PYTHONPATH: join(root, 'usr/lib/python3/dist-packages'),
  LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu'),
})

const BUS = `<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

/** firewalld and the bus that it is spoken to over, in the host's own `/run`. */
export async function startFirewalld(host: Host, settings: string): Promise<void> {
  cpSync(at('/etc/firewalld'), settings, { recursive: true })
  writeFileSync(join(settings, 'bus.conf'), BUS)
  host.run('mkdir', '-p', '/run/dbus')
  host.spawn('dbus-daemon', `--config-file=${join(settings, 'bus.conf')}`, '--nofork')
  await eventually(() => host.run('sh', '-c', 'ls /run/dbus').includes('system_bus_socket'))
  host.spawn('/usr/bin/python3', at('/usr/sbin/firewalld'), '--nofork', `--default-config=${at('/usr/lib/firewalld')}`, `--system-config=${settings}`, '--log-target=console') // prettier-ignore
  await eventually(() => host.run('sh', '-c', 'firewall-cmd --state || true').includes('running'), 20_000)
}

/** @returns what runs ufw with settings of this host's own, switched on */
export function startUfw(host: Host, settings: string): (...args: string[]) => string {
  for (const path of ['/etc/ufw', '/etc/default', '/lib/ufw', '/usr/share/ufw', '/usr/sbin'])
    cpSync(at(path), join(settings, path), { recursive: true, filter: from => !/locale|messages/.test(from) })
  // As its package's own script does.
  for (const name of readdirSync(join(settings, 'usr/share/ufw')).filter(each => /\.(rules|conf)$/.test(each)))
    cpSync(join(settings, 'usr/share/ufw', name), join(settings, 'etc/ufw', name))
  const ufw = (...args: string[]) =>
    host.run('/usr/bin/python3', at('/usr/sbin/ufw'), `--rootdir=${settings}`, `--datadir=${settings}`, ...args)
  // The first start misses rules whose kernel modules are only being loaded; the second one finds them.
  ufw('--force', 'enable')
  ufw('disable')
  ufw('--force', 'enable')
  return ufw
}
