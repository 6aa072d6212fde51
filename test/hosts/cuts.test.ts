// The connection is cut while each command of each step is at work, one after the other, as the product lists them: each
// time that is told with what to do next, and doing that comes to the same as if nothing had been cut.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stepsFor } from '../../src/main/provisioning/steps/actions.ts'
import type { ContextWithoutProgress, Step } from '../../src/main/provisioning/steps/contract.ts'
import { startDocker } from '../../src/main/provisioning/steps/install-packages.ts'
import { UNDOINGS } from '../../src/main/provisioning/steps/undo.ts'
import { Node, Secret } from '../../src/shared/api/core/v1.ts'
import { Host, type HostOperationSpec, type HostOperationStatus } from '../../src/shared/api/flotilla/v1.ts'
import { BOOTSTRAP_TOKEN_TYPE } from '../../src/shared/machinery/bootstrap-token.ts'
import { eventually } from '../support/eventually.ts'
import { HostLab, type LabHost } from './lab/lab.ts'
import { HostsControlPlane } from './support/control-plane.ts'
import { Cuts, Line } from './support/cuts.ts'
import { HostClock } from './support/host-clock.ts'

let lab: HostLab
let host: LabHost
let plane: HostsControlPlane
let line: Line
let cuts: Cuts
let clock: HostClock
let before: string
/** Of a join that was cut off everywhere. */
let joined: string

/** Of listeners that only ever become more. */
const warnings: string[] = []
const onWarning = ({ name, message }: Error) => name === 'MaxListenersExceededWarning' && warnings.push(message)

const stepsOf = (action: string) => stepsFor({ operation: { spec: { action } } } as ContextWithoutProgress)
const namesOf = (steps: readonly Step[]) => steps.map(({ name }) => name)

/** A package that the host lacks, and a source of packages that has it. */
const LACK_CONNTRACK = `
set -e
mkdir -p /srv/packages/conntrack/DEBIAN /srv/packages/conntrack/usr/sbin
cd /srv/packages
cp /usr/sbin/conntrack conntrack/usr/sbin/
dpkg-query -W -f 'Package: conntrack\\nVersion: \${Version}\\nArchitecture: \${Architecture}\\nMaintainer: lab\\nDescription: conntrack\\n' conntrack > conntrack/DEBIAN/control
dpkg-deb --build conntrack conntrack.deb
{ cat conntrack/DEBIAN/control; echo Filename: conntrack.deb; echo Size: $(stat -c %s conntrack.deb); echo SHA256: $(sha256sum conntrack.deb | cut -d' ' -f1); } > Packages
echo 'deb [trusted=yes] file:/srv/packages ./' > /etc/apt/sources.list
dpkg --purge conntrack
`

beforeAll(async () => {
  process.on('warning', onWarning)
  lab = await HostLab.start()
  host = await lab.host('box', { docker: true })
  // Docker is there, and has never run as far as the host can tell.
  host.sh('systemctl disable --now docker.socket docker containerd; ip link delete docker0; nft flush ruleset')
  host.sh(LACK_CONNTRACK)
  clock = new HostClock(host)
  clock.says(-3_600, 'no')
  plane = await HostsControlPlane.start(lab, [host])
  line = await Line.to(host.ip)
  cuts = new Cuts(line, (await Promise.all(['Join', 'Remove', 'Upgrade', 'Restart'].map(stepsOf))).flat())
  await addBox()
  before = picture()
})
afterAll(async () => {
  process.off('warning', onWarning)
  cuts?.[Symbol.dispose]()
  await plane?.[Symbol.asyncDispose]()
  line?.[Symbol.dispose]()
  await lab?.[Symbol.asyncDispose]()
})

async function addBox(): Promise<void> {
  const { client } = plane.cluster
  const endpoint = `127.0.0.1:${line.port}`
  await client.create(Host, { metadata: { name: 'box' }, spec: { address: `root@${endpoint}` } })
  const hostKeys = [{ endpoint, fingerprint: host.hostKey() }]
  await client.patch(Host, { name: 'box' }, { status: { hostKeys } }, { type: 'merge', subresource: 'status' })
}

/** With what is noted there for the day it is left, and who is let in. */
const picture = () =>
  host.picture() + host.sh('cd /var/lib/flotilla/before 2>/dev/null && grep -r . . | sort; cat /root/.ssh/authorized_keys') // prettier-ignore

/** Of a node: without what its agent writes as it goes, and which of the cluster's ranges it was given. */
const pictureOfNode = () =>
  picture()
    .replace(/^.* \/var\/lib\/flotilla\/(agent|compile-cache)\/.*\n/gm, '')
    .replace(/\b10\.244\.\d+\.0\b/g, '10.244.x.0')

const ACTIONS: Readonly<Record<string, string>> = { repair: 'Repair', remove: 'Remove', upgrade: 'Upgrade', restart: 'Restart', undo: 'Undo' } // prettier-ignore

/** Does what it is told to do next, until there is nothing left that could be cut off. @returns how it ended then */
async function insist(action: string, spec: Partial<HostOperationSpec> = {}): Promise<HostOperationStatus> {
  let status: HostOperationStatus = {}
  const isCut = await cuts.during(async () => (status = await plane.operate('box', action, undefined, spec)))
  if (!isCut) return status
  expect(status).toMatchObject({ phase: 'Failed', reason: 'ConnectionLost' })
  const next = /; what was done stays done, and it goes on with: flotilla node (\w+) box(?: --step ([\w-]+))?$/
  const [, verb = '', step] = next.exec(status.message ?? '') ?? []
  return insist(ACTIONS[verb] ?? `nothing told: ${status.message}`, step === undefined ? {} : { step })
}

/** That they were cut reaches the host only now: what waits for more of its input there does no harm. */
async function tellHost(): Promise<void> {
  const runs = () => host.sh('systemctl show -p MainPID -p NRestarts flotilla-agent')
  const was = runs()
  line.tellHost()
  await eventually(() => Number(host.sh("pgrep -fc '^sshd: root@' || true")) === line.open, 30_000)
  expect(runs()).toBe(was)
}

const tokens = async () =>
  (await plane.cluster.client.list(Secret, { namespace: 'kube-system' })).items.filter(
    ({ type }) => type === BOOTSTRAP_TOKEN_TYPE,
  )
const nodes = async () => (await plane.cluster.client.list(Node)).items.map(({ metadata }) => metadata.name)

test('a join ends with a Ready node', async () => {
  const message = expect.stringMatching(/^box is the node box(; nothing had to be done)?$/) as string
  expect(await insist('Join')).toMatchObject({ phase: 'Succeeded', message })
  await tellHost()
  expect([await plane.isNodeReady('box'), await nodes(), await tokens()]).toEqual([true, ['box'], []])
  joined = pictureOfNode()
  expect(namesOf(await stepsOf('Join')).filter(name => !cuts.steps.has(name))).toEqual([])
})

test('a removal leaves the host as it was before', async () => {
  expect(await insist('Remove')).toMatchObject({ phase: 'Succeeded' })
  await tellHost()
  expect(picture()).toBe(before)
  expect([await nodes(), (await plane.cluster.client.list(Host)).items]).toEqual([[], []])
  expect(namesOf(await stepsOf('Remove')).filter(name => !cuts.steps.has(name))).toEqual([])
})

test('a join that nothing cuts off leaves the host as those did that were', async () => {
  clock.says(-3_600, 'no')
  await addBox()
  expect(await plane.operate('box', 'Join')).toMatchObject({ phase: 'Succeeded' })
  expect(pictureOfNode()).toBe(joined)
})

test('an upgrade and a restart end with the new agent and a Ready node', async () => {
  const agent = () => host.sh('readlink /opt/flotilla/bin/agent.cjs')
  const was = agent()
  const built = readFileSync(new URL('../../out/agent/agent.cjs', import.meta.url), 'utf8')
  await plane.stopProvisioning()
  await plane.startProvisioning(plane.agentWith('newer', `${built}\n// newer`))
  expect(await insist('Upgrade')).toMatchObject({ phase: 'Succeeded' })
  expect(await insist('Restart')).toMatchObject({ phase: 'Succeeded' })
  await tellHost()
  expect(agent()).not.toBe(was)
  const kept = [was, agent()].map(path => path.split('/').at(-2)).sort()
  expect(host.sh('cd /opt/flotilla; ls -A agent; ls -A runtime | wc -l; ls /var/lib/flotilla').split('\n')).toEqual([
    ...kept,
    '1',
    ...host
      .sh('ls /var/lib/flotilla')
      .split('\n')
      .filter(name => name !== 'upgrade'),
  ])
  await eventually(() => plane.isNodeReady('box'), 30_000)
  for (const action of ['Upgrade', 'Restart'])
    expect(namesOf(await stepsOf(action)).filter(name => !cuts.steps.has(name))).toEqual([])
})

test('undone step by step, one each time, the host is as it was before', async () => {
  cuts.watch(UNDOINGS.flatMap(({ by }) => by))
  const atDocker = UNDOINGS.findIndex(({ step }) => step === startDocker)
  for (const at of UNDOINGS.keys()) {
    if (at === atDocker) expect(host.sh('systemctl is-active docker')).toBe('active')
    expect(await insist('Undo')).toMatchObject({ phase: 'Succeeded' })
  }
  await tellHost()
  expect(picture()).toBe(before)
  expect([await nodes(), (await plane.host('box')).status.nodeName]).toEqual([[], undefined])
  expect(namesOf(UNDOINGS.flatMap(({ by }) => by)).filter(name => !cuts.steps.has(name))).toEqual([])
})

test('nothing of a connection that was cut off is kept', () => expect(warnings).toEqual([]))
