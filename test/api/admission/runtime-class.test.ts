// RuntimeClass: what a class says becomes part of the pod, and is not the pod's to say otherwise.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Pod, ServiceAccount, type Toleration } from '../../../src/shared/api/core/v1.ts'
import { RuntimeClass } from '../../../src/shared/api/node/v1.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
const namespace = 'default'
const dedicated = { key: 'vm', operator: 'Equal', value: 'yes', effect: 'NoSchedule' }
const forAll = { key: 'gpu', operator: 'Exists' }
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  await cluster.admin.create(RuntimeClass, {
    metadata: { name: 'vm' },
    handler: 'vm',
    overhead: { podFixed: { memory: '64Mi' } },
    scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [dedicated, forAll] },
  })
  await cluster.admin.create(RuntimeClass, { metadata: { name: 'plain' }, handler: 'runc' })
})
afterAll(() => cluster[Symbol.asyncDispose]())

let made = 0
const pod = (spec: object) =>
  cluster.admin.create(Pod, {
    metadata: { name: `pod-${made++}`, namespace },
    spec: { containers: [{ name: 'main', image: 'x' }], ...spec },
  })
const own = (tolerations: Toleration[] = []) => tolerations.filter(({ key }) => !key?.startsWith('node.kubernetes.io/'))

test('a class brings overhead and scheduling', async () => {
  const { spec } = await pod({ runtimeClassName: 'vm' })
  expect(spec).toMatchObject({ overhead: { memory: '64Mi' }, nodeSelector: { vm: 'yes' } })
  expect(own(spec.tolerations)).toEqual([dedicated, forAll])
})

test('of tolerations, those that another one covers are left out', async () => {
  const given = [
    { key: 'gpu', operator: 'Equal', value: 'a', effect: 'NoExecute', tolerationSeconds: 5 },
    { key: 'vm', operator: 'Exists' },
  ]
  const { spec } = await pod({ runtimeClassName: 'vm', tolerations: given })
  expect(own(spec.tolerations)).toEqual([given[1], forAll])
  const shorter = { key: 'vm', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }
  expect(own((await pod({ runtimeClassName: 'vm', tolerations: [shorter] })).spec.tolerations)).toEqual([
    shorter,
    dedicated,
    forAll,
  ])
})

test('of tolerations that cover each other, one is kept', async () => {
  const { spec } = await pod({ runtimeClassName: 'vm', tolerations: [{ ...forAll, value: 'any' }, dedicated] })
  expect(own(spec.tolerations)).toEqual([dedicated, forAll])
})

test.each([
  [{ runtimeClassName: 'none' }, 'pod rejected: RuntimeClass "none" not found'],
  [{ runtimeClassName: 'vm', overhead: { memory: '1Mi' } }, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"],
  [{ runtimeClassName: 'plain', overhead: { memory: '1Mi' } }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
  [{ overhead: { memory: '1Mi' } }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
  [{ runtimeClassName: 'vm', nodeSelector: { vm: 'no' } }, 'conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no'],
])('a pod with %j is refused', async (spec, why) => {
  const { code, message } = await failure(pod(spec))
  expect([code, message]).toEqual([403, expect.stringMatching(/^pods "pod-\d+" is forbidden: /)])
  expect(message.replace(/^.*? is forbidden: /, '')).toBe(why)
}) // prettier-ignore

test('a pod may say the same as its class', async () => {
  const { spec } = await pod({ runtimeClassName: 'vm', overhead: { memory: '65536Ki' }, nodeSelector: { vm: 'yes' } })
  expect(spec.overhead).toEqual({ memory: '64Mi' })
})
