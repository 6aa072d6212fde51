// A machine that was a node and is reset is as it was before: shown by a diff of everything the agent may touch.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { clientImage } from './support/client-image.ts'
import { Cluster, cli, until } from './support/cluster.ts'
import { webManifest } from './support/web.ts'

const run = (command: string, ...args: string[]) => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}
/** Counters and handles change by themselves. */
const steady = (text: string) =>
  text
    .split('\n')
    .map(line => line.replace(/\[\d+:\d+\]|packets \d+ bytes \d+|# handle \d+|^#.*$/g, '').trimEnd())
    .filter(Boolean)
    .sort()

const SYSCTLS = [
  'net/ipv4/ip_forward',
  'net/ipv4/conf/all/rp_filter',
  'net/ipv4/conf/default/rp_filter',
  'net/ipv4/conf/all/route_localnet',
]

function machine(): Record<string, string[]> {
  return {
    links: steady(
      run('ip', '-o', 'link')
        .replace(/^\d+: /gm, '')
        .replace(/@if\d+|qlen \d+/g, ''),
    ),
    addresses: steady(run('ip', '-o', '-4', 'addr').replace(/^\d+: /gm, '')),
    routes: steady(run('ip', 'route', 'show', 'table', 'all').replace(/ table local.*$/gm, '')),
    rules: steady(run('ip', 'rule')),
    nftables: steady(run('nft', 'list', 'ruleset')),
    iptables: steady(run('iptables-save')),
    containers: steady(run('docker', 'ps', '-aq', '--no-trunc')),
    networks: steady(run('docker', 'network', 'ls', '-q', '--no-trunc')),
    volumes: steady(run('docker', 'volume', 'ls', '-q')),
    mounts: steady(readFileSync('/proc/self/mounts', 'utf8')),
    sysctls: SYSCTLS.map(name => `${name}=${readFileSync(`/proc/sys/${name}`, 'utf8').trim()}`),
    units: existsSync('/etc/systemd/system') ? readdirSync('/etc/systemd/system').sort() : [],
    files: ['/etc/docker', '/etc/cni', '/var/lib', '/etc']
      .filter(existsSync)
      .flatMap(folder => readdirSync(folder).map(name => `${folder}/${name}`))
      .sort(),
  }
}

describe('flotilla reset', () => {
  it('leaves Docker, rules, routes, links, mounts, sysctls and files of this machine as they were', async () => {
    const image = clientImage()
    const before = machine()
    const cluster = await Cluster.start()
    await cluster.nodeReady()
    await cluster.apply(webManifest(image, { nodePort: 30_980 }))
    await until('two ready pods', async () => /2\/2/.test(await cluster.kubectl('get', 'deployment', 'web')))
    const during = machine()
    expect(during.containers?.length).toBeGreaterThan(before.containers?.length ?? 0)
    expect(during.nftables).not.toEqual(before.nftables)
    expect(during.mounts).not.toEqual(before.mounts)
    await cluster.stop()
    // Stopping leaves the pods; resetting takes everything.
    expect(machine().containers).toEqual(during.containers)
    const { code, stdout, stderr } = await cli('reset', '--yes', '--data-dir', cluster.dataDir)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toContain(`deleted ${cluster.dataDir}`)
    expect(existsSync(cluster.dataDir)).toBe(false)
    expect(machine()).toEqual(before)
  })

  it('has nothing to do a second time', async () => {
    const { code, stdout } = await cli('reset', '--yes', '--data-dir', '/tmp/flotilla-no-such-folder')
    expect(code).toBe(0)
    expect(stdout).toContain('nothing to reset')
  })
})
