// The firewalls that people have on their hosts, as Debian packages them: unpacked into .cache, not installed, and run
// for one lab host each.
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unpack } from './debian-packages.ts'
import { eventually, type Host } from './lab.ts'

let root = ''

/** @throws when the packages cannot be had */
export function unpackFirewalls(): void {
  root = unpack({ folder: 'firewalls', names: ['firewalld', 'ufw', 'dbus-daemon'] })
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
