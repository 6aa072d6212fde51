// `flotilla node join-command` on a real host that nobody can SSH into from here, but that reaches the API server.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster, type Ran, cli, until } from '../e2e/support/cluster.ts'
import { busyboxImage } from '../support/images.ts'
import { HostLab, type LabHost } from './lab/lab.ts'
import { Sleeper } from './support/asleep.ts'

let lab: HostLab
let host: LabHost
let cluster: Cluster
let before: string
let line: string
const sleeper = new Sleeper()

beforeAll(async () => {
  lab = await HostLab.start()
  host = await lab.host('joiner', { docker: true })
  host.sh('systemctl stop ssh.socket ssh 2>/dev/null; true')
  before = host.picture()
  const flags = ['--no-local-node', '--listen', '0.0.0.0:0']
  cluster = await Cluster.start(flags, undefined, ['env', sleeper.environment])
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
  sleeper[Symbol.dispose]()
})

const node = (...args: string[]): Promise<Ran> => cli('node', ...args, '--data-dir', cluster.dataDir)
/** Runs a line as somebody who types it would. @returns what they see, and whether it went well */
const type = (text: string): string => host.sh(`( ${text} ) 2>&1 && echo DONE || echo FAILED`)
/** The line for the address under which the host sees this machine. */
const forHost = (text: string): string => text.replace(/https:\/\/[^/]+/, `https://${gateway()}:${new URL(cluster.url).port}`) // prettier-ignore
const gateway = (): string => host.ip.replace(/\d+$/, '1')
const isReady = async (): Promise<boolean> => /^joiner +Ready/m.test(await cluster.kubectl('get', 'nodes'))

/** Waits for a word of the agent's. @param since seconds since the epoch, of the host's clock */
const agentSays = (what: RegExp, since: string) =>
  until(`the agent says ${what}`, () =>
    Promise.resolve(what.test(host.sh(`journalctl -u flotilla-agent --since @${since} --no-pager -o cat`))),
  )

test('the line names its script by hash, and a token of which only a hash is stored', async () => {
  const { code, stdout, stderr } = await node('join-command')
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('good for one host') as string })
  line = forHost(stdout.trim())
  expect(line).toMatch(/^f=\$\(mktemp\) && curl -fsSk https:\S+ -o "\$f" && echo "[0-9a-f]{64} {2}\$f" \| sha256sum -c/)
  const secret = /echo \w{6}\.(\w{16}) \|/.exec(line)?.[1] ?? ''
  expect(secret).not.toBe('')
  const stored = await cluster.kubectl('get', 'secrets', '-n', 'kube-system', '-o', 'json')
  expect(stored).toContain('token-secret-sha256')
  expect(stored).not.toContain(Buffer.from(secret).toString('base64'))
})

test('a host that cannot reach the API server says so, and nothing is changed', () => {
  expect(type(line)).toMatch(/Failed to connect|Connection refused|Couldn't connect/)
  expect(host.picture()).toBe(before)
})

test('a script that is not the one of the line is not run', () => {
  lab.letIn(host)
  expect(type(line.replace(/"[0-9a-f]{64} /, `"${'0'.repeat(64)} `))).toMatch(/FAILED/)
  expect(host.picture()).toBe(before)
})

test('the line makes the host a Ready node', async () => {
  const output = type(line)
  expect(output).toMatch(/this host is the node joiner, and Ready.*\nDONE$/)
  expect(await isReady()).toBe(true)
  expect(host.sh('ls /etc/flotilla; stat -c %a /etc/flotilla/config.json')).toBe('ca.crt\nconfig.json\n600')
  expect(host.sh("docker info --format '{{.LiveRestoreEnabled}}'")).toBe('true')
  expect((await node('list')).stdout).toMatch(/^- +not over SSH +- +joiner +Ready$/m)
})

test('another machine of the same name is refused before anything is changed on it, and told what to do', async () => {
  // That of the machine that is the node tells its own again and again.
  host.sh('systemctl stop flotilla-agent; cp -p /etc/machine-id /root/machine-id')
  const there = host.picture()
  host.sh('echo 0123456789abcdef0123456789abcdef > /etc/machine-id')
  const { stdout } = await node('join-command')
  const said = type(forHost(stdout.trim()))
  host.sh('cat /root/machine-id > /etc/machine-id')
  expect(said).toMatch(
    /another machine is already the node joiner; .*hostnamectl set-hostname .*remove joiner --forget\nFAILED$/,
  )
  expect(host.picture()).toBe(there)
  host.sh('rm /root/machine-id')
})

test('with a token that is not good any more nothing is changed', () => {
  const there = host.picture()
  host.sh('mv /var/lib/flotilla/identity /run/identity')
  const said = type(line.replace(/echo \w{6}\.\w{16} \|/, 'echo abcdef.0123456789abcdef |'))
  host.sh('mv /run/identity /var/lib/flotilla/identity')
  expect(said).toMatch(/the token is not good any more; make a new line: flotilla node join-command\nFAILED$/)
  expect(host.picture()).toBe(there)
})

test('a host that has lost its certificate is the node that it was with another line', async () => {
  host.sh('rm -r /var/lib/flotilla/identity')
  const { stdout } = await node('join-command')
  expect(type(forHost(stdout.trim()))).toMatch(/this host is the node joiner, and Ready.*\nDONE$/)
  expect(host.sh('ls /var/lib/flotilla/identity')).toBe('node.crt\nnode.key')
})

test('after eight hours of sleep of the control plane it is Ready within a minute, and its pod is the same', async () => {
  const image = busyboxImage()
  execFileSync('sh', ['-c', 'docker save "$0" | docker exec -i "$1" docker load', image, host.container])
  await cluster.kubectl('run', 'lasting', `--image=${image}`, '--', 'sleep', '100000')
  const runs = () => cluster.kubectl('get', 'pod', 'lasting', '-o', 'jsonpath={.status.containerStatuses[0].ready}')
  await until('its pod runs', async () => (await runs()) === 'true', 150_000)
  const pod = () => cluster.kubectl('get', 'pod', 'lasting', '-o', 'jsonpath={.metadata.uid} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}') // prettier-ignore
  const beat = () => cluster.kubectl('get', 'lease', '-n', 'kube-node-lease', 'joiner', '-o', 'jsonpath={.spec.renewTime}') // prettier-ignore
  const [before, heard, since] = [await pod(), await beat(), host.sh('date +%s')]
  const awake = await sleeper.sleep(cluster, 8, () => agentSays(/"connected":false/, since))
  await until('the node is heard of', async () => (await isReady()) && (await beat()) !== heard)
  expect(Date.now() - awake).toBeLessThan(60_000)
  expect(await pod()).toBe(before)
  expect(await cluster.kubectl('get', 'node', 'joiner', '-o', 'jsonpath={.spec.taints}')).toBe('')
  await cluster.kubectl('delete', 'pod', 'lasting', '--now')
})

test('the same line on another machine gives nothing', async () => {
  host.sh(
    'mv /var/lib/flotilla/identity /var/lib/flotilla/other; hostnamectl set-hostname thief 2>/dev/null || hostname thief',
  )
  expect(type(line)).toMatch(/(the token is not good any more; make a new line|another one has used it).*\nFAILED$/s)
  expect(await cluster.kubectl('get', 'nodes', '-o', 'name')).toBe('node/joiner\n')
  host.sh('rm -rf /var/lib/flotilla/identity; mv /var/lib/flotilla/other /var/lib/flotilla/identity; hostname joiner')
})

test('another line is a repair: the host is the node that it was', async () => {
  const { stdout } = await node('join-command')
  expect(type(forHost(stdout.trim()))).toMatch(/this host is the node joiner, and Ready.*\nDONE$/)
  expect(await cluster.kubectl('get', 'nodes', '-o', 'name')).toBe('node/joiner\n')
})

test('a node that is forgotten is refused, and cleans itself up by hand', async () => {
  const since = host.sh('date +%s')
  expect((await node('remove', 'joiner', '--forget', '--yes')).stdout).toContain('joiner is forgotten')
  await agentSays(/Unauthorized|\b401\b/, since)
  expect(await cluster.kubectl('get', 'nodes', '-o', 'name')).toBe('')
  host.sh('/opt/flotilla/bin/remove')
  host.sh('docker image prune -af >/dev/null')
  expect(host.picture()).toBe(before)
})
