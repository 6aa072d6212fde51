// What the agent says about a host before it changes anything on it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Run, run, ToolError } from '../../src/agent/network/exec.ts'
import { preflight } from '../../src/agent/network/preflight.ts'
import { untilFit } from '../../src/agent/network/until-fit.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Agent, eventually, type Host, Lab } from './lab/lab.ts'

/** The real tools, but for those that this host is to lack. */
const without =
  (...missing: string[]): Run =>
  (argv, options) =>
    missing.includes(argv[0]) ? Promise.reject(new ToolError(argv, undefined, 'ENOENT')) : run(argv, options)

describe('preflight()', () => {
  it('finds nothing wrong with a host that has everything, whose kernel takes our rules', async () => {
    expect(await preflight()).toEqual([])
  })

  it('names what is missing, what it is for and the package that brings it', async () => {
    const problems = await preflight(without('nft', 'conntrack'))
    expect(problems.map(({ id, fatal }) => [id, fatal])).toEqual([
      ['tool/nft', true],
      ['tool/conntrack', false],
    ])
    expect(problems[0]!.message).toBe('nft is missing: it is needed for Services. Install the package nftables.')
  })

  it('tells when nft refuses the rules', async () => {
    const old: Run = (argv, options) =>
      argv.includes('--check') ? Promise.reject(new ToolError(argv, 1, 'syntax error')) : run(argv, options)
    expect(await preflight(old)).toMatchObject([{ id: 'kernel/nftables', fatal: true }])
  })
})

describe('preflight() of a host that is to encrypt', () => {
  const backend = 'wireguard'
  /** The real tools, but for a kernel that has no WireGuard, and this program in its place. */
  const notInKernel =
    (program: string): Run =>
    argv =>
      argv[0] === 'unshare' || argv[0] === 'wireguard-go'
        ? Promise.reject(new ToolError(argv, argv[0] === program ? 0 : undefined, 'Unknown device type'))
        : run(argv)

  it('finds nothing wrong where WireGuard is in the kernel or a program', async () => {
    expect(await preflight(notInKernel('wireguard-go'), { backend })).toEqual([])
    const inKernel: Run = (argv, options) => (argv[0] === 'unshare' ? Promise.resolve('') : run(argv, options))
    expect(await preflight(inKernel, { backend })).toEqual([])
  })

  it('does not take it as a node without, and says what to install', async () => {
    expect(await preflight(without('wg'), { backend })).toEqual([
      {
        id: 'tool/wg',
        message:
          'This cluster has the traffic between nodes encrypted (its network backend is wireguard), and wg is missing on this host. Install the package wireguard-tools.',
        fatal: true,
      },
    ])
    const [problem] = await preflight(notInKernel(''), { backend })
    expect(problem).toMatchObject({ id: 'kernel/wireguard', fatal: true })
    expect(problem!.message).toContain(
      "this host's kernel has no WireGuard. Install a kernel with the module wireguard",
    )
    expect(await preflight(notInKernel(''))).toEqual([])
  })
})

describe('preflight() of a host whose networks overlap the cluster’s', () => {
  let lab: Lab
  let host: Host
  let agent: Agent
  beforeAll(async () => {
    lab = new Lab()
    host = lab.host('node1', '192.168.85.1/24')
    agent = await host.agent(
      '10.244.1.0/24',
      {},
      {
        ipv6: {
          clusterCIDR: 'fd00:10:244::/48',
          serviceCIDR: 'fd00:10:96::/112',
          clusterDNS: 'fd00:10:96::a',
          podCIDR: 'fd00:10:244:1::/64',
        },
      },
    )
  })
  afterAll(() => lab.end())
  const found = async () =>
    ((await agent.call({ do: 'preflight' })) as { id: string; message: string }[]).map(({ message }) => message)

  it('takes no offence at its own routes', async () => {
    expect(await found()).toEqual([])
  })

  it('names the range, what is in its way and how that is reached', async () => {
    host.run('ip', 'route', 'add', '10.244.128.0/17', 'via', '192.168.85.7')
    host.run('ip', 'link', 'add', 'vpn0', 'type', 'bridge')
    host.run('ip', 'address', 'add', '10.96.3.1/24', 'dev', 'vpn0')
    host.run('ip', 'link', 'set', 'vpn0', 'up')
    host.run('ip', 'address', 'add', 'fd00:10:244:77::1/64', 'dev', 'vpn0', 'nodad')
    // Fences around all that is not used stand in nobody's way; one within the range does.
    host.run('ip', '-6', 'route', 'add', 'unreachable', 'fd00::/8')
    host.run('ip', 'route', 'add', 'blackhole', '10.0.0.0/8')
    host.run('ip', 'route', 'add', 'blackhole', '10.96.128.0/24')
    const messages = await found()
    expect(messages.find(text => text.includes('fd00:'))).toContain('for pods, fd00:10:244::/48, overlaps fd00:10:244:77::/64, which this host reaches through vpn0') // prettier-ignore
    expect(messages.find(text => text.includes('for pods'))).toBe(
      "The cluster's range for pods, 10.244.0.0/16, overlaps 10.244.128.0/17, which this host reaches through 192.168.85.7 on eth0. Take that route or network away from this host, or give the cluster another range.",
    )
    expect(messages.find(text => text.includes('10.96.3.0'))).toContain('10.96.0.0/16, overlaps 10.96.3.0/24, which this host reaches through vpn0') // prettier-ignore
    expect(messages.filter(text => text.includes('10.96.128.0/24'))).toHaveLength(1)
    expect(messages).toHaveLength(4)
  })
})

describe('untilFit()', () => {
  it('tells what keeps a host from being a node, and goes on as soon as it is mended', async () => {
    const clock = new ManualClock()
    const told: (readonly string[])[] = []
    let problems = [
      { id: 'tool/nft', message: 'Install nftables.', fatal: true },
      { id: 'tool/conntrack', message: 'Install conntrack.', fatal: false },
    ]
    const { signal } = new AbortController()
    const check = () => Promise.resolve(problems)
    const fit = untilFit({ check, tell: messages => told.push(messages), clock, log: silentLog, signal })
    await eventually(() => told.length === 1)
    problems = problems.slice(1)
    await clock.advance(10_000)
    await fit
    expect(told).toEqual([['Install nftables.'], []])
  })
})

describe('run()', () => {
  it('passes arguments as they are, whatever a shell would make of them', async () => {
    expect(await run(['printf', '%s', '$(id); `id` "\'\n'])).toBe('$(id); `id` "\'\n')
  })

  it('says which command failed, how, and what it printed', async () => {
    await expect(run(['sh', '-c', 'echo no >&2; exit 3'])).rejects.toMatchObject({ exitCode: 3, stderr: 'no\n' })
    await expect(run(['flotilla-no-such-tool'])).rejects.toMatchObject({ name: 'ToolError', exitCode: undefined })
  })

  it('ends a tool that hangs', async () => {
    await expect(run(['sleep', '60'], { timeoutMs: 50 })).rejects.toBeInstanceOf(ToolError)
  })
})
