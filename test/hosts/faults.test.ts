// What goes wrong on the way: connections cut and made again, sshd that forbids forwarding, hosts that freeze and reboot,
// a control plane that is away, agents that do not work.
import { readFileSync } from 'node:fs'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Host, HostOperation, type HostOperationStatus } from '../../src/shared/api/flotilla/v1.ts'
import { APT_INSTALL, START_DOCKER } from '../../src/main/provisioning/steps/install-packages.ts'
import { STOP_DOCKER } from '../../src/main/provisioning/steps/uninstall.ts'
import { eventually } from '../support/eventually.ts'
import { HostLab, type LabHost } from './lab/lab.ts'
import { HostsControlPlane } from './support/control-plane.ts'
import { HostClock } from './support/host-clock.ts'

let lab: HostLab
let host: LabHost
let plane: HostsControlPlane
let before: string
const BROKEN_RUNTIME = "#!/bin/sh\necho 'this runtime is broken' >&2\nexit 1\n"
const UNIT_FILE = '/etc/systemd/system/flotilla-agent.service'
const builtAgent = () => readFileSync(new URL('../../out/agent/agent.cjs', import.meta.url), 'utf8')

beforeAll(async () => {
  lab = await HostLab.start()
  host = await lab.host('box', { docker: true })
  // Docker is there, and has never run as far as the host can tell.
  host.sh('systemctl disable --now docker.socket docker containerd; ip link delete docker0; nft flush ruleset')
  plane = await HostsControlPlane.start(lab, [host])
  await plane.addHost(host)
  before = host.picture()
})
afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
})

test('rules that iptables made stay where Docker is started and stopped again, also when nft comes only in between', () => {
  host.sh(`iptables -A INPUT -i lo -j ACCEPT; iptables -P INPUT DROP; mv /usr/sbin/nft /usr/sbin/nft.away`)
  const rules = () => host.sh("iptables-save -t filter | sed 's/ \\[.*//; /^#/d'")
  const were = rules()
  host.sh(START_DOCKER)
  host.sh('mv /usr/sbin/nft.away /usr/sbin/nft')
  host.sh(STOP_DOCKER)
  expect(rules()).toBe(were)
  host.sh('rm -r /var/lib/flotilla; nft flush ruleset')
  expect(host.picture()).toBe(before)
})

test('an installation that went on after it was cut off may be the first to note what it brought', () => {
  host.write('/usr/local/bin/apt-get', '#!/bin/sh\nrm -f /var/lib/flotilla/before/packages\n')
  host.write('/root/install', APT_INSTALL)
  host.sh('chmod 755 /usr/local/bin/apt-get; echo conntrack | sh /root/install')
  host.sh('rm -r /var/lib/flotilla /usr/local/bin/apt-get /root/install')
  expect(host.picture()).toBe(before)
})

describe('joining', () => {
  test('whose connection is cut off again and again goes on over new ones by itself, and says so', async () => {
    await plane.stopProvisioning()
    await plane.startProvisioning(undefined, [100, 100, 100])
    expect(await plane.operate('box', 'Undo', undefined, { step: 'push-agent' })).toMatchObject({ phase: 'Succeeded' })
    const cuts: string[] = []
    const told = new Set<string | undefined>()
    const status = await plane.operate('box', 'Join', ({ steps, message }) => {
      told.add(message)
      const running = steps?.find(({ state }) => state === 'Running')?.name
      if (running === undefined || cuts.includes(running) || !['push-agent', 'start-agent'].includes(running)) return
      cuts.push(running)
      host.cutSsh()
    })
    expect(cuts).toEqual(['push-agent', 'start-agent'])
    expect(status).toMatchObject({ phase: 'Succeeded', message: 'box is the node box' })
    // What was done before the cut is still told.
    for (const name of ['push-agent', 'configure', 'start-agent'])
      expect(status.steps).toContainEqual(expect.objectContaining({ name, state: 'Succeeded' }))
    expect([...told].join()).toMatch(/the connection to root@\S+ ended.*; goes on over a new connection/)
    await plane.stopProvisioning()
    await plane.startProvisioning()
  })
  test('over a connection that cannot be made again fails with what was cut off', async () => {
    await plane.stopProvisioning()
    await plane.startProvisioning(undefined, [100, 100])
    expect(await plane.operate('box', 'Undo', undefined, { step: 'push-agent' })).toMatchObject({ phase: 'Succeeded' })
    let cut = false
    const status = await plane.operate('box', 'Join', ({ steps }) => {
      if (cut || steps?.find(({ name }) => name === 'push-agent')?.state !== 'Running') return
      cut = true
      host.refuseSsh(true)
    })
    host.refuseSsh(false)
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ConnectionLost' })
    await plane.stopProvisioning()
    await plane.startProvisioning()
  })
  const undo = (step?: string) => plane.operate('box', 'Undo', undefined, step === undefined ? {} : { step })
  const undone = ({ steps }: HostOperationStatus) => steps?.map(({ name, state }) => `${name} ${state}`)
  test('is undone step by step, each with what was built on it, until the host is as it was before', async () => {
    expect(await plane.operate('box', 'Join')).toMatchObject({ phase: 'Succeeded' })
    expect(await undo('dance')).toMatchObject({ phase: 'Failed', message: expect.stringContaining('authorize-key, sync-clock, install-packages, ') as string }) // prettier-ignore
    expect(undone(await undo('push-agent'))).toEqual(['start-agent Undone', 'configure Undone', 'push-agent Undone'])
    expect(host.sh('ls /opt/flotilla')).toBe('runtime')
    expect((await plane.host('box')).status).toMatchObject({ phase: 'Pending' })
    await expect(plane.isNodeReady('box')).rejects.toMatchObject({ code: 404 })
    const journal = (await plane.cluster.client.list(HostOperation)).items.filter(({ spec }) => spec.action === 'Join')
    expect(journal.flatMap(({ status }) => undone(status))).toContain('start-agent Undone')
    for (const step of ['live-restore', 'push-runtime', 'start-docker', 'authorize-key'])
      expect(undone(await undo())).toEqual([`${step} Undone`])
    expect(await undo()).toMatchObject({ phase: 'Succeeded', message: 'nothing of that is on box' })
    expect(await plane.operate('box', 'Upgrade')).toMatchObject({ phase: 'Failed', message: expect.stringMatching(/has no agent.* flotilla node repair box$/) as string }) // prettier-ignore
    expect(host.picture()).toBe(before)
  })
  test('ends with a Ready node', async () => {
    expect(await plane.operate('box', 'Join')).toMatchObject({ phase: 'Succeeded' })
    await eventually(() => plane.isNodeReady('box'), 30_000)
    await plane.kubelet('box')
  })
  test.each(['push-agent', 'start-agent'])(
    'that is called off in %s ends there, and goes on when it is asked again',
    async step => {
      const { client } = plane.cluster
      const callOff = async () => {
        const { items } = await client.list(HostOperation)
        const name = items.find(({ status }) => status.phase === 'Running')?.metadata.name ?? 'none'
        await client.patch(HostOperation, { name }, { spec: { cancelled: true } }, { type: 'merge' })
      }
      expect(await undo('push-agent')).toMatchObject({ phase: 'Succeeded' })
      let calling: Promise<void> | undefined
      const status = await plane.operate('box', 'Join', ({ steps }) => {
        if (steps?.find(({ name }) => name === step)?.state === 'Running') calling ??= callOff()
      })
      await calling
      expect(status).toMatchObject({
        phase: 'Cancelled',
        message: 'stopped as asked; run it again to go on, or remove the host',
      })
      expect(status.steps?.map(({ state }) => state)).toContain('Failed')
      expect(await plane.operate('box', 'Join')).toMatchObject({ phase: 'Succeeded', message: 'box is the node box' })
    },
  )
  test('twice at once is joining once', async () => {
    const both = await Promise.all([plane.operate('box', 'Join'), plane.operate('box', 'Join')])
    expect(both.map(({ message }) => message)).toEqual(Array(2).fill('box is the node box; nothing had to be done'))
  })
})

test('of many hosts five are worked on at a time', async () => {
  const { client } = plane.cluster
  const open = new Set<Socket>()
  let [most, isOver] = [0, false]
  const silent = createServer(socket => {
    if (isOver) return void socket.destroy()
    open.add(socket.on('error', () => undefined))
    socket.once('close', () => open.delete(socket))
    most = Math.max(most, open.size)
  })
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const names = Array.from({ length: 8 }, (_, i) => `silent-${i}`)
  for (const name of names) await client.create(Host, { metadata: { name }, spec: { address: `root@127.0.0.1:${port}` } }) // prettier-ignore
  const ended = Promise.all(names.map(name => plane.operate(name, 'Check')))
  await eventually(() => expect(open.size).toBe(5))
  isOver = true
  for (const socket of open) socket.destroy()
  expect((await ended).map(({ phase }) => phase)).toEqual(names.map(() => 'Failed'))
  expect(most).toBe(5)
  silent.close()
  for (const name of names) await client.delete(Host, { name })
})

test('an operation that is called off before its turn never begins', async () => {
  const { client } = plane.cluster
  const server = createServer(socket => socket.on('error', () => undefined))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = `root@127.0.0.1:${(server.address() as AddressInfo).port}`
  await client.create(Host, { metadata: { name: 'silent' }, spec: { address } })
  const begin = async (name: string) => {
    await client.create(HostOperation, { metadata: { name }, spec: { hostName: 'silent', action: 'Check' } })
  }
  const phase = async (name: string) => (await client.get(HostOperation, { name })).status.phase
  const callOff = (name: string) => client.patch(HostOperation, { name }, { spec: { cancelled: true } }, { type: 'merge' }) // prettier-ignore
  await begin('at-work')
  await eventually(async () => (await phase('at-work')) === 'Running')
  await begin('behind')
  await callOff('behind')
  await eventually(async () => (await phase('behind')) === 'Cancelled')
  expect(await phase('at-work')).toBe('Running')
  await callOff('at-work')
  await eventually(async () => (await phase('at-work')) === 'Cancelled')
  expect((await client.get(HostOperation, { name: 'behind' })).status.startTime).toBeUndefined()
  server.close()
  await client.delete(Host, { name: 'silent' })
})

test('a machine that is a host already is not joined under another name', async () => {
  await plane.addHost(host, 'twin')
  expect(await plane.operate('twin', 'Join')).toMatchObject({
    phase: 'Failed',
    reason: 'PreflightFailed',
    message: expect.stringContaining('The host box has the same machine-id') as string,
  })
  await plane.cluster.client.delete(Host, { name: 'twin' })
  await plane.kubelet('box')
})

describe('the link', () => {
  const relay = () => host.sh('pgrep -f "[a]gent.cjs --relay" || true')
  test('runs over a program on the host where sshd forbids forwarding', async () => {
    host.configureSshd('AllowTcpForwarding no\n')
    host.cutSsh()
    await eventually(() => relay() !== '', 60_000)
    await eventually(() => plane.kubelet('box'), 60_000)
    expect(await plane.operate('box', 'Restart')).toMatchObject({ phase: 'Succeeded' })
    await eventually(() => plane.kubelet('box'), 60_000)
    host.configureSshd('')
    host.cutSsh()
    await eventually(() => relay() === '', 60_000)
    await eventually(() => plane.kubelet('box'), 60_000)
  })
  test('finds a frozen host within 40 s, and the host when it is back', async () => {
    host.pause()
    const from = performance.now()
    try {
      await plane.until('box', 'Away', 45_000)
      expect(performance.now() - from).toBeLessThan(40_000)
    } finally {
      host.resume()
    }
    await plane.until('box', 'Ready')
    await eventually(() => plane.kubelet('box'), 60_000)
  })
  test('is made again within seconds when this machine has another address', async () => {
    const away = async () => (await plane.host('box')).status.away?.at(-1)
    const from = performance.now()
    lab.changeOwnAddress()
    await eventually(async () => expect((await away())?.reason).toMatch(/^this machine no longer has the address /), 20_000) // prettier-ignore
    await plane.until('box', 'Ready')
    await eventually(() => plane.kubelet('box'), 30_000)
    expect(performance.now() - from).toBeLessThan(25_000)
  })
  test('is back after the host was rebooted', async () => {
    await host.reboot()
    await eventually(() => plane.kubelet('box'), 90_000)
    await plane.until('box', 'Ready')
  })
  test('of a control plane that was away is back in no time; the interval is written down', async () => {
    await plane.stopProvisioning()
    expect((await plane.host('box')).status.away?.at(-1)).toMatchObject({ reason: 'the control plane stopped' })
    await plane.startProvisioning()
    await eventually(() => plane.kubelet('box'), 60_000)
    await eventually(async () => expect((await plane.host('box')).status.away?.at(-1)?.until).toBeDefined(), 60_000)
  })
})

describe('a clock that is far off', () => {
  let clock: HostClock
  const findings = async () => (await plane.host('box')).status.findings?.filter(({ id }) => id === 'system/clock')
  const planOf = ({ plan }: HostOperationStatus) => plan?.find(({ step }) => step === 'sync-clock')?.changes

  beforeAll(() => void (clock = new HostClock(host)))
  afterAll(() => clock?.[Symbol.dispose]())

  test('is told by a check, and set right by turning on the time service of the host, until that is undone', async () => {
    clock.says(-3_600, 'no')
    await plane.operate('box', 'Check')
    expect(await findings()).toMatchObject([{ severity: 'Info', what: expect.stringMatching(/ 3(599|600|601) s behind /) as string, fix: 'sync-clock' }]) // prettier-ignore
    const repaired = await plane.operate('box', 'Repair')
    expect(repaired.message).toBe('box is the node box')
    expect(planOf(repaired)?.[0]).toContain('turn on time synchronisation')
    expect([clock.ntp, clock.setTo]).toEqual(['yes', undefined])
    expect(await findings()).toEqual([])
    expect(await plane.operate('box', 'Undo', undefined, { step: 'sync-clock' })).toMatchObject({ phase: 'Succeeded' })
    expect(clock.ntp).toBe('no')
  })
  test('is set once where the time service that runs reaches no server', async () => {
    clock.says(3_600, 'yes')
    expect(planOf(await plane.operate('box', 'Repair'))).toEqual([
      expect.stringMatching(/^set the clock once, 3(599|600|601) s back, to this machine's$/),
    ])
    expect(Math.abs((clock.setTo ?? 0) - Date.now() / 1000)).toBeLessThan(30)
  })
})

test('how often an agent ended before is not held against one that is slow to start', async () => {
  const restarts = () => Number(host.sh('systemctl show -p NRestarts --value flotilla-agent'))
  const pauseBetween = (seconds: number) =>
    host.sh(`mkdir -p ${UNIT_FILE}.d; printf '[Service]\\nRestartSec=${seconds}\\n' > ${UNIT_FILE}.d/lab.conf; systemctl daemon-reload`) // prettier-ignore
  const runtime = host.sh('readlink /opt/flotilla/bin/node')
  pauseBetween(0.1)
  host.sh('ln -sfn /bin/false /opt/flotilla/bin/node; systemctl restart flotilla-agent')
  await eventually(() => restarts() >= 3, 20_000)
  // It is stopped between two starts, as one that keeps ending mostly is.
  pauseBetween(60)
  await eventually(() => host.sh('sleep 0.5; systemctl show -p SubState --value flotilla-agent') === 'auto-restart', 20_000) // prettier-ignore
  host.sh(`ln -sfn ${runtime} /opt/flotilla/bin/node`)
  expect(await plane.operate('box', 'Restart')).toMatchObject({ phase: 'Succeeded' })
  expect(restarts()).toBe(0)
  host.sh(`rm -r ${UNIT_FILE}.d; systemctl daemon-reload`)
})

describe('an upgrade', () => {
  /** What runs: agent, runtime, and whether the unit is that of an earlier version, as systemd has it. */
  const runs = () => [
    ...host.sh('cd /opt/flotilla/bin; readlink agent.cjs node').split('\n'),
    host.sh('systemctl show -p Description --value flotilla-agent; systemctl show -p NeedDaemonReload flotilla-agent'),
  ]
  const setEarlierUnit = () =>
    host.sh(`sed -i 's/^Description=.*/Description=An earlier one/' ${UNIT_FILE} && systemctl daemon-reload`)

  test('to an agent that works switches to it, with its unit, and sends nothing else', async () => {
    setEarlierUnit()
    const [agent, runtime] = runs()
    await plane.stopProvisioning()
    await plane.startProvisioning(plane.agentWith('newer', `${builtAgent()}\n// newer`))
    await plane.operate('box', 'Check')
    const stale = async () => (await plane.host('box')).status.findings?.filter(({ id }) => id === 'cluster/agent')
    expect(await stale()).toMatchObject([{ severity: 'Info', how: expect.stringContaining('flotilla node upgrade') as string }]) // prettier-ignore
    const status = await plane.operate('box', 'Upgrade')
    expect(status).toMatchObject({ phase: 'Succeeded' })
    expect(await stale()).toEqual([])
    expect(status.bytesSent).toBeLessThan(1_000_000)
    expect(runs()).toEqual([
      expect.not.stringMatching(agent!),
      runtime,
      expect.stringMatching(/^Flotilla agent.*=no$/s),
    ])
    await eventually(() => plane.isNodeReady('box'), 30_000)
  })
  test('that is cut off while the agent is switched can be asked for again; until then what ran before is kept', async () => {
    const { client } = plane.cluster
    setEarlierUnit()
    const before = runs()
    await plane.stopProvisioning()
    await plane.startProvisioning(plane.agentWith('broken', '// another one', BROKEN_RUNTIME))
    let cut: Promise<void> | undefined
    const status = await plane.operate('box', 'Upgrade', ({ steps }) => {
      if (steps?.find(({ name }) => name === 'switch-agent')?.state !== 'Running') return
      cut ??= eventually(() => runs()[0] !== before[0], 60_000).then(() => host.cutSsh())
    })
    await cut
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ConnectionLost' })
    expect((await client.list(HostOperation)).items.map(({ status: { reason } }) => reason)).not.toContain('HeldBack')
    expect(runs()).not.toEqual(before)
  })
  test('to an agent, runtime and unit that do not work goes back to those before, and hosts that wait behind keep theirs', async () => {
    const { client } = plane.cluster
    await client.create(Host, { metadata: { name: 'next' }, spec: { address: 'root@192.0.2.1' } })
    let queued: Promise<HostOperation> | undefined
    const status = await plane.operate('box', 'Upgrade', ({ phase }) => {
      if (phase !== 'Running') return
      const spec = { hostName: 'next', action: 'Upgrade', approved: true }
      queued ??= client.create(HostOperation, { metadata: { name: 'next-upgrade' }, spec })
    })
    expect(status).toMatchObject({ phase: 'Failed', message: expect.stringContaining('this runtime is broken') as string }) // prettier-ignore
    expect(runs()).toEqual([
      expect.stringContaining('agent/'),
      expect.stringContaining('runtime/'),
      expect.stringMatching(/^An earlier one.*=no$/s),
    ])
    expect(host.sh('ls /var/lib/flotilla')).not.toContain('upgrade')
    await eventually(async () =>
      expect((await client.get(HostOperation, { name: 'next-upgrade' })).status).toMatchObject({
        phase: 'Cancelled',
        message: expect.stringContaining('the new agent did not work on box') as string,
      }),
    )
    await client.delete(Host, { name: 'next' })
    await eventually(() => plane.isNodeReady('box'), 30_000)
    await plane.stopProvisioning()
    await plane.startProvisioning()
  }, 300_000)
})

test('a unit that is lost while the agent runs is found by a check, and written again by a repair', async () => {
  host.sh(`rm ${UNIT_FILE}`)
  const { plan } = await plane.operate('box', 'Repair')
  expect(plan?.map(({ step }) => step)).toContain('configure')
  expect(host.sh(`systemctl is-active flotilla-agent; systemctl is-enabled flotilla-agent; ls ${UNIT_FILE}`)).toBe(`active\nenabled\n${UNIT_FILE}`) // prettier-ignore
  await plane.until('box', 'Ready')
  const again = await plane.operate('box', 'Repair')
  expect([again.plan, again.message]).toEqual([[], 'box is the node box; nothing had to be done'])
})

test('a full disk is told before anything is sent', async () => {
  host.sh('mkdir -p /opt && mount -t tmpfs -o size=10m tmpfs /opt')
  try {
    const status = await plane.operate('box', 'Repair')
    expect(status).toMatchObject({ phase: 'Failed', reason: 'PreflightFailed' })
    expect(status.message).toContain('/opt has 0.0 GiB free')
    expect(status.bytesSent ?? 0).toBe(0)
  } finally {
    host.sh('umount /opt')
  }
})

test('a host that is gone can be forgotten, and cleaned by hand when it is back', async () => {
  host.pause()
  const { client } = plane.cluster
  const spec = { hostName: 'box', action: 'Remove', approved: true, force: true }
  await client.create(HostOperation, { metadata: { name: 'forget' }, spec })
  try {
    await eventually(
      async () => (await client.get(HostOperation, { name: 'forget' })).status.phase === 'Succeeded',
      60_000,
    )
  } finally {
    host.resume()
  }
  expect((await client.list(Host)).items).toEqual([])
  await expect(plane.isNodeReady('box')).rejects.toMatchObject({ code: 404 })
  // The version that is current by then does not work; one of those before it does.
  host.sh('mkdir -p /opt/flotilla/agent/bad && echo "process.exit(1)" > /opt/flotilla/agent/bad/agent.cjs')
  host.sh('ln -sfn ../agent/bad/agent.cjs /opt/flotilla/bin/agent.cjs')
  host.sh('cp /opt/flotilla/bin/remove /root/remove')
  // Nor does Docker run, which has the pods' containers.
  host.sh('systemctl stop docker.socket docker')
  expect(host.sh('/opt/flotilla/bin/remove')).toContain('removed links, routes and rules')
  expect(host.sh('ls -d /opt/flotilla /etc/flotilla /var/lib/flotilla /etc/systemd/system/flotilla-agent.service 2>/dev/null || true')).toBe('') // prettier-ignore
  // Also where no agent is left that could unmount, nothing is deleted through a mount.
  host.sh('mkdir -p /root/precious /var/lib/flotilla/pods/at && touch /root/precious/file && mount --bind /root/precious /var/lib/flotilla/pods/at') // prettier-ignore
  host.sh('sh /root/remove')
  expect(host.sh('ls /root/precious; ls -d /var/lib/flotilla 2>/dev/null || true')).toBe('file')
})
