import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigMap, Event, Pod, Secret } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { docker, imageWithFiles } from './support/node.ts'
import { TestNode, isReady, statusOf } from './support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await TestNode.start()
})
afterAll(() => node?.[Symbol.asyncDispose]())

const idOf = (id = '') => id.replace('docker://', '')
const inside = (pod: Pod, ...command: string[]) => docker('exec', idOf(statusOf(pod).containerID), ...command)
const eventsOf = async (name: string) =>
  (await node.client.list(Event, { namespace: 'default' })).items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`)

describe('restarts', () => {
  it('a container that is killed comes back at once the first time, then with back-off', async () => {
    await node.run('restarts')
    const first = await node.ready('restarts')
    docker('kill', idOf(statusOf(first).containerID))
    const second = await node.until('restarts', pod => statusOf(pod).restartCount === 1 && isReady(pod))
    expect(statusOf(second).lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' })
    docker('kill', idOf(statusOf(second).containerID))
    const waiting = await node.until('restarts', pod => statusOf(pod).state?.waiting?.reason === 'CrashLoopBackOff')
    expect(statusOf(waiting).state?.waiting?.message).toMatch(
      /^back-off 10s restarting failed container=main pod=restarts_default\(/,
    )
    expect(waiting.status.phase).toBe('Running')
    await eventually(async () =>
      (await eventsOf('restarts')).some(text => text.startsWith('BackOff: Back-off restarting failed container')),
    )
    await node.remove('restarts')
  })

  it('restartPolicy Never ends the pod as Failed with its exit code and message', async () => {
    await node.run('never', {
      restartPolicy: 'Never',
      containers: [node.container('echo -n broken > /dev/termination-log; exit 3')],
    })
    const pod = await node.until('never', ({ status }) => status.phase === 'Failed')
    expect(statusOf(pod).state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error', message: 'broken' })
    expect(pod.status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodFailed',
    })
    await node.remove('never')
  })

  it('restartPolicy OnFailure restarts failures and ends as Succeeded', async () => {
    await node.run('on-failure', {
      restartPolicy: 'OnFailure',
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        {
          ...node.container('test -e /v/once || { touch /v/once; exit 1; }'),
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
        },
      ],
    })
    const pod = await node.until('on-failure', ({ status }) => status.phase === 'Succeeded')
    expect(statusOf(pod)).toMatchObject({
      restartCount: 1,
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
    })
    await node.remove('on-failure')
  })

  const rule = (action: string, code: number) => ({ action, exitCodes: { operator: 'In', values: [code] } })
  const logged = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
  const once = (code: number) => `test -f /v/log || { touch /v/log; exit ${code}; }; sleep 1000`

  it('an image that is changed replaces the container, also of a pod that is never restarted', async () => {
    const other = imageWithFiles(node.image, { '/other': 'other' })
    try {
      await node.run('new-image', { restartPolicy: 'Never' })
      await node.ready('new-image')
      const spec = { containers: [{ name: 'main', image: other }] }
      await node.client.patch(Pod, { namespace: 'default', name: 'new-image' }, { spec })
      const pod = await node.until('new-image', found => isReady(found) && statusOf(found).restartCount === 1)
      expect(pod.status.phase).toBe('Running')
      expect(inside(pod, 'cat', '/other')).toBe('other')
      await node.remove('new-image')
    } finally {
      docker('rmi', '-f', other)
    }
  })

  it("a container's own rule restarts it in a pod that is never restarted", async () => {
    const source = { ...node.container(once(41)), ...logged, restartPolicy: 'Never' }
    await node.run('rule', {
      restartPolicy: 'Never',
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ ...source, restartPolicyRules: [rule('Restart', 41)] }],
    })
    await node.until('rule', pod => statusOf(pod).restartCount === 1 && isReady(pod))
    await node.remove('rule')
  })

  it('a rule can restart all containers of the pod, init containers first, in the sandbox that is there', async () => {
    await node.run('all', {
      restartPolicy: 'Never',
      volumes: [{ name: 'v', emptyDir: {} }],
      initContainers: [
        node.container('true', 'init'),
        { ...node.container(undefined, 'side'), restartPolicy: 'Always' },
      ],
      containers: [
        {
          ...node.container(`sleep 1; ${once(42)}`, 'source'),
          ...logged,
          restartPolicy: 'Never',
          restartPolicyRules: [rule('RestartAllContainers', 42)],
        },
        node.container(undefined, 'other'),
      ],
    })
    const pod = await node.until(
      'all',
      current => statusOf(current, 'source').restartCount === 1 && isReady(current),
      40_000,
    )
    for (const name of ['init', 'side', 'other'])
      expect(statusOf(pod, name)).toMatchObject({ restartCount: 1, lastState: { terminated: {} } })
    expect(docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${pod.metadata.uid}`).split('\n')).toHaveLength(
      9,
    )
    expect(pod.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'AllContainersRestarting', status: 'False' }),
    )
    await node.remove('all')
  })

  it('a pod whose containers were all removed gets a new sandbox and new containers', async () => {
    await node.run('removed')
    const before = await node.ready('removed')
    const all = docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${before.metadata.uid}`).split('\n')
    docker('rm', '-f', ...all)
    const after = await node.until(
      'removed',
      pod => isReady(pod) && statusOf(pod).containerID !== statusOf(before).containerID,
    )
    expect(statusOf(after).restartCount).toBe(1)
    await node.remove('removed')
  })

  it('a sandbox that dies takes the pod into a new one, with its address', async () => {
    await node.run('sandbox')
    const before = await node.ready('sandbox')
    docker(
      'rm',
      '-f',
      docker(
        'ps',
        '-q',
        '--filter',
        `label=io.kubernetes.pod.uid=${before.metadata.uid}`,
        '--filter',
        'label=dev.flotilla.kind=sandbox',
      ),
    )
    const after = await node.until(
      'sandbox',
      pod => isReady(pod) && statusOf(pod).containerID !== statusOf(before).containerID,
    )
    expect(after.status.podIP).toBe(before.status.podIP)
    await node.remove('sandbox')
  })
})

describe('init containers', () => {
  it('run one after the other before the others, sidecars beside them', async () => {
    const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
    await node.run('init', {
      volumes: [{ name: 'v', emptyDir: {} }],
      initContainers: [
        { ...node.container('echo one >> /v/log', 'one'), ...mount },
        {
          ...node.container('echo side >> /v/log; trap exit TERM; sleep 100000 & wait', 'side'),
          ...mount,
          restartPolicy: 'Always',
        },
        { ...node.container('echo two >> /v/log', 'two'), ...mount },
      ],
      containers: [{ ...node.container(), ...mount }],
    })
    const pod = await node.ready('init')
    expect(inside(pod, 'cat', '/v/log').split('\n').toSorted()).toEqual(['one', 'side', 'two'])
    expect(inside(pod, 'head', '-n1', '/v/log')).toBe('one')
    expect(statusOf(pod, 'one').state?.terminated?.reason).toBe('Completed')
    expect(statusOf(pod, 'side').state?.running).toBeDefined()
    await node.remove('init')
  })

  it('one that fails with restartPolicy Never fails the pod', async () => {
    await node.run('init-fails', { restartPolicy: 'Never', initContainers: [node.container('exit 7', 'one')] })
    const pod = await node.until('init-fails', ({ status }) => status.phase === 'Failed')
    expect(statusOf(pod, 'one').state?.terminated?.exitCode).toBe(7)
    expect(statusOf(pod).state?.waiting?.reason).toBe('PodInitializing')
    await node.remove('init-fails')
  })
})

describe('what cannot start', () => {
  it('an image that is missing with policy Never is ErrImageNeverPull', async () => {
    await node.run('no-image', { containers: [{ ...node.container(), image: 'flotilla-test/none:1' }] })
    await node.until('no-image', pod => statusOf(pod).state?.waiting?.reason === 'ErrImageNeverPull')
    await node.remove('no-image')
  })
  it('a name that is no image is InvalidImageName', async () => {
    await node.run('bad-image', { containers: [{ ...node.container(), image: 'UPPER/Case:1' }] })
    await node.until('bad-image', pod => statusOf(pod).state?.waiting?.reason === 'InvalidImageName')
    await node.remove('bad-image')
  })
  it('a missing ConfigMap is CreateContainerConfigError until it exists', async () => {
    await node.run('no-config', {
      containers: [{ ...node.container(), envFrom: [{ configMapRef: { name: 'later' } }] }],
    })
    const pod = await node.until('no-config', p => statusOf(p).state?.waiting?.reason === 'CreateContainerConfigError')
    expect(statusOf(pod).state?.waiting?.message).toBe('configmap "later" not found')
    await node.client.create(ConfigMap, { metadata: { name: 'later', namespace: 'default' }, data: { A: '1' } })
    const running = await node.ready('no-config')
    expect(inside(running, 'sh', '-c', 'echo $A')).toBe('1')
    await node.remove('no-config')
  })
  it('a program that does not exist is RunContainerError, then CrashLoopBackOff, with StartError', async () => {
    await node.run('no-program', { containers: [{ ...node.container(), command: ['/nope'] }] })
    const pod = await node.until('no-program', p => statusOf(p).state?.waiting?.reason === 'CrashLoopBackOff', 30_000)
    expect(statusOf(pod).lastState?.terminated).toMatchObject({ exitCode: 128, reason: 'StartError' })
    await node.remove('no-program')
  })
  it('a container that Docker refuses to make is CreateContainerError, tried again after 10 s however often the pod changes', async () => {
    await node.run('refused', { containers: [{ ...node.container(), workingDir: 'relative' }] })
    const pod = await node.until('refused', p => statusOf(p).state?.waiting?.reason === 'CreateContainerError')
    expect(statusOf(pod).state?.waiting?.message).toMatch(/working directory 'relative' is invalid/)
    const pulled = async () =>
      (await node.client.list(Event, { namespace: 'default' })).items.find(
        ({ involvedObject, reason }) => involvedObject.name === 'refused' && reason === 'Pulled',
      )
    const again = await eventually(async () => {
      await node.client.patch(
        Pod,
        { namespace: 'default', name: 'refused' },
        { metadata: { labels: { now: String(Date.now()) } } },
      )
      const event = await pulled()
      return (event?.count ?? 0) > 1 && event
    }, 30_000)
    expect(again).toMatchObject({ count: 2 })
    // Times of events are whole seconds.
    const { firstTimestamp = '', lastTimestamp = '' } = again as Event
    expect(Date.parse(lastTimestamp) - Date.parse(firstTimestamp)).toBeGreaterThanOrEqual(9_000)
    expect(statusOf(await node.get('refused')).state?.waiting?.reason).toBe('CreateContainerError')
    await node.remove('refused')
  })
  it('a volume that cannot be mounted is told by an event', async () => {
    await node.run('no-volume', {
      volumes: [{ name: 'v', secret: { secretName: 'absent' } }],
      containers: [{ ...node.container(), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    })
    await eventually(async () =>
      (await eventsOf('no-volume')).includes(
        'FailedMount: MountVolume.SetUp failed for volume "v" : secret "absent" not found',
      ),
    )
    await node.remove('no-volume')
  })
})

describe('probes', () => {
  it('readiness decides about Ready; liveness restarts', async () => {
    // A busy machine takes longer to run a command than a probe waits by default.
    const often = { periodSeconds: 1, timeoutSeconds: 20 }
    await node.run('probes', {
      containers: [
        {
          ...node.container('touch /tmp/live; trap exit TERM; sleep 100000 & wait'),
          readinessProbe: { ...often, exec: { command: ['test', '-e', '/tmp/ready'] } },
          livenessProbe: { ...often, exec: { command: ['test', '-e', '/tmp/live'] }, failureThreshold: 2 },
        },
      ],
    })
    const running = await node.until('probes', pod => statusOf(pod).state?.running !== undefined)
    expect(isReady(running)).toBe(false)
    inside(running, 'touch', '/tmp/ready')
    const ready = await node.ready('probes')
    inside(ready, 'rm', '/tmp/live')
    await node.until('probes', pod => statusOf(pod).restartCount === 1)
    await eventually(async () =>
      (await eventsOf('probes')).includes('Killing: Container main failed liveness probe, will be restarted'),
    )
    await node.remove('probes')
  })

  it('http and tcp probes reach the pod by its address and named port', async () => {
    await node.run('http', {
      containers: [
        {
          ...node.container('mkdir -p /tmp/www; echo hi > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www'),
          ports: [{ name: 'web', containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/', port: 'web' }, periodSeconds: 1 },
          startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 30 },
        },
      ],
    })
    await node.ready('http')
    await node.remove('http')
  })
})

describe('volumes and environment', () => {
  it('bring ConfigMaps, Secrets and facts about the pod into the container', async () => {
    await node.client.create(ConfigMap, {
      metadata: { name: 'cfg', namespace: 'default' },
      data: { key: 'value', other: 'x' },
    })
    await node.client.create(Secret, {
      metadata: { name: 'sec', namespace: 'default' },
      data: { pw: Buffer.from('s3').toString('base64') },
    })
    await node.run('facts', {
      volumes: [
        { name: 'cfg', configMap: { name: 'cfg', items: [{ key: 'key', path: 'deep/file' }] } },
        {
          name: 'all',
          projected: {
            sources: [
              { configMap: { name: 'cfg' } },
              { secret: { name: 'sec' } },
              { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
            ],
          },
        },
        { name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'host', hostPath: { path: '/etc/hostname', type: 'File' } },
      ],
      containers: [
        {
          ...node.container(),
          args: [],
          env: [
            { name: 'A', value: 'a' },
            { name: 'B', value: '$(A)-$(C)-$$(A)' },
            { name: 'PW', valueFrom: { secretKeyRef: { name: 'sec', key: 'pw' } } },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
          ],
          resources: { limits: { cpu: '250m', memory: '64Mi' } },
          volumeMounts: [
            { name: 'cfg', mountPath: '/cfg' },
            { name: 'all', mountPath: '/all', readOnly: true },
            { name: 'mem', mountPath: '/mem' },
            { name: 'all', mountPath: '/one', subPath: 'key' },
            { name: 'mem', mountPath: '/sub', subPath: 'a/b' },
            { name: 'host', mountPath: '/host-name' },
          ],
        },
      ],
    })
    const pod = await node.ready('facts')
    expect(inside(pod, 'cat', '/cfg/deep/file')).toBe('value')
    expect(inside(pod, 'cat', '/all/pw', '/all/name')).toBe('s3facts')
    expect(inside(pod, 'cat', '/one')).toBe('value')
    expect(inside(pod, 'stat', '-f', '-c', '%T', '/mem')).toBe('tmpfs')
    expect(inside(pod, 'sh', '-c', 'touch /sub/x && ls /mem/a/b')).toBe('x')
    expect(inside(pod, 'sh', '-c', 'echo $B $PW $IP $CPU')).toBe(`a-$(C)-$(A) s3 ${pod.status.podIP} 250`)
    expect(inside(pod, 'hostname')).toBe('facts')
    expect(inside(pod, 'cat', '/etc/hosts')).toContain(`${pod.status.podIP}\tfacts`)
    expect(inside(pod, 'cat', '/etc/resolv.conf')).toContain(
      'nameserver 10.96.0.10\nsearch default.svc.cluster.local svc.cluster.local cluster.local',
    )
    expect(inside(pod, 'cat', '/host-name')).toBe(readFileSync('/etc/hostname', 'utf8').trim())
    expect(
      docker('inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}}', idOf(statusOf(pod).containerID)),
    ).toBe('67108864 25000')
    await node.remove('facts')
  })

  it('a subPath that leads out of its volume is refused', async () => {
    await node.run('escape', {
      volumes: [{ name: 'v', emptyDir: {} }],
      initContainers: [
        { ...node.container('ln -s /etc /v/out', 'plant'), volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      ],
      containers: [{ ...node.container(), volumeMounts: [{ name: 'v', mountPath: '/x', subPath: 'out' }] }],
    })
    const pod = await node.until('escape', p => statusOf(p).state?.waiting?.reason === 'CreateContainerConfigError')
    expect(statusOf(pod).state?.waiting?.message).toContain('not within volume path')
    await node.remove('escape')
  })

  it('keep a changed ConfigMap current while the pod runs', async () => {
    await node.client.create(ConfigMap, { metadata: { name: 'live', namespace: 'default' }, data: { key: 'old' } })
    await node.run('live', {
      volumes: [{ name: 'v', configMap: { name: 'live' } }],
      containers: [{ ...node.container(), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    })
    const pod = await node.ready('live')
    await node.client.patch(ConfigMap, { namespace: 'default', name: 'live' }, { data: { key: 'new' } })
    await eventually(() => inside(pod, 'cat', '/v/key') === 'new', 60_000)
    await node.remove('live')
  })
})

describe('the end of a pod', () => {
  it('runs preStop, then the signal, within the grace period', async () => {
    await node.run('hooks', {
      terminationGracePeriodSeconds: 20,
      volumes: [{ name: 'v', hostPath: { path: node.folder.path } }],
      containers: [
        {
          ...node.container('trap "echo term >> /v/log; exit 0" TERM; while :; do sleep 0.1; done'),
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
          lifecycle: {
            postStart: { exec: { command: ['sh', '-c', 'echo post >> /v/log'] } },
            preStop: { exec: { command: ['sh', '-c', 'echo pre >> /v/log'] } },
          },
        },
      ],
    })
    await node.ready('hooks')
    await node.remove('hooks')
    expect(readFileSync(`${node.folder.path}/log`, 'utf8')).toBe('post\npre\nterm\n')
  })

  it('the preStop hook of a sidecar asks over HTTP', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const preStop = { httpGet: { host: '127.0.0.1', port, path: '/bye?now' } }
    const sidecar = { ...node.container(), name: 'side', restartPolicy: 'Always', lifecycle: { preStop } }
    await node.run('asks', {
      terminationGracePeriodSeconds: 20,
      initContainers: [sidecar],
      containers: [node.container()],
    })
    await node.ready('asks')
    await node.remove('asks')
    server.close()
    expect(asked).toEqual(['/bye?now'])
  })

  it('that is forced still has its signal, and a moment', async () => {
    await node.run('forced', {
      terminationGracePeriodSeconds: 30,
      volumes: [{ name: 'v', hostPath: { path: node.folder.path } }],
      containers: [
        {
          ...node.container('trap "sleep 1; echo term > /v/forced; exit 0" TERM; while :; do sleep 0.1; done'),
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
        },
      ],
    })
    const { uid } = (await node.ready('forced')).metadata
    await node.client.delete(Pod, { namespace: 'default', name: 'forced' }, { gracePeriodSeconds: 0 })
    const begun = performance.now()
    await eventually(() => docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${uid}`) === '', 20_000)
    expect(readFileSync(`${node.folder.path}/forced`, 'utf8')).toBe('term\n')
    expect(performance.now() - begun).toBeLessThan(15_000)
  })

  it('activeDeadlineSeconds fails the pod with DeadlineExceeded', async () => {
    await node.run('deadline', { activeDeadlineSeconds: 2 })
    const pod = await node.until('deadline', ({ status }) => status.phase === 'Failed')
    expect(pod.status.reason).toBe('DeadlineExceeded')
    await node.remove('deadline')
  })

  it('readiness is told while the pod ends, and a shorter grace period given later is honoured', async () => {
    await node.run('hurry', {
      terminationGracePeriodSeconds: 300,
      containers: [
        {
          ...node.container('trap "touch /tmp/ending" TERM; while :; do sleep 0.2; done'),
          readinessProbe: {
            exec: { command: ['test', '!', '-e', '/tmp/ending'] },
            ...{ periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 1 },
          },
        },
      ],
    })
    await node.ready('hurry')
    await node.client.delete(Pod, { namespace: 'default', name: 'hurry' })
    const ending = await node.until('hurry', pod => !isReady(pod))
    expect(ending.metadata.deletionTimestamp).toBeDefined()
    expect(statusOf(ending)).toMatchObject({ ready: false, started: true, state: { running: {} } })
    await node.client.delete(Pod, { namespace: 'default', name: 'hurry' }, { gracePeriodSeconds: 1 })
    await eventually(
      async () => !(await node.client.list(Pod, { namespace: 'default' })).items.some(p => p.metadata.name === 'hurry'),
      15_000,
    )
  })
})

describe('an agent that is restarted', () => {
  it('adopts running containers: same ids, no restart', async () => {
    await node.run('adopted')
    const before = await node.ready('adopted')
    await node.stopAgent()
    await node.startAgent()
    await eventually(() =>
      node.agent.kubelet.pods.some(({ metadata, status }) => metadata.name === 'adopted' && status.phase === 'Running'),
    )
    const after = await node.ready('adopted')
    expect(statusOf(after)).toMatchObject({ containerID: statusOf(before).containerID, restartCount: 0 })
    await node.remove('adopted')
  })

  it('keeps the files of running pods current, which another one wrote', async () => {
    const metadata = { name: 'kept', namespace: 'default' }
    await node.client.create(ConfigMap, { metadata, data: { key: 'old' } })
    await node.run('kept', {
      volumes: [{ name: 'v', configMap: { name: 'kept' } }],
      containers: [{ ...node.container(), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    })
    const pod = await node.ready('kept')
    await node.stopAgent()
    await node.client.patch(ConfigMap, metadata, { data: { key: 'new' } })
    await node.startAgent()
    await eventually(() => inside(pod, 'cat', '/v/key') === 'new', 20_000)
    await node.remove('kept')
  })

  it('removes pods that were deleted meanwhile, and leaves foreign containers alone', async () => {
    await node.run('orphan')
    const pod = await node.ready('orphan')
    const foreign = docker(
      'run',
      '-d',
      '--label',
      `io.kubernetes.pod.uid=${pod.metadata.uid}`,
      node.image,
      'sleep',
      '1000',
    )
    try {
      await node.stopAgent()
      await node.client.delete(Pod, { namespace: 'default', name: 'orphan' }, { gracePeriodSeconds: 0 })
      await node.startAgent()
      await eventually(() => docker('ps', '-aq', '--filter', 'name=k8s_main_orphan') === '', 20_000)
      expect(docker('inspect', '-f', '{{.State.Running}}', foreign)).toBe('true')
    } finally {
      docker('rm', '-f', foreign)
    }
  })
})
