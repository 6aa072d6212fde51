// The questions to the scheduler, as a user asks them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Cluster, cli, until } from '../e2e/support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-scheduling-'))
let cluster: Cluster
const node = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { allocatable: { cpu: '2', memory: '4Gi', pods: '110' } },
})
const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web, resources: {requests: {cpu: "1"}}}]
`
beforeAll(async () => {
  cluster = await Cluster.start(['--no-local-node'], join(folder, 'data'))
  for (const name of ['one', 'two']) {
    await cluster.apply(JSON.stringify(node(name)))
    const ready = { conditions: [{ type: 'Ready', status: 'True' }], ...node(name).status }
    const patch = JSON.stringify({ status: ready })
    await cluster.kubectl('patch', 'node', name, '--subresource=status', '--type=merge', '-p', patch)
  }
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})
const flotilla = (...args: string[]) => cli(...args, '--data-dir', cluster.dataDir)

it('what-if apply tells where a manifest would land, and stores nothing', async () => {
  const file = join(folder, 'web.yaml')
  writeFileSync(file, `${web}---\n${JSON.stringify(node('three'))}\n`)
  const { code, stdout } = await flotilla('what-if', 'apply', '-f', file, '-o', 'json')
  expect(code).toBe(0)
  const { pods, nodes } = JSON.parse(stdout) as { pods: { owner: object; change: string }[]; nodes: { name: string }[] }
  expect(pods.map(({ owner, change }) => [owner, change])).toEqual(
    Array.from({ length: 3 }, () => [{ kind: 'Deployment', name: 'web' }, 'Create']),
  )
  expect(nodes.map(({ name }) => name)).toContain('three')
  expect(await cluster.kubectl('get', 'deployments,nodes', '-o', 'name')).not.toMatch(/web|three/)
})

it('explain pod tells node by node what would help', async () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'big' } }
  const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '64' } } }]
  await cluster.apply(JSON.stringify({ ...pod, spec: { containers } }))
  const stdout = await until('the pod was tried', async () => {
    const ran = await flotilla('explain', 'pod/big')
    return ran.stdout.includes('tried') && ran.stdout
  })
  expect(stdout).toMatch(/^big waits since \S+Z, tried \d+ times$/m)
  expect(stdout).toMatch(/NodeResourcesFit: Insufficient cpu/)
  expect(stdout).toContain('→ request at most 2 cpu: the pod wants 64, more than the whole node has')
  const asJson = await flotilla('explain', 'pod/big', '-o', 'json')
  expect((JSON.parse(asJson.stdout) as { nodes: object[] }).nodes).toHaveLength(2)
})

it('what-if drain and scale tell it in one sentence and a line a pod', async () => {
  const drained = await flotilla('what-if', 'drain', 'one')
  expect(drained.code).toBe(0)
  expect(drained.stdout).toMatch(/^Nothing would move\.$/m)
  await cluster.apply(web)
  const placed = ['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}']
  await until('the pods are placed', async () => (await cluster.kubectl(...placed)).split(' ').length === 3)
  const scaled = await flotilla('what-if', 'scale', 'deployment/web', '--replicas', '0')
  expect(scaled.code).toBe(0)
  expect(scaled.stdout.match(/^ +Remove +default\/web-\S+ +(one|two) → removed$/gm)).toHaveLength(3)
})

it.each([
  [['explain', 'svc/x'], /"svc\/x" is not pod\/NAME/],
  [['what-if', 'scale', 'job/x', '--replicas', '1'], /"job\/x" is not KIND\/NAME/],
  [['what-if', 'scale', 'deployment/x', '--replicas', 'many'], /--replicas wants a number/],
])('%j exits 2 with one clear line', async (args, message) => {
  const { code, stderr } = await flotilla(...args)
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})
