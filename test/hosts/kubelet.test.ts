// Pods on a host with systemd, logind and a Docker of its own, configured by somebody before us: they outlive Docker's
// restarts and faults, and come back with the host.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Node, Pod, type PodSpec } from '../../src/shared/api/core/v1.ts'
import { HostOperation } from '../../src/shared/api/flotilla/v1.ts'
import { conditionOf, isConditionTrue } from '../../src/shared/machinery/conditions.ts'
import { eventually } from '../support/eventually.ts'
import { busyboxImage } from '../support/images.ts'
import { HostLab, type LabHost } from './lab/lab.ts'
import { HostsControlPlane } from './support/control-plane.ts'

const FILE = '/etc/docker/daemon.json'
const CONFIGURED = '{\n    "exec-opts": ["native.cgroupdriver=systemd"],\n    "max-concurrent-downloads": 5\n}\n'
const namespace = 'default'
/** Of killing both; `npm run torture -- kubelet` does it more often. */
const ROUNDS = 2
let lab: HostLab
let host: LabHost
let plane: HostsControlPlane
const image = busyboxImage()

beforeAll(async () => {
  lab = await HostLab.start()
  host = await lab.host('box', { docker: true })
  host.sh('systemctl unmask systemd-logind && systemctl start systemd-logind')
  host.write(FILE, CONFIGURED)
  host.sh('systemctl restart docker')
  const archive = execFileSync('docker', ['save', image], { maxBuffer: 64 << 20 })
  execFileSync('docker', ['exec', '--interactive', host.container, 'docker', 'load', '--quiet'], { input: archive })
  plane = await HostsControlPlane.start(lab, [host])
  await plane.addHost(host)
})
afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
})

const client = () => plane.cluster.client
const run = (name: string, spec: Partial<PodSpec> = {}) =>
  client().create(Pod, {
    metadata: { name, namespace },
    spec: {
      nodeName: 'box',
      automountServiceAccountToken: false,
      containers: [{ name: 'main', image, command: ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'] }],
      ...spec,
    },
  })
const get = (name: string) => client().get(Pod, { namespace, name })
const isReady = async (name: string) => isConditionTrue((await get(name)).status.conditions, 'Ready')
const condition = async (type: string) =>
  conditionOf((await client().get(Node, { name: 'box' })).status.conditions, type)
/** What runs of a pod, by id. */
const containersOf = (name: string): string =>
  host.sh(`docker ps -q --no-trunc --filter label=io.kubernetes.pod.name=${name} | sort`)

test('joining has Docker keep containers over its restarts, by a key in the configuration that is there', async () => {
  const operation = await plane.operate('box', 'Join')
  expect(operation.phase, operation.message).toBe('Succeeded')
  const { items } = await client().list(HostOperation)
  expect(JSON.stringify(items)).toContain(`set live-restore in ${FILE}`)
  expect(JSON.parse(host.sh(`cat ${FILE}`))).toEqual({ ...JSON.parse(CONFIGURED), 'live-restore': true })
  await eventually(async () => (await condition('LiveRestore'))?.status === 'True', 60_000)
  expect((await plane.operate('box', 'Repair')).bytesSent ?? 0).toBe(0)
})

test('a pod gets a slice of its own from systemd, with the limits of the pod as a whole', async () => {
  await run('limited', { resources: { limits: { memory: '64Mi', cpu: '500m' } } })
  await eventually(() => isReady('limited'), 60_000)
  const { uid } = (await get('limited')).metadata
  const slice = `flotilla-pod${uid.replaceAll('-', '_')}.slice`
  expect(host.sh(`systemctl show ${slice} -p MemoryMax -p CPUQuotaPerSecUSec`).split('\n').sort()).toEqual([
    'CPUQuotaPerSecUSec=500ms',
    `MemoryMax=${64 * 1024 ** 2}`,
  ])
  await client().delete(Pod, { namespace, name: 'limited' })
  await eventually(
    () =>
      host.sh(`systemctl list-units --no-legend ${slice}; ls /run/systemd/system.control | grep ${slice} || true`) ===
      '',
    60_000,
  )
})

test('agent and Docker killed in turn restart, double and lose nothing', async () => {
  await run('steady')
  await eventually(() => isReady('steady'), 60_000)
  const before = containersOf('steady')
  expect(before.split('\n')).toHaveLength(2)
  for (let round = 0; round < ROUNDS; round++) {
    host.sh('kill -9 $(systemctl show -p MainPID --value flotilla-agent)')
    host.sh(
      'kill -9 $(systemctl show -p MainPID --value docker); systemctl reset-failed docker; systemctl start docker',
    )
    await run(`meanwhile-${round}`)
    await eventually(() => isReady(`meanwhile-${round}`), 120_000)
  }
  expect(containersOf('steady')).toBe(before)
  expect((await get('steady')).status.containerStatuses?.[0]?.restartCount).toBe(0)
  for (let round = 0; round < ROUNDS; round++) {
    expect(containersOf(`meanwhile-${round}`).split('\n')).toHaveLength(2)
    await client().delete(Pod, { namespace, name: `meanwhile-${round}` })
  }
  await eventually(() => host.sh('docker ps -aq').split('\n').length === 2, 60_000)
})

test('when a VPN takes over the way to the host, and when it goes, the link is back, and pods do not notice', async () => {
  await run('remote')
  await eventually(() => isReady('remote'), 60_000)
  const before = containersOf('remote')
  const away = async () => (await plane.host('box')).status.away?.at(-1)
  const isBack = async () => {
    await plane.until('box', 'Ready', 60_000)
    // Larger than any packet.
    await eventually(() => client().raw('GET', '/api/v1/nodes/box/proxy/metrics'), 60_000)
  }
  const turnOff = lab.vpn(host)
  try {
    await plane.until('box', 'Away', 60_000)
    await isBack()
    expect((await away())?.reason).toContain('it has said nothing for 30 s')
  } finally {
    turnOff()
  }
  await eventually(async () => expect((await away())?.reason).toBe('this machine no longer has the address 10.199.0.1'), 20_000) // prettier-ignore
  await isBack()
  expect(containersOf('remote')).toBe(before)
  const { status } = await get('remote')
  expect([status.containerStatuses?.[0]?.restartCount, isConditionTrue(status.conditions, 'Ready')]).toEqual([0, true])
  await client().delete(Pod, { namespace, name: 'remote' })
  await eventually(() => containersOf('remote') === '', 60_000)
})

test('a host that is shut down waits for its pods, and tells what became of them', async () => {
  const script = 'trap "sleep 1; date > /seen/ended; exit 0" TERM; sleep 100000 & wait'
  await run('polite', {
    volumes: [{ name: 'seen', hostPath: { path: '/var/seen' } }],
    containers: [
      { name: 'main', image, command: ['sh', '-c', script], volumeMounts: [{ name: 'seen', mountPath: '/seen' }] },
    ],
  })
  await eventually(() => isReady('polite'), 60_000)
  expect(host.sh('systemd-inhibit --list --no-pager')).toContain('flotilla')
  host.sh('systemctl reboot')
  await eventually(async () => (await get('polite')).status.phase === 'Failed', 60_000)
  expect((await get('polite')).status.reason).toBe('Terminated')
  await host.start()
  expect(host.sh('cat /var/seen/ended')).not.toBe('')
  await eventually(async () => (await condition('Ready'))?.status === 'True', 60_000)
})

test('with the control plane off, a reboot brings every pod back', async () => {
  await run('returns')
  await eventually(() => isReady('returns'), 60_000)
  await plane.stopProvisioning()
  host.sh('systemctl reboot')
  await host.start()
  await eventually(() => containersOf('returns').split('\n').filter(Boolean).length === 2, 60_000)
  expect(containersOf('polite')).toBe('')
  await plane.startProvisioning()
  await eventually(() => isReady('returns'), 60_000)
})

test('removing the host puts back what was configured, to the byte', async () => {
  const { phase, message } = await plane.operate('box', 'Remove')
  expect(phase, message).toBe('Succeeded')
  expect(`${host.sh(`cat ${FILE}`)}\n`).toBe(CONFIGURED)
  expect(host.sh("docker info --format '{{.LiveRestoreEnabled}}'")).toBe('false')
  expect(
    host.sh(
      "systemctl list-units --no-legend 'flotilla*'; ls -A /run/systemd/system.control /run/systemd/logind.conf.d",
    ),
  ).toBe('/run/systemd/logind.conf.d:\n\n/run/systemd/system.control:')
})
