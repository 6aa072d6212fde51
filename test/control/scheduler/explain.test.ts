import { afterAll, beforeAll, expect, test } from 'vitest'
import { Node, Pod } from '../../../src/shared/api/core/v1.ts'
import type { NodeExplanation } from '../../../src/shared/api/flotilla/scheduling-v1.ts'
import { isReason } from '../../../src/shared/machinery/status.ts'
import { type SchedulingCluster, startSchedulingCluster, until } from './support.ts'

let cluster: SchedulingCluster
beforeAll(async () => {
  cluster = await startSchedulingCluster()
  await cluster.addNode('a', { labels: { disk: 'ssd' } })
  await cluster.addNode('b')
  await cluster.addNode('small', { allocatable: { cpu: '100m' } })
  await cluster.addNode('cordoned', { spec: { unschedulable: true } })
  await cluster.addNode('tainted', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const named = (nodes: readonly NodeExplanation[], name: string) => nodes.find(node => node.name === name)!
const requests = (cpu: string) => ({ containers: [{ name: 'c', image: 'i:1', resources: { requests: { cpu } } }] })

test('tells of every node each verdict, and of those that fit each score, the best first', async () => {
  const { state, nodes, message } = await cluster.explain({ pod: { spec: requests('1') } })
  expect(state).toBe('Hypothetical')
  expect(message).toBeUndefined()
  expect(nodes.map(({ name, fits }) => [name, fits])).toEqual([
    ['a', true],
    ['b', true],
    ['cordoned', false],
    ['small', false],
    ['tainted', false],
  ])
  const [best] = nodes
  expect(best?.filters).toContainEqual({ plugin: 'NodeResourcesFit', verdict: 'Passed' })
  expect(best?.filters).toContainEqual({ plugin: 'NodePorts', verdict: 'Skipped' })
  const sum = best?.scores?.reduce((total, { score, weight }) => total + score * weight, 0)
  expect(sum).toBe(best?.total)
  expect(best?.scores?.find(({ plugin }) => plugin === 'TaintToleration')).toEqual({
    plugin: 'TaintToleration',
    score: 100,
    weight: 3,
  })
})

test('tells for each node that rejects what would help', async () => {
  const { nodes } = await cluster.explain({ pod: { spec: { ...requests('1'), nodeSelector: { disk: 'ssd' } } } })
  expect(named(nodes, 'b').remedies).toEqual([
    {
      plugin: 'NodeAffinity',
      action: 'LabelNode',
      text: 'label the node so that disk In ssd',
      requirements: [{ key: 'disk', operator: 'In', values: ['ssd'] }],
    },
  ])
  expect(named(nodes, 'small').remedies).toContainEqual({
    plugin: 'NodeResourcesFit',
    action: 'RequestLess',
    text: 'request at most 100m cpu: the pod wants 1, more than the whole node has',
    resources: [{ resource: 'cpu', requested: '1', free: '100m', allocatable: '100m' }],
  })
  expect(named(nodes, 'cordoned').remedies).toContainEqual({
    plugin: 'NodeUnschedulable',
    action: 'Uncordon',
    text: 'uncordon cordoned',
  })
  expect(named(nodes, 'tainted').remedies).toContainEqual({
    plugin: 'TaintToleration',
    action: 'Tolerate',
    text: 'let the pod tolerate the taint gpu=yes:NoSchedule, or take the taint away',
    toleration: { key: 'gpu', operator: 'Equal', value: 'yes', effect: 'NoSchedule' },
  })
})

test('what helps, helps: with the toleration, the label and less cpu every node fits', async () => {
  const { nodes: before } = await cluster.explain({ pod: { spec: requests('1') } })
  const tolerations = before.flatMap(({ remedies = [] }) => remedies.flatMap(({ toleration }) => toleration ?? []))
  const { nodes } = await cluster.explain({ pod: { spec: { ...requests('100m'), tolerations } } })
  expect(nodes.filter(({ fits }) => !fits).map(({ name }) => name)).toEqual(['cordoned'])
})

test('a waiting pod: how long, how often tried, by what rejected, and the words of its event', async () => {
  await cluster.addPod('huge', { requests: { cpu: '64' } })
  const status = await until(async () => {
    const answer = await cluster.explain({ podName: 'huge' })
    return answer.state === 'Unschedulable' && answer.lastDecision ? answer : false
  })
  expect(status.message).toBe(
    '0/5 nodes are available: 1 node(s) had untolerated taint {gpu: yes}, 1 node(s) were unschedulable, 3 Insufficient cpu.',
  )
  expect(status.lastDecision?.message).toContain(status.message)
  expect(status.waiting).toMatchObject({
    attempts: 1,
    rejectedBy: ['NodeResourcesFit', 'NodeUnschedulable', 'TaintToleration'],
  })
  await cluster.client.delete(Pod, { namespace: 'default', name: 'huge' })
})

test('a bound pod: where, and by which scores', async () => {
  await cluster.addPod('there', { requests: { cpu: '1' } })
  const nodeName = await cluster.bound('there')
  const { state, nodeName: told, lastDecision, nodes } = await cluster.explain({ podName: 'there' })
  expect({ state, told }).toEqual({ state: 'Bound', told: nodeName })
  const chosen = lastDecision?.scores?.find(({ node }) => node === nodeName)
  expect(lastDecision?.nodeName).toBe(nodeName)
  expect(chosen?.total).toBe(lastDecision?.scores?.[0]?.total)
  // Asked as if it had to be placed again: its own requests are not in its way.
  expect(named(nodes, nodeName).fits).toBe(true)
  await cluster.client.delete(Pod, { namespace: 'default', name: 'there' })
})

test('a gated pod is told by its gates, one of another scheduler is foreign', async () => {
  await cluster.addPod('gated', { spec: { schedulingGates: [{ name: 'example.com/g' }] } })
  await cluster.addPod('foreign', { spec: { schedulerName: 'other' } })
  const status = await until(async () => {
    const answer = await cluster.explain({ podName: 'gated' })
    return answer.state === 'Gated' ? answer : false
  })
  expect(status.refused).toEqual([
    {
      plugin: 'SchedulingGates',
      verdict: 'RejectedForGood',
      reasons: ['waiting for scheduling gates: [example.com/g]'],
    },
  ])
  expect((await cluster.explain({ podName: 'foreign' })).state).toBe('Foreign')
})

test('spread constraints, anti-affinity and ports name what is in the way', async () => {
  const away = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } }
  const spread = { ...away, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }
  const ports = [{ containerPort: 80, hostPort: 8080 }]
  const spec = { ...requests('100m'), nodeSelector: { 'kubernetes.io/hostname': 'a' } }
  await cluster.addPod('web', {
    labels: { app: 'web' },
    spec: { ...spec, containers: [{ name: 'c', image: 'i:1', ports }] },
  })
  await cluster.bound('web')
  const { nodes } = await cluster.explain({
    pod: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [{ name: 'c', image: 'i:1', ports }],
        topologySpreadConstraints: [spread],
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [away] } },
      },
    },
  })
  const pods = [{ namespace: 'default', name: 'web' }]
  expect(named(nodes, 'a').remedies).toEqual([
    { plugin: 'NodePorts', action: 'FreePort', text: 'host port 8080/TCP is held by default/web', pods },
    {
      plugin: 'PodTopologySpread',
      action: 'Other',
      text: 'kubernetes.io/hostname=a would have 2 of these pods while another domain has 0: at most 1 more are allowed',
    },
    {
      plugin: 'InterPodAffinity',
      action: 'MovePods',
      text: 'the pod and default/web must not be together: move them',
      pods,
    },
  ])
  await cluster.client.delete(Pod, { namespace: 'default', name: 'web' })
})

test('names the pods that would have to go for a more important one', async () => {
  await cluster.addNode('full', { labels: { only: 'full' }, allocatable: { cpu: '1' } })
  await cluster.addPod('low', { requests: { cpu: '1' }, spec: { nodeSelector: { only: 'full' } } })
  await cluster.bound('low')
  const { nodes } = await cluster.explain({
    pod: { spec: { ...requests('1'), priority: 100, nodeSelector: { only: 'full' } } },
  })
  expect(named(nodes, 'full')).toMatchObject({
    fits: false,
    preemption: { victims: [{ namespace: 'default', name: 'low' }], budgetsBroken: 0 },
    remedies: [{ action: 'FreeResources', resources: [{ resource: 'cpu', requested: '1', free: '0' }] }],
  })
  await cluster.client.delete(Node, { name: 'full' })
})

test('asks for exactly one pod, and for the rights to see pod and nodes', async () => {
  await expect(cluster.explain({})).rejects.toThrow('exactly one of podName and pod')
  const nobody = cluster.api.clientAs({ name: 'eve', groups: ['system:authenticated'] })
  const refused = await cluster.explain({ podName: 'gated' }, nobody).catch((error: unknown) => error)
  expect(isReason(refused, 'Forbidden')).toBe(true)
  expect((refused as Error).message).toContain('cannot list resource "nodes"')
  await expect(cluster.explain({ podName: 'nowhere' })).rejects.toThrow('pods "nowhere" not found')
})
