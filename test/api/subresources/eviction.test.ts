// pods/eviction: whom budgets hold, and who goes without one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ValidatingWebhookConfiguration } from '../../../src/shared/api/admissionregistration/v1.ts'
import { Node, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { PodDisruptionBudget } from '../../../src/shared/api/policy/v1.ts'
import { startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
let hooks: WebhookServer
const namespace = 'default'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  hooks = await startWebhookServer()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  await cluster.admin.create(Node, { metadata: { name: 'box' }, spec: {} })
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await hooks[Symbol.asyncDispose]()
})

let made = 0
const pod = (spec: object = {}, labels: Record<string, string> = {}) =>
  cluster.admin.create(Pod, {
    metadata: { name: `pod-${made++}`, namespace, labels },
    spec: { containers: [{ name: 'main', image: 'x' }], ...spec },
  })

describe('pods/eviction', () => {
  const evict = (name: string, extra: object = {}) =>
    cluster.admin.createSubresource(Pod, { namespace, name }, 'eviction', { metadata: { name, namespace }, ...extra })
  test('deletes the pod, on dry run only seemingly', async () => {
    const { metadata } = await pod()
    await evict(metadata.name, { deleteOptions: { dryRun: ['All'] } })
    await cluster.admin.get(Pod, { namespace, name: metadata.name })
    await evict(metadata.name)
    expect((await failure(cluster.admin.get(Pod, { namespace, name: metadata.name }))).code).toBe(404)
  })
  test('owns nothing of what it says of the pod', async () => {
    const { metadata } = await pod()
    await cluster.admin.patch(
      Pod,
      { namespace, name: metadata.name },
      { metadata: { finalizers: ['example.test/hold'] } },
    )
    await evict(metadata.name)
    const { metadata: marked, status } = await cluster.admin.get(Pod, { namespace, name: metadata.name })
    expect(status.conditions?.some(({ type }) => type === 'DisruptionTarget')).toBe(true)
    expect(JSON.stringify(marked.managedFields)).not.toContain('DisruptionTarget')
  })
  test.each(['Pending', 'Running', 'Succeeded'])(
    'may name the version and the uid that it means, and says why a %s pod goes',
    async phase => {
      const { metadata } = await pod({ nodeName: 'box' })
      const { name, uid } = metadata
      await cluster.admin.patch(Pod, { namespace, name }, { metadata: { finalizers: ['example.test/hold'] } })
      const held = await cluster.admin.patch(Pod, { namespace, name }, { status: { phase } }, { subresource: 'status' })
      const { resourceVersion } = held.metadata
      const other = await failure(evict(name, { deleteOptions: { preconditions: { uid: 'other' } } }))
      expect([other.code, other.message]).toEqual([
        409,
        `Operation cannot be fulfilled on Pod "${name}": the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
      ])
      await evict(name, { deleteOptions: { preconditions: { uid, resourceVersion } } })
      const { status, metadata: going } = await cluster.admin.get(Pod, { namespace, name })
      expect([
        typeof going.deletionTimestamp,
        status.conditions?.find(({ type }) => type === 'DisruptionTarget'),
      ]).toMatchObject(['string', { status: 'True', reason: 'EvictionByEvictionAPI' }])
      await cluster.admin.patch(Pod, { namespace, name }, { metadata: { finalizers: null } })
    },
  )
  test('says nothing of another namespace, nor what no deletion may say, and takes nothing from the budget then', async () => {
    const labels = { app: 'strict' }
    const { metadata } = await pod({}, labels)
    const wrong = async (extra: object) => {
      const { code, message } = await failure(evict(metadata.name, extra))
      return [code, message]
    }
    expect(await wrong({ metadata: { name: metadata.name, namespace: 'other' } })).toEqual([
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ])
    expect(await wrong({ deleteOptions: { propagationPolicy: 'Other' } })).toEqual([
      422,
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Other": supported values: "Foreground", "Background", "Orphan", "nil"',
    ])
    expect((await wrong({ deleteOptions: { propagationPolicy: 'Orphan', orphanDependents: true } }))[0]).toBe(422)
    const target = { kind: 'Node', name: 'box' }
    const ref = { namespace, name: metadata.name }
    const elsewhere = { metadata: { name: metadata.name, namespace: 'other' }, target }
    const bound = await failure(cluster.admin.createSubresource(Pod, ref, 'binding', elsewhere))
    expect(bound.message).toMatch(/^the namespace of the provided object/)
    expect((await cluster.admin.get(Pod, ref)).spec.nodeName).toBeUndefined()
  })
  test('is known by its older version, and by no other', async () => {
    const { metadata } = await pod()
    const { message } = await failure(evict(metadata.name, { apiVersion: 'policy/v2' }))
    expect(message).toContain('no kind "Eviction" is registered for version "policy/v2"')
    await evict(metadata.name, { apiVersion: 'policy/v1beta1', kind: 'Eviction' })
    expect((await failure(cluster.admin.get(Pod, { namespace, name: metadata.name }))).code).toBe(404)
  })
  test('takes from the budget, and is refused without one left', async () => {
    await cluster.admin.create(PodDisruptionBudget, {
      metadata: { name: 'keep', namespace },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'kept' } } },
    })
    const status = {
      disruptionsAllowed: 1,
      currentHealthy: 2,
      desiredHealthy: 1,
      expectedPods: 2,
      observedGeneration: 1,
    }
    await cluster.admin.patch(
      PodDisruptionBudget,
      { namespace, name: 'keep' },
      { status },
      { subresource: 'status', type: 'merge' },
    )
    const names: string[] = []
    for (let i = 0; i < 2; i++) {
      const { metadata } = await pod({ nodeName: 'box' }, { app: 'kept' })
      names.push(metadata.name)
      const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
      await cluster.admin.patch(Pod, { namespace, name: metadata.name }, { status: running }, { subresource: 'status' })
    }
    await evict(names[0]!)
    const error = await failure(evict(names[1]!))
    expect([error.code, error.message]).toEqual([
      429,
      "Cannot evict pod as it would violate the pod's disruption budget.",
    ])
    expect((await cluster.admin.get(PodDisruptionBudget, { namespace, name: 'keep' })).status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { [names[0]!]: expect.any(String) },
    })
  })

  const guarded = async (app: string, counted: object) => {
    const selector = { matchLabels: { app } }
    await cluster.admin.create(PodDisruptionBudget, {
      metadata: { name: app, namespace },
      spec: { minAvailable: 1, selector },
    })
    const status = { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, observedGeneration: 1, ...counted } // prettier-ignore
    await cluster.admin.patch(PodDisruptionBudget, { namespace, name: app }, { status }, { subresource: 'status', type: 'merge' }) // prettier-ignore
    return pod({ nodeName: 'box' }, { app })
  }
  const becomesReady = (name: string) => {
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
    return cluster.admin.patch(Pod, { namespace, name }, { status }, { subresource: 'status' })
  }

  test('asks the budget of a pod that was not running yet, and is by the time it is decided', async () => {
    const { metadata } = await guarded('starts', {})
    hooks.on('/starts', async () => {
      await becomesReady(metadata.name)
      return { allowed: true }
    })
    const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods/eviction'] }]
    const webhooks = [{ ...hooks.webhook('/starts'), rules }]
    await cluster.admin.create(ValidatingWebhookConfiguration, { metadata: { name: 'starts' }, webhooks })
    const error = await failure(evict(metadata.name))
    await cluster.admin.delete(ValidatingWebhookConfiguration, { name: 'starts' })
    expect([error.code, error.status.details?.causes?.map(({ message }) => message)]).toEqual([
      429,
      ['The disruption budget starts needs 1 healthy pods and has 1 currently'],
    ])
    expect((await cluster.admin.get(Pod, metadata)).metadata.deletionTimestamp).toBeUndefined()
  })

  test('says in the budget that it has none left, with the last that it had', async () => {
    const { metadata } = await guarded('last', { disruptionsAllowed: 1, currentHealthy: 2, expectedPods: 2 })
    await becomesReady(metadata.name)
    await evict(metadata.name)
    const { status } = await cluster.admin.get(PodDisruptionBudget, { namespace, name: 'last' })
    expect(status).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', observedGeneration: 1 }],
    })
    const { managedFields } = (await cluster.admin.get(PodDisruptionBudget, { namespace, name: 'last' })).metadata
    const counted = managedFields?.find(({ manager }) => manager === 'kube-apiserver')
    expect(counted).toMatchObject({ subresource: 'status', fieldsV1: { 'f:status': { 'f:disruptionsAllowed': {} } } })
  })

  test('is told of several budgets without a reason, as upstream has it', async () => {
    const { metadata } = await guarded('several', {})
    await becomesReady(metadata.name)
    const selector = { matchLabels: { app: 'several' } }
    await cluster.admin.create(PodDisruptionBudget, { metadata: { name: 'more', namespace }, spec: { selector } })
    const { code, status } = await failure(evict(metadata.name))
    expect([code, status.message, status.reason]).toEqual([
      500,
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      undefined,
    ])
  })

  test('tried only, takes nothing of the budget and leaves the pod as it is', async () => {
    const { metadata } = await guarded('tried', { disruptionsAllowed: 1, currentHealthy: 2, expectedPods: 2 })
    const ready = await becomesReady(metadata.name)
    await evict(metadata.name, { deleteOptions: { dryRun: ['All'] } })
    expect(await cluster.admin.get(Pod, metadata)).toEqual(ready)
    const { status } = await cluster.admin.get(PodDisruptionBudget, { namespace, name: 'tried' })
    expect([status.disruptionsAllowed, status.disruptedPods]).toEqual([1, undefined])
  })
})
