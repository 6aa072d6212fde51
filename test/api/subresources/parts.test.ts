// Subresources that write one part of an object, and the binding of pods.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CertificateSigningRequest } from '../../../src/shared/api/certificates/v1.ts'
import { Namespace, Node, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { ClusterRole, ClusterRoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import { raw } from '../core/support/raw.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
const namespace = 'default'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  await cluster.admin.create(Node, { metadata: { name: 'box' }, spec: {} })
})
afterAll(() => cluster[Symbol.asyncDispose]())

let made = 0
const pod = (spec: object = {}, labels: Record<string, string> = {}) =>
  cluster.admin.create(Pod, {
    metadata: { name: `pod-${made++}`, namespace, labels },
    spec: { containers: [{ name: 'main', image: 'x' }], ...spec },
  })

describe('pods/ephemeralcontainers', () => {
  const patch = (name: string, ephemeralContainers: object[], type: 'merge' | 'strategic' = 'strategic') =>
    cluster.admin.patch(
      Pod,
      { namespace, name },
      { spec: { ephemeralContainers } },
      { subresource: 'ephemeralcontainers', type },
    )
  test('adds containers, with defaults, and counts the generation', async () => {
    const { metadata } = await pod()
    const after = await patch(metadata.name, [{ name: 'debug', image: 'busybox' }])
    expect(after.spec.ephemeralContainers).toMatchObject([
      { name: 'debug', terminationMessagePath: '/dev/termination-log' },
    ])
    expect(after.metadata.generation).toBe((metadata.generation ?? 0) + 1)
  })
  test('changes nothing else of the pod', async () => {
    const { metadata } = await pod()
    const body = {
      spec: { containers: [{ name: 'main', image: 'other' }], ephemeralContainers: [{ name: 'd', image: 'x' }] },
    }
    const after = await cluster.admin.patch(Pod, { namespace, name: metadata.name }, body, {
      subresource: 'ephemeralcontainers',
    })
    expect(after.spec.containers[0]!.image).toBe('x')
  })
  test('can be applied: what is applied is owned, by the part alone', async () => {
    const { metadata } = await pod()
    const path = `/api/v1/namespaces/default/pods/${metadata.name}/ephemeralcontainers?fieldManager=doctor`
    const applied = {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata.name } },
      spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox' }] },
    }
    const headers = { 'content-type': 'application/apply-patch+yaml' }
    const { code, json } = await raw(cluster.api, path, { method: 'PATCH', headers, body: applied })
    expect([code, json.spec.ephemeralContainers]).toMatchObject([200, [{ name: 'debug', image: 'busybox' }]])
    const entry = json.metadata.managedFields.find(({ manager }: { manager: string }) => manager === 'doctor')
    expect(entry).toMatchObject({ operation: 'Apply', subresource: 'ephemeralcontainers' })
    expect(Object.keys(entry.fieldsV1['f:spec'])).toEqual(['f:ephemeralContainers'])
    const other = { ...applied, spec: { ephemeralContainers: [{ name: 'debug', image: 'other' }] } }
    const again = await raw(cluster.api, path.replace('doctor', 'other'), { method: 'PATCH', headers, body: other })
    expect([again.code, again.json.message]).toEqual([409, expect.stringContaining('conflict with "doctor"')])
  })
  test('is shown as metadata to who asks for that, and is nothing without a name', async () => {
    const { metadata } = await pod()
    const path = `/api/v1/namespaces/default/pods/${metadata.name}/ephemeralcontainers`
    const headers = { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' }
    expect((await raw(cluster.api, path, { headers })).json.kind).toBe('PartialObjectMetadata')
    const emptied = await raw(cluster.api, path, {
      ...{ method: 'PATCH', headers: { 'content-type': 'application/strategic-merge-patch+json' } },
      body: { $patch: 'replace' },
    })
    expect([emptied.code, emptied.json.message]).toEqual([
      400,
      `the name of the object (${metadata.name} based on URL) was undeterminable: name must be provided`,
    ])
  })
  test('of another pod than that of the URL is refused, also where there is none', async () => {
    const path = '/api/v1/namespaces/default/pods/missing/ephemeralcontainers'
    const { code, json } = await raw(cluster.api, path, { method: 'PUT', body: { metadata: { name: 'other' } } })
    expect([code, json.message]).toEqual([
      400,
      'the name of the object (other) does not match the name on the URL (missing)',
    ])
  })
  test('neither changes nor removes what is there, and refuses ports', async () => {
    const { metadata } = await pod()
    await patch(metadata.name, [{ name: 'debug', image: 'busybox' }])
    expect((await failure(patch(metadata.name, [{ name: 'debug', image: 'other' }]))).message).toContain(
      'existing ephemeral containers "debug" may not be changed',
    )
    expect((await failure(patch(metadata.name, [], 'merge'))).message).toContain(
      'existing ephemeral containers "debug" may not be removed',
    )
    expect(
      (await failure(patch(metadata.name, [{ name: 'p', image: 'x', ports: [{ containerPort: 80 }] }]))).message,
    ).toContain('cannot be set for an Ephemeral Container')
  })
  test('kubectl debug adds one', async () => {
    const { metadata } = await pod()
    const { code } = await cluster.kubectl([
      'debug',
      metadata.name,
      '--image=busybox',
      '-c',
      'dbg',
      '--target=main',
      '--attach=false',
    ])
    expect(code).toBe(0)
    const after = await cluster.admin.get(Pod, { namespace, name: metadata.name })
    expect(after.spec.ephemeralContainers).toMatchObject([{ name: 'dbg', targetContainerName: 'main' }])
  })
})

describe('pods/resize', () => {
  const sized = {
    containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } } }],
  }
  const resize = (name: string, resources: object) =>
    cluster.admin.patch(
      Pod,
      { namespace, name },
      { spec: { containers: [{ name: 'main', resources }] } },
      { subresource: 'resize' },
    )
  test('changes cpu and memory', async () => {
    const { metadata } = await pod(sized)
    const after = await resize(metadata.name, { requests: { cpu: '150m' } })
    expect(after.spec.containers[0]!.resources).toEqual({ requests: { cpu: '150m' }, limits: { cpu: '200m' } })
    expect(after.metadata.generation).toBe((metadata.generation ?? 0) + 1)
  })
  test('takes the whole pod as well, of several containers, of which one asks for more and another for less', async () => {
    const equal = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } })
    const three = (...sizes: [string, string][]) =>
      sizes.map(([cpu, memory], i) => ({ name: `c${i}`, image: 'x', resources: equal(cpu, memory) }))
    const { metadata } = await pod({ containers: three(['100m', '64Mi'], ['100m', '64Mi'], ['100m', '64Mi']) })
    const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}`
    const body = structuredClone(await cluster.admin.get(Pod, { namespace, name: metadata.name }))
    const sizes: [string, string][] = [['150m', '96Mi'], ['50m', '32Mi'], ['200m', '64Mi']] // prettier-ignore
    body.spec.containers.forEach((container, i) => (container.resources = equal(...sizes[i]!)))
    const { code, json } = await raw(cluster.api, `${path}/resize`, { method: 'PUT', body })
    expect([code, json.metadata.generation, json.status.qosClass]).toEqual([200, 2, 'Guaranteed'])
    const resources = (json.spec.containers as { resources: object }[]).map(container => container.resources)
    expect(resources).toEqual(sizes.map(size => equal(...size)))
  })
  test('keeps the QoS class, and other resources', async () => {
    const { metadata } = await pod(sized)
    expect((await failure(resize((await pod()).metadata.name, { requests: { cpu: '1' } }))).message).toContain(
      'Pod QOS Class may not change as a result of resizing',
    )
    expect((await failure(resize(metadata.name, { requests: { 'ephemeral-storage': '1Gi' } }))).message).toContain(
      'only cpu and memory resources are mutable',
    )
    expect((await failure(resize(metadata.name, { limits: { cpu: null } }))).message).toContain(
      'resource limits cannot be removed',
    )
  })
  test('changes init containers as well, unless that would restart one that is no sidecar', async () => {
    const request = (cpu: string) => ({ resources: { requests: { cpu } } })
    const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }]
    const { metadata } = await pod({
      ...sized,
      initContainers: [
        { name: 'first', image: 'x', ...request('10m') },
        { name: 'side', image: 'x', restartPolicy: 'Always', resizePolicy, ...request('10m') },
      ],
    })
    const key = { namespace, name: metadata.name }
    const change = (...initContainers: object[]) =>
      cluster.admin.patch(Pod, key, { spec: { initContainers } }, { subresource: 'resize' })
    const after = await change({ name: 'first', ...request('20m') }, { name: 'side', ...request('30m') })
    expect(after.spec.initContainers!.map(({ resources }) => resources)).toEqual([
      { requests: { cpu: '20m' } },
      { requests: { cpu: '30m' } },
    ])
    expect((await failure(change({ name: 'first', resizePolicy, ...request('40m') }))).message).toContain(
      'spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
    )
  })
  test('neither renames containers nor adds or removes them', async () => {
    const two = ['a', 'b'].map(name => ({ ...sized.containers[0], name }))
    const { metadata } = await pod({ containers: two })
    const key = { namespace, name: metadata.name }
    const rename = (names: string[]) => {
      const containers = names.map(name => ({ ...sized.containers[0], name }))
      const options = { subresource: 'resize', type: 'merge' } as const
      return failure(cluster.admin.patch(Pod, key, { spec: { containers } }, options))
    }
    expect((await rename(['b', 'a'])).message).toContain(
      'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize, spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize',
    )
    expect((await rename(['a'])).message).toContain(
      'spec.containers: Forbidden: containers may not be added or removed on resize',
    )
  })
  describe('of the pod as a whole', () => {
    const whole = { ...sized, resources: { requests: { cpu: '300m' }, limits: { cpu: '400m' } } }
    const resizeWhole = (name: string, resources: object | null) =>
      cluster.admin.patch(Pod, { namespace, name }, { spec: { resources } }, { subresource: 'resize' })

    test('changes what it asks for itself, and fills in what that leaves open', async () => {
      const { metadata } = await pod(whole)
      const after = await resizeWhole(metadata.name, { limits: { cpu: '500m', memory: '64Mi' } })
      expect(after.spec.resources).toEqual({
        requests: { cpu: '300m', memory: '64Mi' },
        limits: { cpu: '500m', memory: '64Mi' },
      })
      expect(after.metadata.generation).toBe((metadata.generation ?? 0) + 1)
    })
    test('makes a pod ask as a whole that did not', async () => {
      const { metadata } = await pod(sized)
      const after = await resizeWhole(metadata.name, { requests: { cpu: '1' }, limits: { cpu: '2' } })
      expect(after.spec.resources).toEqual({ requests: { cpu: '1' }, limits: { cpu: '2' } })
    })
    test('removes nothing, and changes only cpu and memory', async () => {
      const { metadata } = await pod(whole)
      const refused = async (resources: object | null) => (await failure(resizeWhole(metadata.name, resources))).message
      expect(await refused(null)).toContain('spec.resources: Forbidden: pod-level resources cannot be removed')
      expect(await refused({ limits: { cpu: null } })).toContain(
        'spec.resources.limits: Forbidden: pod-level resource limits cannot be removed',
      )
      expect(await refused({ limits: { 'hugepages-2Mi': '2Mi' } })).toContain(
        'spec: Forbidden: only cpu and memory resources are mutable at pod-level',
      )
    })
    test('keeps the QoS class, and what containers ask for within it', async () => {
      const { metadata } = await pod(whole)
      const refused = async (resources: object) => (await failure(resizeWhole(metadata.name, resources))).message
      expect(
        await refused({ requests: { cpu: '400m', memory: '1Mi' }, limits: { cpu: '400m', memory: '1Mi' } }),
      ).toContain('Pod QOS Class may not change as a result of resizing')
      expect(await refused({ requests: { cpu: '50m' } })).toContain(
        'spec.resources.requests[cpu]: Invalid value: "50m": must be greater than or equal to aggregate container requests of 100m',
      )
      expect(await refused({ limits: { cpu: '150m' }, requests: { cpu: '120m' } })).toContain(
        'must be less than or equal to pod limits of 150m',
      )
    })
  })
  test('does not grow a pod beyond what its node could ever give it', async () => {
    const [name, allocatable] = ['small', { cpu: '2', memory: '1Gi' }]
    await cluster.admin.create(Node, { metadata: { name }, spec: {} })
    await cluster.admin.patch(Node, { name }, { status: { allocatable } }, { subresource: 'status' })
    const { metadata } = await pod({ ...sized, nodeName: name })
    const refused = await failure(
      resize(metadata.name, { requests: { cpu: '3', memory: '2Gi' }, limits: { cpu: '3' } }),
    )
    expect(refused.message).toContain(
      "node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824",
    )
    expect(refused.status.details?.causes).toEqual([{ reason: 'NodeCapacity' }])
    expect((await resize(metadata.name, { requests: { cpu: '2' }, limits: { cpu: '3' } })).metadata.generation).toBe(2)
    await cluster.admin.patch(Node, { name }, { metadata: { labels: { 'kubernetes.io/os': 'windows' } } })
    expect((await failure(resize(metadata.name, { requests: { cpu: '1' } }))).message).toContain(
      'pod resize is only supported on linux nodes, node "small" is "windows"',
    )
  })
  test('asks nothing of a node that it does not declare to do', async () => {
    const name = 'older'
    await cluster.admin.create(Node, { metadata: { name }, spec: {} })
    await cluster.admin.patch(Node, { name }, { status: { allocatable: { cpu: '4' } } }, { subresource: 'status' })
    const initContainers = [{ name: 'first', image: 'x', resources: { requests: { cpu: '10m' } } }]
    const { metadata } = await pod({ ...sized, initContainers, nodeName: name })
    const key = { namespace, name: metadata.name }
    const change = (spec: object) => cluster.admin.patch(Pod, key, { spec }, { subresource: 'resize' })
    const whole = { resources: { requests: { cpu: '1' }, limits: { cpu: '2' } } }
    const first = { initContainers: [{ name: 'first', resources: { requests: { cpu: '20m' } } }] }
    const not = (feature: string) => `pod update requires features ${feature} which are not available on node "older"`
    expect((await failure(change(whole))).message).toContain(not('InPlacePodLevelResourcesVerticalScaling'))
    expect((await failure(change(first))).message).toContain(not('InPlacePodVerticalScalingInitContainers'))
    await resize(metadata.name, { requests: { cpu: '150m' } })
    const declaredFeatures = ['InPlacePodLevelResourcesVerticalScaling', 'InPlacePodVerticalScalingInitContainers']
    await cluster.admin.patch(Node, { name }, { status: { declaredFeatures } }, { subresource: 'status' })
    expect((await change({ ...whole, ...first })).spec).toMatchObject(whole)
  })
  test('does not concern pods that a node made itself', async () => {
    const { metadata } = await cluster.admin.create(Pod, {
      metadata: { name: 'mirror', namespace, annotations: { 'kubernetes.io/config.mirror': 'hash' } },
      spec: { ...sized, nodeName: 'box' },
    })
    expect((await failure(resize(metadata.name, { requests: { cpu: '150m' } }))).message).toContain(
      'Forbidden: static pods cannot be resized',
    )
  })
  test('the pod itself still refuses the change', async () => {
    const { metadata } = await pod(sized)
    const body = { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }] } }
    expect((await failure(cluster.admin.patch(Pod, { namespace, name: metadata.name }, body))).code).toBe(422)
  })
})

describe('certificatesigningrequests/approval', () => {
  const rbac = 'rbac.authorization.k8s.io'
  const csr = (name: string) => {
    const shell =
      'openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -subj /CN=jane'
    const [program = '', ...args] = shell.split(' ')
    const request = execFileSync(program, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString('base64')
    return cluster.as('jane', 'makers').create(CertificateSigningRequest, {
      metadata: { name },
      spec: {
        request,
        signerName: 'example.test/people',
        usages: ['client auth'],
        username: 'system:admin',
        groups: ['system:masters'],
      },
    })
  }
  beforeAll(async () => {
    const grant = async (name: string, rules: object[], user: string) => {
      await cluster.admin.create(ClusterRole, { metadata: { name }, rules: rules as never })
      await cluster.admin.create(ClusterRoleBinding, {
        metadata: { name },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
        subjects: [{ kind: 'User', apiGroup: rbac, name: user }],
      })
    }
    const group = 'certificates.k8s.io'
    await grant(
      'csr-maker',
      [{ verbs: ['create'], apiGroups: [group], resources: ['certificatesigningrequests'] }],
      'jane',
    )
    const approve = { verbs: ['get', 'update', 'patch'], apiGroups: [group], resources: ['certificatesigningrequests', 'certificatesigningrequests/approval'] } // prettier-ignore
    await grant('csr-clerk', [approve], 'clerk')
    await grant('csr-approver', [approve, { verbs: ['approve'], apiGroups: [group], resources: ['signers'], resourceNames: ['example.test/*'] }], 'boss') // prettier-ignore
  })
  const approve = (name: string, user: string, type = 'Approved') =>
    cluster
      .as(user)
      .patch(
        CertificateSigningRequest,
        { name },
        { status: { conditions: [{ type, status: 'True', reason: 'Known' }] } },
        { subresource: 'approval' },
      )
  test('a request says who really asked', async () => {
    expect((await csr('who')).spec).toMatchObject({ username: 'jane', groups: ['makers', 'system:authenticated'] })
  })
  test('needs the right to approve for the signer, besides that to write', async () => {
    await csr('first')
    expect((await failure(approve('first', 'clerk'))).message).toContain(
      'user not permitted to approve requests with signerName "example.test/people"',
    )
    const done = await approve('first', 'boss')
    expect(done.status.conditions).toMatchObject([{ type: 'Approved', lastUpdateTime: expect.stringMatching(/Z$/) }])
  })
  test('a decision stays, and there is one', async () => {
    await csr('second')
    await approve('second', 'boss')
    expect((await failure(approve('second', 'boss', 'Denied'))).message).toContain(
      'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
    )
    const conditions = ['Approved', 'Denied'].map(type => ({ type, status: 'True' }))
    const both = { status: { conditions } }
    const call = cluster.admin.patch(CertificateSigningRequest, { name: 'second' }, both, { subresource: 'approval' })
    expect((await failure(call)).message).toContain('mutually exclusive')
  })
  test('takes any condition and the annotations, in the order given; the status keeps both', async () => {
    await csr('other')
    const part = (subresource: string, change: object) =>
      cluster.admin.patch(CertificateSigningRequest, { name: 'other' }, change, { subresource, type: 'merge' })
    const types = async () =>
      (await cluster.admin.get(CertificateSigningRequest, { name: 'other' })).status.conditions?.map(({ type }) => type)
    const conditions = ['Checked', 'Approved'].map(type => ({ type, status: 'True', reason: 'Known' }))
    const patched = await part('approval', { metadata: { annotations: { by: 'hand' } }, status: { conditions } })
    expect(patched.metadata.annotations).toEqual({ by: 'hand' })
    expect(await types()).toEqual(['Checked', 'Approved'])
    await part('status', { status: { conditions: [...conditions, { type: 'Late', status: 'True', reason: 'Seen' }] } })
    expect(await types()).toEqual(['Checked', 'Approved', 'Late'])
    await part('status', { status: { conditions: [{ type: 'Denied', status: 'True', reason: 'Sneaky' }] } })
    expect(await types()).toEqual(['Approved'])
  })
  test('kubectl certificate approve', async () => {
    await csr('third')
    expect((await cluster.kubectl(['certificate', 'approve', 'third'])).stdout).toContain('approved')
  })
})

describe('pods/binding', () => {
  const bind = (name: string, body: object) =>
    cluster.admin.createSubresource(Pod, { namespace, name }, 'binding', { metadata: { name }, ...body })
  test('assigns once', async () => {
    const { metadata } = await pod()
    await bind(metadata.name, { target: { name: 'box' } })
    const bound = await cluster.admin.get(Pod, { namespace, name: metadata.name })
    expect([bound.spec.nodeName, bound.status.conditions]).toMatchObject([
      'box',
      [{ type: 'PodScheduled', status: 'True' }],
    ])
    expect((await failure(bind(metadata.name, { target: { name: 'other' } }))).message).toContain(
      `pod ${metadata.name} is already assigned to node "box"`,
    )
  })
  test('is nobody’s: the owners of fields stay who they were', async () => {
    const { metadata } = await pod()
    await bind(metadata.name, { target: { name: 'box' } })
    const bound = await cluster.admin.get(Pod, metadata)
    expect(bound.metadata.managedFields).toEqual(metadata.managedFields)
  })
  test('leaves nothing of why the pod could not be placed before', async () => {
    const { metadata } = await pod()
    const { status } = await cluster.admin.get(Pod, { namespace, name: metadata.name })
    const waiting = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'too full' }
    await cluster.admin.updateStatus(Pod, {
      ...(await cluster.admin.get(Pod, metadata)),
      status: { ...status, conditions: [waiting], nominatedNodeName: 'other' },
    })
    await bind(metadata.name, { target: { name: 'box' } })
    const { conditions, nominatedNodeName } = (await cluster.admin.get(Pod, metadata)).status
    expect(nominatedNodeName).toBe(undefined)
    expect(conditions).toEqual([
      { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: expect.any(String) },
    ])
  })
  test('adds labels and annotations; what the pod was before stays what it was', async () => {
    const before = await pod()
    const { name, resourceVersion } = before.metadata
    await bind(name, { metadata: { name, labels: { a: 'b' }, annotations: { c: 'd' } }, target: { name: 'box' } })
    const { metadata, spec } = await cluster.admin.get(Pod, { namespace, name })
    expect(metadata).toMatchObject({ labels: { ...before.metadata.labels, a: 'b' }, annotations: { c: 'd' } })
    expect(spec).toEqual({ ...before.spec, nodeName: 'box' })
    const then = { namespace, resourceVersion, resourceVersionMatch: 'Exact' } as const
    const { items } = await cluster.admin.list(Pod, { ...then, fieldSelector: `metadata.name=${name}` })
    expect(items).toEqual([before])
  })
  test('needs a target, and waits for the gates', async () => {
    const { metadata, status } = await pod({ schedulingGates: [{ name: 'example.test/wait' }] })
    expect(status.conditions).toMatchObject([
      { reason: 'SchedulingGated', lastProbeTime: null, lastTransitionTime: metadata.creationTimestamp },
    ])
    expect(await failure(bind(metadata.name, {}))).toMatchObject({ code: 400, message: 'target.name: Required value' })
    expect((await failure(bind(metadata.name, { target: { name: 'box' } }))).message).toContain('schedulingGates')
  })
})

test('the finalizers of a namespace are written by who names it', async () => {
  await cluster.admin.create(Namespace, { metadata: { name: 'finalized' }, spec: {} })
  const path = '/api/v1/namespaces/finalized/finalize'
  const { code, json } = await raw(cluster.api, path, { method: 'PUT', body: {} })
  expect([code, json.message]).toEqual([
    400,
    'the name of the object (finalized based on URL) was undeterminable: name must be provided',
  ])
  expect((await cluster.admin.get(Namespace, { name: 'finalized' })).spec.finalizers).toEqual(['kubernetes'])
})

test('connections cannot be tried', async () => {
  const { metadata } = await pod()
  const { code, json } = await raw(cluster.api, `/api/v1/namespaces/default/pods/${metadata.name}/proxy/?dryRun=All`)
  expect([code, json.message]).toEqual([400, 'dryRun is not supported'])
})
