// Behaviours that upstream's conformance suite asks of a node, each as a pod that shows it; many pods run at once.
// docs/conformance.md tells which of upstream's tests each stands for.
import { execFileSync } from 'node:child_process'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigMap, Event, Pod, type PodSpec, Secret, Service } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

let node: TestNode
const namespace = 'default'
const STAY = 'trap exit TERM; sleep 100000 & wait'
beforeAll(async () => {
  node = await TestNode.start()
  const metadata = { name: 'conf', namespace }
  await node.client.create(ConfigMap, { metadata, data: { data_1: 'value-1', data_2: 'value-2' } })
  await node.client.create(Secret, { metadata, data: { data_3: Buffer.from('value-3').toString('base64') } })
  await node.client.create(Service, {
    metadata: { name: 'fooservice', namespace },
    spec: { clusterIP: '10.96.7.7', ports: [{ port: 8765, targetPort: 8080, protocol: 'TCP' }] },
  })
})
afterAll(() => node?.[Symbol.asyncDispose]())

const idOf = (pod: Pod, name = 'main') => statusOf(pod, name).containerID!.replace('docker://', '')
/** Runs a pod to its end. @returns what it printed */
async function outputOf(
  name: string,
  script: string,
  container: object = {},
  spec: Partial<PodSpec> = {},
): Promise<string> {
  await node.run(name, { restartPolicy: 'Never', ...spec, containers: [{ ...node.container(script), ...container }] })
  const pod = await node.until(name, ({ status }) => status.phase === 'Succeeded' || status.phase === 'Failed', 60_000)
  return docker('logs', idOf(pod))
}
const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
const resource = (name: string, of: string, divisor = '1') => ({
  name,
  valueFrom: { resourceFieldRef: { resource: of, divisor } },
})

describe('the environment', () => {
  it.concurrent('takes single keys and whole objects from ConfigMaps and Secrets', async () => {
    const out = await outputOf('env-objects', 'echo $ONE $p_data_1 $p_data_2 $THREE $data_3', {
      envFrom: [{ prefix: 'p_', configMapRef: { name: 'conf' } }, { secretRef: { name: 'conf' } }],
      env: [
        { name: 'ONE', valueFrom: { configMapKeyRef: { name: 'conf', key: 'data_1' } } },
        { name: 'THREE', valueFrom: { secretKeyRef: { name: 'conf', key: 'data_3' } } },
      ],
    })
    expect(out).toBe('value-1 value-1 value-2 value-3 value-3')
  })
  it.concurrent('tells a pod its name, namespace, addresses, uid, requests and limits', async () => {
    const out = await outputOf('env-facts', 'echo $N $NS $UID_ $HOST $IP; echo $CL $ML $CR $MR', {
      resources: { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } },
      env: [
        field('N', 'metadata.name'), field('NS', 'metadata.namespace'), field('UID_', 'metadata.uid'),
        field('HOST', 'status.hostIP'), field('IP', 'status.podIP'),
        resource('CL', 'limits.cpu'), resource('ML', 'limits.memory'), resource('CR', 'requests.cpu', '1m'),
        resource('MR', 'requests.memory', '1Mi'),
      ],
    }) // prettier-ignore
    const pod = await node.get('env-facts')
    expect(out).toBe(
      `env-facts default ${pod.metadata.uid} ${pod.status.hostIP} ${pod.status.podIP}\n2 67108864 250 32`,
    )
  })
  it.concurrent('gives what the node has as the limit of a container without one', async () => {
    const out = await outputOf('env-default', 'echo $CL $ML', {
      env: [resource('CL', 'limits.cpu'), resource('ML', 'limits.memory')],
    })
    const [cpu, memory] = out.split(' ').map(Number)
    expect(cpu).toBeGreaterThan(0)
    expect(memory).toBeGreaterThan(2 ** 30)
  })
  it.concurrent('names the services of the namespace', async () => {
    const out = await outputOf(
      'env-services',
      'echo $FOOSERVICE_SERVICE_HOST $FOOSERVICE_SERVICE_PORT $FOOSERVICE_PORT $FOOSERVICE_PORT_8765_TCP $FOOSERVICE_PORT_8765_TCP_PROTO $FOOSERVICE_PORT_8765_TCP_PORT $FOOSERVICE_PORT_8765_TCP_ADDR',
    )
    expect(out).toBe('10.96.7.7 8765 tcp://10.96.7.7:8765 tcp://10.96.7.7:8765 tcp 8765 10.96.7.7')
  })
  it.concurrent('composes variables, and fills them into command and arguments', async () => {
    await node.run('expansion', {
      restartPolicy: 'Never',
      containers: [
        {
          ...node.container(),
          env: [{ name: 'FOO', value: 'foo' }, { name: 'BAR', value: 'bar;;$(FOO)' }, { name: 'SHELL_', value: 'sh' }],
          command: ['$(SHELL_)', '-c'],
          args: ["echo '$(BAR) $$(FOO) $(NONE)'"],
        },
      ],
    }) // prettier-ignore
    const pod = await node.until('expansion', ({ status }) => status.phase === 'Succeeded')
    expect(docker('logs', idOf(pod))).toBe('bar;;foo $(FOO) $(NONE)')
  })
})

describe('variables out of a file', () => {
  it.concurrent('are those that a container before left in a volume', async () => {
    const volumeMounts = [{ name: 'config', mountPath: '/data' }]
    const from = (key: string, optional = false) => ({
      name: key,
      valueFrom: { fileKeyRef: { volumeName: 'config', path: 'config.env', key, optional } },
    })
    const write = `echo "CONFIG_1='value 1'" > /data/config.env; echo "CONFIG_2='value 2'" >> /data/config.env`
    const out = await outputOf(
      'env-file',
      'env | grep CONFIG | sort',
      { env: [from('CONFIG_1'), from('CONFIG_2'), from('CONFIG_3', true)] },
      {
        volumes: [{ name: 'config', emptyDir: {} }],
        initContainers: [{ ...node.container(write), name: 'setup', volumeMounts }],
      },
    )
    expect(out).toBe('CONFIG_1=value 1\nCONFIG_2=value 2')
  })
  it.concurrent('keep a container waiting while they are missing', async () => {
    const fileKeyRef = { volumeName: 'config', path: 'config.env', key: 'A' }
    await node.run('env-file-missing', {
      volumes: [{ name: 'config', emptyDir: {} }],
      containers: [{ ...node.container(), env: [{ name: 'A', valueFrom: { fileKeyRef } }] }],
    })
    const pod = await node.until('env-file-missing', found => statusOf(found)?.state?.waiting?.message !== undefined)
    expect(statusOf(pod).state?.waiting).toMatchObject({
      reason: 'CreateContainerConfigError',
      message: 'environment variable file "config.env" not found in volume "config"',
    })
  })
})

describe('command and arguments', () => {
  const image = 'flotilla-test/entry:1'
  beforeAll(() => {
    const made = docker('create', node.image, 'none')
    const tar = execFileSync('docker', ['export', made], { maxBuffer: 64 << 20 })
    docker('rm', made)
    const change = ['--change', 'ENTRYPOINT ["/bin/echo","entry"]', '--change', 'CMD ["default"]']
    execFileSync('docker', ['import', ...change, '-', image], { input: tar })
  })
  afterAll(() => docker('image', 'rm', '-f', image))
  const cases: [string, object, string][] = [
    ['are the image’s where the pod has none', {}, 'entry default'],
    ['arguments override the image’s arguments', { args: ['mine'] }, 'entry mine'],
    ['a command overrides both', { command: ['/bin/echo', 'mine'] }, 'mine'],
    ['both override both', { command: ['/bin/echo', 'mine'], args: ['too'] }, 'mine too'],
  ]
  it.each(cases)('%s', async (title, spec, expected) => {
    const name = `command-${cases.findIndex(([known]) => known === title)}`
    await node.run(name, {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, imagePullPolicy: 'Never', ...spec }],
    })
    const pod = await node.until(name, ({ status }) => status.phase === 'Succeeded')
    expect(docker('logs', idOf(pod))).toBe(expected)
  })
})

describe('the termination message', () => {
  const messageOf = async (name: string, script: string, container: object) => {
    await outputOf(name, script, container)
    return statusOf(await node.get(name)).state?.terminated?.message
  }
  const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' }
  it.concurrent('is empty for a success that only logged', async () => {
    expect(await messageOf('message-none', 'echo DONE', fallback)).toBeUndefined()
  })
  it.concurrent('is the file of a success', async () => {
    expect(await messageOf('message-file', 'echo -n OK > /dev/termination-log', fallback)).toBe('OK')
  })
  it.concurrent('is the end of the log of a failure', async () => {
    expect(await messageOf('message-log', 'echo -n DONE; exit 1', fallback)).toBe('DONE')
  })
  it.concurrent('comes from a path of the pod’s own, written by a user who is not root', async () => {
    const container = { terminationMessagePath: '/tmp/custom', securityContext: { runAsUser: 1000 } }
    expect(await messageOf('message-path', 'echo -n DONE > /tmp/custom', container)).toBe('DONE')
  })
})

describe('hooks over HTTP', () => {
  it('are called after the start and before the end', async () => {
    const asked: string[] = []
    const server = createHttpServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['x-hook'] ?? ''}`)
      response.end('ok')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const hook = (path: string) => ({
      httpGet: { host: '127.0.0.1', port, path, httpHeaders: [{ name: 'X-Hook', value: 'mine' }] },
    })
    await node.run('hooks-http', {
      containers: [{ ...node.container(), lifecycle: { postStart: hook('/post'), preStop: hook('/pre') } }],
    })
    await node.ready('hooks-http')
    expect(asked).toEqual(['GET /post mine'])
    await node.remove('hooks-http')
    expect(asked).toEqual(['GET /post mine', 'GET /pre mine'])
    server.close()
  })
  it('have been asked, whatever the answer says, and over plain HTTP where no TLS is spoken', async () => {
    let asked = 0
    const server = createHttpServer((_request, response) => {
      asked++
      response.writeHead(500).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const postStart = { httpGet: { host: '127.0.0.1', port, path: '/', scheme: 'HTTPS' } }
    await node.run('hooks-plain', { containers: [{ ...node.container(), lifecycle: { postStart } }] })
    expect(statusOf(await node.ready('hooks-plain')).restartCount).toBe(0)
    expect(asked).toBe(1)
    server.close()
  })
})

describe('init containers', () => {
  it.concurrent('run once each where the pod is never restarted', async () => {
    await node.run('init-never', {
      restartPolicy: 'Never',
      initContainers: [node.container('true', 'init1'), node.container('true', 'init2')],
      containers: [node.container('true')],
    })
    const pod = await node.until('init-never', ({ status }) => status.phase === 'Succeeded')
    expect(pod.status.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode)).toEqual([0, 0])
    expect(pod.status.conditions?.find(({ type }) => type === 'Initialized')?.status).toBe('True')
  })
  it.concurrent('that fail keep the others from starting, and are tried again where the pod is restarted', async () => {
    await node.run('init-always', {
      initContainers: [node.container('false', 'init1'), node.container('true', 'init2')],
    })
    const pod = await node.until('init-always', p => (statusOf(p, 'init1')?.restartCount ?? 0) >= 1, 40_000)
    expect(pod.status.phase).toBe('Pending')
    expect(statusOf(pod, 'init2').state?.waiting?.reason).toBe('PodInitializing')
    expect(statusOf(pod).state?.waiting?.reason).toBe('PodInitializing')
    expect(pod.status.conditions?.find(({ type }) => type === 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [init1 init2]',
    })
  })
})

describe('a container', () => {
  it.concurrent('cannot write to a root file system that is read-only, and can to one that is not', async () => {
    const script = 'echo x > /file && echo written || echo refused'
    const readOnly = { securityContext: { readOnlyRootFilesystem: true } }
    expect(await outputOf('root-ro', `(${script}) 2>/dev/null`, readOnly)).toBe('refused')
    expect(await outputOf('root-rw', script)).toBe('written')
  })
  it.concurrent('runs as the user and group that it is told', async () => {
    expect(await outputOf('user', 'id -u', { securityContext: { runAsUser: 65_534 } })).toBe('65534')
    const group = { runAsUser: 1001, runAsGroup: 2002 }
    expect(await outputOf('group-own', 'id -u; id -g', { securityContext: group })).toBe('1001\n2002')
    expect(await outputOf('group-pod', 'id -u; id -g', {}, { securityContext: group })).toBe('1001\n2002')
  })
  it.concurrent('without privileges makes no links, and gains none where escalation is off', async () => {
    expect(
      await outputOf('unprivileged', '(ip link add dummy1 type dummy && echo made || echo refused) 2>/dev/null'),
    ).toBe('refused')
    const off = { securityContext: { allowPrivilegeEscalation: false, runAsUser: 1000 } }
    expect(await outputOf('no-escalation', 'grep NoNewPrivs /proc/self/status', off)).toMatch(/1$/)
  })
  it.concurrent(
    'with privileges mounts, sees the devices of the machine and writes to /proc, whatever that machine has been denied',
    async () => {
      const script = 'mkdir /m && mount -t tmpfs m /m && echo mounted; test -c /dev/kmsg && echo devices; echo 1 > /proc/sys/net/ipv4/ip_forward && echo wrote' // prettier-ignore
      expect(await outputOf('privileged', script, { securityContext: { privileged: true } })).toBe(
        'mounted\ndevices\nwrote',
      )
    },
  )
  it.concurrent('has the kernel settings of its pod', async () => {
    const sysctls = [{ name: 'kernel.shm_rmid_forced', value: '1' }]
    expect(
      await outputOf('sysctl-safe', 'cat /proc/sys/kernel/shm_rmid_forced', {}, { securityContext: { sysctls } }),
    ).toBe('1')
  })
})

describe('/etc/hosts', () => {
  it.concurrent('has the pod’s aliases', async () => {
    const hostAliases = [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }]
    expect(await outputOf('aliases', 'cat /etc/hosts', {}, { hostAliases })).toContain('123.45.67.89\tfoo\tbar')
  })
  it.concurrent('is the container’s own where it mounts one', async () => {
    const out = await outputOf(
      'own-hosts',
      'cat /etc/hosts',
      { volumeMounts: [{ name: 'hosts', mountPath: '/etc/hosts' }] },
      { volumes: [{ name: 'hosts', hostPath: { path: '/etc/hosts', type: 'File' } }] },
    )
    expect(out).not.toContain('Kubernetes-managed')
  })
  it.concurrent('is marked as managed otherwise', async () => {
    expect(await outputOf('managed-hosts', 'cat /etc/hosts')).toContain('# Kubernetes-managed hosts file.')
  })
})

describe('paths inside volumes', () => {
  const mount = (subPathExpr: string) => [{ name: 'v', mountPath: '/sub', subPathExpr }]
  const volumes = [{ name: 'v', emptyDir: {} }]
  it.concurrent('are made of variables', async () => {
    const out = await outputOf(
      'subpath',
      'echo x > /sub/file; ls /all',
      { env: [field('NAME', 'metadata.name')], volumeMounts: [...mount('$(NAME)'), { name: 'v', mountPath: '/all' }] },
      { volumes },
    )
    expect(out).toBe('subpath')
  })
  it.concurrent.each([
    ['absolute', '/tmp'],
    ['up', '..'],
  ])('never lead %s', async (name, value) => {
    await node.run(`subpath-${name}`, {
      volumes,
      containers: [{ ...node.container(), env: [{ name: 'PATH_', value }], volumeMounts: mount('$(PATH_)') }],
    })
    const pod = await node.until(
      `subpath-${name}`,
      p => statusOf(p).state?.waiting?.reason === 'CreateContainerConfigError',
    )
    expect(statusOf(pod).state?.waiting?.message).toContain('subPath must be relative')
  })
  it.concurrent('that failed are tried again when the pod’s annotations change', async () => {
    await node.run('subpath-later', {
      volumes,
      containers: [
        {
          ...node.container(),
          env: [field('FOLDER', "metadata.annotations['folder']")],
          volumeMounts: mount('$(FOLDER)/x'),
        },
      ],
    })
    await node.until('subpath-later', p => statusOf(p).state?.waiting?.reason === 'CreateContainerConfigError')
    await node.client.patch(
      Pod,
      { namespace, name: 'subpath-later' },
      { metadata: { annotations: { folder: 'mine' } } },
    )
    await node.until('subpath-later', ({ status }) => status.phase === 'Running', 40_000)
  })
})

/** How often each probe of the pod succeeded. */
async function successes(pod: string): Promise<number[]> {
  const text = await (await fetch(`${node.kubeletUrl}/metrics/probes`)).text()
  const lines = text.split('\n').filter(line => line.includes(`pod="${pod}"`) && line.includes('result="successful"'))
  return lines.map(line => Number(line.split(' ').at(-1)))
}

describe('probes', () => {
  it.concurrent(
    'that succeed never restart: http, tcp, exec, and a redirect that leads elsewhere, with a warning',
    async () => {
      const server = createHttpServer((_request, answer) =>
        answer.writeHead(302, { location: 'http://0.0.0.0/' }).end('moved'),
      )
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      const serve = `mkdir /www; echo ok > /www/healthz; touch /tmp/health; httpd -p 8080 -h /www; ${STAY}`
      const every = { periodSeconds: 1, failureThreshold: 1, initialDelaySeconds: 1 }
      const probes: Record<string, object> = {
        http: { httpGet: { path: '/healthz', port: 8080 } },
        tcp: { tcpSocket: { port: 8080 } },
        exec: { exec: { command: ['cat', '/tmp/health'] }, timeoutSeconds: 10 },
        away: { httpGet: { host: '127.0.0.1', port } },
      }
      await node.run('healthy', {
        // A port of its own each, in the one network that they share.
        containers: Object.entries(probes).map(([name, probe], i) => ({
          ...node.container(serve.replace('8080', `${8080 + i}`), name),
          livenessProbe: JSON.parse(JSON.stringify({ ...every, ...probe }).replace('8080', `${8080 + i}`)) as object,
        })),
      })
      await node.ready('healthy')
      await eventually(async () => {
        const counts = await successes('healthy')
        return counts.length === 4 && counts.every(count => count >= 3)
      }, 40_000)
      const pod = await node.get('healthy')
      expect(pod.status.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0, 0, 0, 0])
      await eventually(async () => {
        const { items } = await node.client.list(Event, { namespace })
        const warnings = items.filter(
          ({ reason, involvedObject }) => reason === 'ProbeWarning' && involvedObject.name === 'healthy',
        )
        expect(warnings.map(({ message }) => message)).toEqual([
          'Liveness probe warning: Probe terminated redirects, Response body: moved',
        ])
      })
      server.close()
    },
  )
  it.concurrent('that fail restart, again and again: http', async () => {
    await node.run('sick', {
      containers: [
        {
          ...node.container(`mkdir /www; httpd -p 8080 -h /www; ${STAY}`),
          livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1, failureThreshold: 1 },
        },
      ],
    })
    const first = await node.until('sick', pod => statusOf(pod)?.restartCount === 1, 40_000)
    expect(statusOf(first).lastState?.terminated).toBeDefined()
    await node.until('sick', pod => statusOf(pod).restartCount === 2, 60_000)
  })
  it.concurrent('over gRPC speak the health protocol', async () => {
    const server = new GrpcServer()
    let status = 1
    const bytes = { requestSerialize: (b: Buffer) => b, requestDeserialize: (b: Buffer) => b, responseSerialize: (b: Buffer) => b, responseDeserialize: (b: Buffer) => b } // prettier-ignore
    server.addService(
      { Check: { path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false, ...bytes } },
      {
        Check: (_call: unknown, answer: (error: null, value: Buffer) => void) => answer(null, Buffer.from([8, status])),
      },
    )
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('0.0.0.0:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    )
    await node.run('grpc', {
      hostNetwork: true,
      containers: [
        {
          ...node.container(),
          livenessProbe: { grpc: { port }, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 5 },
        },
      ],
    })
    await node.ready('grpc')
    await eventually(async () => (await successes('grpc')).some(count => count >= 2), 40_000)
    expect(statusOf(await node.get('grpc')).restartCount).toBe(0)
    status = 2
    await node.until('grpc', pod => statusOf(pod).restartCount >= 1, 40_000)
    server.forceShutdown()
  })
  it.concurrent('of readiness wait for their delay, and never restart', async () => {
    await node.run('delayed', {
      containers: [
        {
          ...node.container(),
          readinessProbe: { exec: { command: ['true'] }, initialDelaySeconds: 4, periodSeconds: 1, timeoutSeconds: 10 },
        },
        {
          ...node.container(STAY, 'never'),
          readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1, timeoutSeconds: 10 },
        },
      ],
    })
    const pod = await node.until('delayed', p => statusOf(p)?.ready === true, 40_000)
    const startedAt = Date.parse(statusOf(pod).state!.running!.startedAt!)
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(4000)
    expect(statusOf(pod, 'never')).toMatchObject({ ready: false, restartCount: 0, started: true })
    expect(pod.status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      message: 'containers with unready status: [never]',
    })
  })
})

describe('a pod that runs', () => {
  it.concurrent('ends when a deadline is given to it later', async () => {
    await node.run('deadline-later')
    await node.until('deadline-later', ({ status }) => status.phase === 'Running', 40_000)
    await node.client.patch(Pod, { namespace, name: 'deadline-later' }, { spec: { activeDeadlineSeconds: 1 } })
    await node.until('deadline-later', ({ status }) => status.reason === 'DeadlineExceeded', 40_000)
  })
  it.concurrent('takes a second debugging container beside the first', async () => {
    await node.run('two-debuggers')
    await node.until('two-debuggers', ({ status }) => status.phase === 'Running', 40_000)
    const debuggers = ['one', 'two'].map(name => node.container(STAY, name))
    for (const count of [1, 2])
      await node.client.patch(
        Pod,
        { namespace, name: 'two-debuggers' },
        { spec: { ephemeralContainers: debuggers.slice(0, count) } },
        { subresource: 'ephemeralcontainers' },
      )
    await node.until(
      'two-debuggers',
      ({ status }) => status.ephemeralContainerStatuses?.filter(({ state }) => state?.running).length === 2,
      40_000,
    )
  })
})
