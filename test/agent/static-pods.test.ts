// Pods out of manifests on the node, and their mirrors in the API.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, test } from 'vitest'
import { podOfManifest } from '../../src/agent/kubelet/static/manifests.ts'
import { Pod } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from './support/node.ts'
import { TestNode, isReady, statusOf } from './support/test-node.ts'

let node: TestNode
let folder: string
let name: string
const namespace = 'default'
beforeAll(async () => {
  node = await TestNode.start()
  folder = join(node.folder.path, 'data', 'manifests')
  name = `web-${node.nodeName}`
  mkdirSync(folder, { recursive: true })
})
afterAll(() => node?.[Symbol.asyncDispose]())

const manifest = (script: string) => `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: ${node.image}
      imagePullPolicy: Never
      command: [sh, -c, '${script}; trap exit TERM; sleep 100000 & wait']
`
const running = () => docker('ps', '-q', '--filter', `name=k8s_main_${name}`).split('\n').filter(Boolean)
const mirror = async () =>
  (await node.client.list(Pod, { namespace })).items.find(({ metadata }) => metadata.name === name)

test('a manifest that is no pod is told for what it lacks', () => {
  expect(() =>
    podOfManifest('kind: Pod\napiVersion: v1\nmetadata: { name: x }\nspec: { containers: [] }', 'n'),
  ).toThrow(/^spec.containers: /)
})

test.each([
  ['serviceaccounts', '{ serviceAccountName: a, CONTAINERS }'],
  ['secrets', '{ imagePullSecrets: [{ name: a }], CONTAINERS }'],
  ['configmaps', '{ volumes: [{ name: v, configMap: { name: a } }], CONTAINERS }'],
  [
    'serviceaccounts',
    '{ volumes: [{ name: v, projected: { sources: [{ serviceAccountToken: { path: t } }] } }], CONTAINERS }',
  ],
  ['persistentvolumeclaims', '{ volumes: [{ name: v, persistentVolumeClaim: { claimName: a } }], CONTAINERS }'],
  ['resourceclaims', '{ resourceClaims: [{ name: a, resourceClaimName: a }], CONTAINERS }'],
])('a manifest may not refer to other objects: %s', (what, spec) => {
  const text = `kind: Pod\napiVersion: v1\nmetadata: { name: x }\nspec: ${spec}`
  expect(() => podOfManifest(text.replace('CONTAINERS', 'containers: [{ name: c, image: i }]'), 'n')).toThrow(
    `spec: static pods may not reference ${what}`,
  )
})

test('a pod of a manifest has its class of quality of service, by which the kernel chooses', () => {
  const amounts = '{ cpu: 1, memory: 1Gi }'
  const container = `{ name: c, image: i, resources: { limits: ${amounts}, requests: ${amounts} } }`
  const text = `kind: Pod\napiVersion: v1\nmetadata: { name: x }\nspec: { containers: [${container}] }`
  expect(podOfManifest(text, 'n').status.qosClass).toBe('Guaranteed')
})

it('runs a manifest that appears, and shows it in the API as a mirror pod', async () => {
  writeFileSync(join(folder, 'web.yaml'), manifest('echo one'))
  writeFileSync(join(folder, 'broken.yaml'), 'kind: [')
  const pod = await eventually(async () => {
    const found = await mirror()
    return found && isReady(found) ? found : false
  }, 20_000)
  expect(pod).toMatchObject({
    metadata: {
      labels: { app: 'web' },
      annotations: { 'kubernetes.io/config.source': 'file' },
      ownerReferences: [{ kind: 'Node', name: node.nodeName, controller: true }],
    },
    spec: { nodeName: node.nodeName },
    status: { phase: 'Running' },
  })
  expect(running()).toHaveLength(1)
})

it('a mirror that is deleted comes back; the pod itself is not touched', async () => {
  const [before] = running()
  const old = (await mirror())!
  await node.client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0 })
  await eventually(async () => {
    const found = await mirror()
    return found !== undefined && found.metadata.uid !== old.metadata.uid && isReady(found)
  }, 20_000)
  expect(running()).toEqual([before])
})

it('a restarted agent finds it running', async () => {
  const before = running()
  await node.stopAgent()
  await node.startAgent()
  await eventually(() => node.agent.kubelet.pods.some(({ status }) => status.phase === 'Running'))
  expect(running()).toEqual(before)
  expect(statusOf((await mirror())!).restartCount).toBe(0)
})

it('a changed manifest replaces the pod, a removed one ends it and its mirror', async () => {
  const [before] = running()
  const old = (await mirror())!
  writeFileSync(join(folder, 'web.yaml'), manifest('echo two'))
  await eventually(async () => {
    const found = await mirror()
    return (
      found !== undefined && found.metadata.uid !== old.metadata.uid && isReady(found) && !running().includes(before!)
    )
  }, 20_000)
  expect(running()).toHaveLength(1)
  rmSync(join(folder, 'web.yaml'))
  await eventually(async () => running().length === 0 && !(await mirror()), 20_000)
})

it('a pod of the API that says it came from a manifest runs, reports, restarts and ends like any other', async () => {
  await node.client.create(Pod, {
    metadata: { name: 'pretender', namespace, annotations: { 'kubernetes.io/config.source': 'file' } },
    spec: {
      nodeName: node.nodeName,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [node.container()],
    },
  })
  const { containerID } = statusOf(await node.ready('pretender'))
  await node.stopAgent()
  await node.startAgent()
  await eventually(() => node.agent.kubelet.pods.some(({ status }) => status.phase === 'Running'))
  const [pod] = node.agent.kubelet.pods
  expect(pod).toBeDefined()
  expect(statusOf(await node.get('pretender'))).toMatchObject({ containerID, restartCount: 0 })
  node.agent.kubelet.evict(pod!, 'the node is short of memory', 0)
  await node.until('pretender', ({ status }) => status.phase === 'Failed' && status.reason === 'Evicted')
  await node.remove('pretender')
})
