// The control plane goes away for good, the clock jumps, the host reboots: what runs here goes on.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ConfigMap, type PodSpec, Secret } from '../../src/shared/api/core/v1.ts'
import { type Clock, systemClock } from '../../src/shared/machinery/clock.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from './support/node.ts'
import { TestNode } from './support/test-node.ts'

const DAY_MS = 86_400_000
/** Jumps a day ahead when it is told to. */
class JumpingClock implements Clock {
  ahead = 0
  now = () => systemClock.now() + this.ahead
  monotonic = () => systemClock.monotonic() + this.ahead
  after = (delayMs: number, run: () => void) => systemClock.after(delayMs, run)
}

const PODS = 4
const names = Array.from({ length: PODS }, (_, i) => `stays-${i}`)
const clock = new JumpingClock()
let node: TestNode
beforeAll(async () => {
  node = await TestNode.start()
  await node.stopAgent()
  await node.startAgent({}, clock)
  const metadata = { name: 'settings', namespace: 'default' }
  await node.client.create(ConfigMap, { metadata, data: { key: 'value' } })
  await node.client.create(Secret, { metadata, data: { key: Buffer.from('secret').toString('base64') } })
  const spec: Partial<PodSpec> = {
    serviceAccountName: 'default',
    volumes: [
      { name: 'files', emptyDir: {} },
      {
        name: 'token',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
            { configMap: { name: 'settings' } },
          ],
        },
      },
    ],
    containers: [
      {
        ...node.container('date >> /files/starts; trap exit TERM; sleep 100000 & wait'),
        env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'settings', key: 'key' } } }],
        volumeMounts: [
          { name: 'files', mountPath: '/files' },
          { name: 'token', mountPath: '/token' },
        ],
      },
    ],
  }
  for (const name of names) await node.run(name, spec)
  const fills = 'while [ ! -e /v/go ]; do sleep 0.2; done; head -c 3000000 /dev/zero > /v/big; sleep 100000'
  await node.run('goes', {
    volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
    containers: [{ ...node.container(fills), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
  })
  for (const name of [...names, 'goes']) await node.ready(name)
  await node.stopApi()
})
afterAll(() => node?.[Symbol.asyncDispose]())

/** The running app containers, by name: id. */
function containers(): Map<string, string> {
  const lines = node.containers('--no-trunc', '--filter', 'name=k8s_main_stays-', '--format', '{{.Names}} {{.ID}}')
  return new Map(lines.map(line => line.split(' ') as [string, string]))
}
const phases = () => Object.fromEntries(node.agent.kubelet.pods.map(pod => [pod.metadata.name, pod.status.phase]))
const expected = { ...Object.fromEntries(names.map(name => [name, 'Running'])), goes: 'Failed' }
const settled = () => eventually(() => expect(phases()).toEqual(expected))

it('a pod that is evicted when nobody can be told stays ended, also for an agent that starts again', async () => {
  const mine = () => node.containers('--filter', 'name=k8s_main_goes_default')
  docker('exec', ...mine(), 'touch', '/v/go')
  await eventually(() => phases()['goes'] === 'Failed', 20_000)
  await node.stopAgent()
  await node.startAgent({}, clock)
  await settled()
  expect(node.agent.kubelet.pod('default', 'goes')?.status).toMatchObject({
    reason: 'Evicted',
    message: 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ',
  })
  expect(mine()).toEqual([])
})

it('a day without the control plane restarts nothing that is healthy', async () => {
  const before = containers()
  expect(before.size).toBe(PODS)
  clock.ahead = DAY_MS
  // One refresh of volumes and one look at everything must have happened meanwhile.
  await node.stopAgent()
  await node.startAgent({}, clock)
  await settled()
  const marks = names
    .map(name => node.agent.kubelet.pod('default', name)!)
    .map(({ status }) => status.containerStatuses?.[0]?.restartCount)
  expect(marks).toEqual(names.map(() => 0))
  expect(containers()).toEqual(before)
})

it('a container that ends meanwhile is started again', async () => {
  const [name, id] = [...containers()].find(([found]) => found.includes('stays-0'))!
  docker('kill', id)
  await eventually(() => [...containers().keys()].some(found => found === name.replace(/_0$/, '_1')), 20_000)
})

it('after a reboot every pod is back within a minute, with its files, its secrets and its token', async () => {
  await node.stopAgent()
  docker('kill', ...node.containers())
  const startedAt = performance.now()
  await node.startAgent({}, clock)
  await eventually(() => containers().size === PODS, 60_000)
  expect(performance.now() - startedAt).toBeLessThan(60_000)
  for (const id of containers().values()) {
    expect(docker('exec', id, 'sh', '-c', 'wc -l < /files/starts; cat /token/key; echo $PASSWORD')).toMatch(
      /^[23]\nvaluesecret$/,
    )
    expect(docker('exec', id, 'cat', '/token/token')).toMatch(/^ey/)
  }
})
