// What the documentation's pages on configuring pods show, with the outputs that they print; many pods run at once.
// @see https://kubernetes.io/docs/tasks/configure-pod-container/ and /docs/concepts/workloads/pods/
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigMap, Event, Node, Pod, type PodSpec } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from './support/node.ts'
import { TestNode, isReady, statusOf } from './support/test-node.ts'

let node: TestNode
const namespace = 'default'
const STAY = 'trap exit TERM; sleep 100000 & wait'
beforeAll(async () => {
  node = await TestNode.start()
})
afterAll(() => node?.[Symbol.asyncDispose]())

const idOf = (pod: Pod, name = 'main') => statusOf(pod, name).containerID!.replace('docker://', '')
const inside = (pod: Pod, ...command: string[]) => docker('exec', idOf(pod), ...command)
/** Runs a pod to its end. @returns what it printed */
async function outputOf(name: string, script: string, container: object = {}, spec: Partial<PodSpec> = {}) {
  await node.run(name, { restartPolicy: 'Never', ...spec, containers: [{ ...node.container(script), ...container }] })
  const pod = await node.until(name, ({ status }) => status.phase === 'Succeeded' || status.phase === 'Failed')
  return docker('logs', idOf(pod))
}
const waitingFor = (name: string, reason: string) =>
  node.until(name, pod => statusOf(pod)?.state?.waiting?.reason === reason)
const eventsOf = async (name: string, reason: string) =>
  (await node.client.list(Event, { namespace })).items
    .filter(event => event.involvedObject.name === name && event.reason === reason)
    .map(({ message }) => message)
const logsOf = async (pod: string, query = '') =>
  (await fetch(`${node.kubeletUrl}/containerLogs/default/${pod}/main?${query}`)).text()

describe('a security context', () => {
  it.concurrent('gives processes the pod’s user and groups, and files of volumes its fsGroup', async () => {
    const script =
      'stat -c %u /proc/$!; stat -c "%a %u %g" /data/demo; cd /data/demo; echo hello > testfile; stat -c "%u %g" testfile; id'
    const out = await outputOf(
      'security-context-demo',
      `sleep 100 & ${script}; kill $!`,
      {
        securityContext: { allowPrivilegeEscalation: false },
        volumeMounts: [{ name: 'sec-ctx-vol', mountPath: '/data/demo' }],
      },
      {
        securityContext: { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000] },
        volumes: [{ name: 'sec-ctx-vol', emptyDir: {} }],
      },
    ) // prettier-ignore
    expect(out.split('\n')).toEqual(['1000', '2777 0 2000', '1000 2000', 'uid=1000 gid=3000 groups=2000,3000,4000'])
  })
  it.concurrent('adds and drops capabilities', async () => {
    const script = 'grep -E "^Cap(Prm|Eff)" /proc/1/status | tr -s "\\t" " "'
    const of = (name: string, capabilities?: object) =>
      outputOf(name, script, capabilities ? { securityContext: { capabilities } } : {})
    expect(await of('capabilities-default')).toBe('CapPrm: 00000000a80425fb\nCapEff: 00000000a80425fb')
    expect(await of('capabilities-added', { add: ['NET_ADMIN', 'SYS_TIME'] })).toBe(
      'CapPrm: 00000000aa0435fb\nCapEff: 00000000aa0435fb',
    )
    expect(await of('capabilities-none', { drop: ['ALL'], add: ['NET_BIND_SERVICE'] })).toBe(
      'CapPrm: 0000000000000400\nCapEff: 0000000000000400',
    )
  })
  it.concurrent('filters system calls by the runtime’s profile, by one of the node’s, or not at all', async () => {
    const folder = join(node.folder.path, 'data', 'seccomp', 'profiles')
    mkdirSync(folder, { recursive: true })
    const refuse = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }
    writeFileSync(
      join(folder, 'no-folders.json'),
      JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [refuse] }),
    )
    const script =
      'grep ^Seccomp: /proc/self/status | tr -s "\\t" " "; mkdir /tmp/x 2>/dev/null && echo made || echo refused'
    const of = (name: string, seccompProfile: object) => outputOf(name, script, { securityContext: { seccompProfile } })
    expect(await of('seccomp-default', { type: 'RuntimeDefault' })).toBe('Seccomp: 2\nmade')
    expect(await of('seccomp-none', { type: 'Unconfined' })).toBe('Seccomp: 0\nmade')
    const localhostProfile = 'profiles/no-folders.json'
    expect(await of('seccomp-own', { type: 'Localhost', localhostProfile })).toBe('Seccomp: 2\nrefused')
    await node.run('seccomp-missing', {
      containers: [
        { ...node.container(), securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'nope.json' } } },
      ],
    }) // prettier-ignore
    const pod = await waitingFor('seccomp-missing', 'CreateContainerConfigError')
    expect(statusOf(pod).state?.waiting?.message).toContain('cannot load seccomp profile')
  })
  it.concurrent('hands SELinux labels to Docker', async () => {
    await node.run('selinux', { securityContext: { seLinuxOptions: { level: 's0:c123,c456' } } })
    const pod = await node.ready('selinux')
    expect(docker('inspect', '-f', '{{.HostConfig.SecurityOpt}}', idOf(pod))).toContain('label=level:s0:c123,c456')
  })
})

describe('namespaces', () => {
  const own = (kind: string) => readlinkSync(`/proc/self/ns/${kind}`)
  it.concurrent('are the machine’s where the pod asks for them, and its own otherwise', async () => {
    const script = 'for kind in net ipc pid; do readlink /proc/self/ns/$kind; done'
    const host = { hostNetwork: true, hostIPC: true, hostPID: true }
    expect((await outputOf('host-namespaces', script, {}, host)).split('\n')).toEqual(['net', 'ipc', 'pid'].map(own))
    const mine = (await outputOf('own-namespaces', script)).split('\n')
    expect(mine).toHaveLength(3)
    for (const kind of ['net', 'ipc', 'pid']) expect(mine).not.toContain(own(kind))
  })
  it.concurrent('of processes may be shared: containers see, signal and look into each other', async () => {
    const container = (name: string, script: string) => ({
      ...node.container(script, name),
      securityContext: { capabilities: { add: ['SYS_PTRACE'] } },
    })
    await node.run('shared-processes', {
      shareProcessNamespace: true,
      containers: [
        container('main', STAY),
        container('other', 'echo secret > /mine; trap "echo hup > /heard" HUP; echo $$$$ > /pid; while :; do sleep 0.2; done'),
      ],
    }) // prettier-ignore
    const pod = await node.ready('shared-processes')
    expect(inside(pod, 'cat', '/proc/1/cmdline')).toContain('/pause')
    const pid = docker('exec', idOf(pod, 'other'), 'cat', '/pid').trim()
    inside(pod, 'kill', '-HUP', pid)
    expect(inside(pod, 'cat', `/proc/${pid}/root/mine`)).toBe('secret')
    await eventually(() => docker('exec', idOf(pod, 'other'), 'cat', '/heard') === 'hup')
  })
})

describe('hooks', () => {
  it.concurrent('may sleep: the container starts, and ends, that much later', async () => {
    const sleep = { sleep: { seconds: 2 } }
    await node.run('hook-sleep', {
      terminationGracePeriodSeconds: 30,
      containers: [{ ...node.container(), lifecycle: { postStart: sleep, preStop: sleep } }],
    })
    const pod = await node.ready('hook-sleep')
    const startedAt = Date.parse(statusOf(pod).state!.running!.startedAt!)
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(2000)
    const begun = performance.now()
    await node.remove('hook-sleep')
    expect(performance.now() - begun).toBeGreaterThanOrEqual(2000)
  })
  it.concurrent('may connect to a port', async () => {
    let connections = 0
    const server = createServer(socket => {
      connections++
      socket.destroy()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const tcp = { tcpSocket: { host: '127.0.0.1', port } }
    await node.run('hook-tcp', { containers: [{ ...node.container(), lifecycle: { postStart: tcp, preStop: tcp } }] })
    await node.ready('hook-tcp')
    expect(connections).toBe(1)
    await node.remove('hook-tcp')
    expect(connections).toBe(2)
    server.close()
  })
  it.concurrent('that fail after the start kill the container, and say so', async () => {
    await node.run('hook-fails', {
      containers: [{ ...node.container(), lifecycle: { postStart: { exec: { command: ['false'] } } } }],
    })
    await node.until('hook-fails', pod => statusOf(pod)?.lastState?.terminated !== undefined)
    await eventually(async () =>
      expect((await eventsOf('hook-fails', 'FailedPostStartHook')).join()).toContain('PostStartHook failed'),
    )
  })
  it.concurrent('that still run when the pod is deleted hold up nothing', async () => {
    const wait = { exec: { command: ['sleep', '100'] } }
    await node.run('hook-hangs', { containers: [{ ...node.container(), lifecycle: { postStart: wait } }] })
    const { uid } = (await node.get('hook-hangs')).metadata
    const started = () =>
      docker('ps', '-q', '--filter', `label=io.kubernetes.pod.uid=${uid}`, '--filter', 'name=k8s_main')
    await eventually(() => started() !== '', 60_000)
    expect(statusOf(await node.get('hook-hangs'))?.state?.running).toBeUndefined()
    const begun = performance.now()
    await node.remove('hook-hangs')
    expect(performance.now() - begun).toBeLessThan(60_000)
  })
  it.concurrent('of a container that is killed for its probe are cut off when the pod is to end sooner', async () => {
    await node.run('hook-cut', {
      terminationGracePeriodSeconds: 300,
      containers: [
        {
          ...node.container(),
          lifecycle: { preStop: { sleep: { seconds: 250 } } },
          livenessProbe: { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 },
        },
      ],
    })
    await eventually(async () => (await eventsOf('hook-cut', 'Killing')).length > 0, 60_000)
    await node.client.delete(Pod, { namespace, name: 'hook-cut' }, { gracePeriodSeconds: 1 })
    const begun = performance.now()
    await eventually(async () => {
      const { items } = await node.client.list(Pod, { namespace })
      return !items.some(({ metadata }) => metadata.name === 'hook-cut')
    }, 100_000)
    expect(performance.now() - begun).toBeLessThan(90_000)
  })
  it.concurrent('the signal that ends a container may be its own', async () => {
    await node.run('stop-signal', {
      os: { name: 'linux' },
      volumes: [{ name: 'v', hostPath: { path: node.folder.path } }],
      containers: [
        {
          ...node.container('trap "echo usr1 > /v/signal; exit 0" USR1; touch /v/signal; while :; do sleep 0.1; done'),
          lifecycle: { stopSignal: 'SIGUSR1' },
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
        },
      ],
    })
    const pod = await node.ready('stop-signal')
    expect(statusOf(pod).stopSignal).toBe('SIGUSR1')
    await eventually(() => readFileSync(join(node.folder.path, 'signal'), 'utf8') === '')
    await node.remove('stop-signal')
    expect(readFileSync(join(node.folder.path, 'signal'), 'utf8')).toBe('usr1\n')
  })
})

describe('readiness', () => {
  it.concurrent('waits for the conditions that the pod names, whoever sets them', async () => {
    const conditionType = 'www.example.com/feature-1'
    await node.run('gates', { readinessGates: [{ conditionType }] })
    const waiting = await node.until('gates', ({ status }) =>
      status.conditions!.some(({ type, status }) => type === 'ContainersReady' && status === 'True'),
    )
    expect(waiting.status.conditions!.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message: `corresponding condition of pod readiness gate "${conditionType}" does not exist.`,
    })
    const condition = { type: conditionType, status: 'True' }
    const key = { namespace, name: 'gates' }
    await node.client.patch(Pod, key, { status: { conditions: [condition] } }, { subresource: 'status' })
    await node.ready('gates')
    await node.client.patch(
      Pod,
      key,
      { status: { conditions: [{ ...condition, status: 'False' }] } },
      { subresource: 'status' },
    )
    await node.until('gates', pod => !isReady(pod))
  })
  it.concurrent(
    'of a container that starts slowly waits for its startup probe, which restarts it in the end',
    async () => {
      const often = { periodSeconds: 1, timeoutSeconds: 20 }
      await node.run('startup', {
        containers: [
          {
            ...node.container(),
            startupProbe: { ...often, exec: { command: ['cat', '/tmp/started'] }, failureThreshold: 3 },
            livenessProbe: { ...often, exec: { command: ['false'] }, failureThreshold: 1, initialDelaySeconds: 600 },
          },
        ],
      })
      const slow = await node.until('startup', pod => statusOf(pod)?.state?.running !== undefined)
      expect(statusOf(slow)).toMatchObject({ started: false, ready: false })
      await node.until('startup', pod => statusOf(pod).restartCount === 1)
      await eventually(async () => {
        expect(await eventsOf('startup', 'Killing')).toContain('Container main failed startup probe, will be restarted')
        expect(await eventsOf('startup', 'Unhealthy')).toContain(
          "Startup probe failed: cat: can't open '/tmp/started': No such file or directory\n",
        )
      })
    },
  )
})

describe('memory', () => {
  it.concurrent('beyond its limit is the end of a container: OOMKilled', async () => {
    await node.run('memory-demo-2', {
      restartPolicy: 'Never',
      containers: [
        {
          ...node.container('head -c 200000000 /dev/zero | tail -c 150000000 > /dev/null'),
          resources: { requests: { memory: '16Mi' }, limits: { memory: '32Mi' } },
        },
      ],
    })
    const pod = await node.until('memory-demo-2', ({ status }) => status.phase === 'Failed')
    expect(statusOf(pod).state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 })
  })
  it.concurrent('for files is as large as the volume says', async () => {
    const volumes = [{ name: 'v', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } }]
    const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
    const script = 'df -m /v | tail -1 | tr -s " " | cut -d " " -f 2'
    expect(await outputOf('memory-volume', script, mount, { volumes })).toBe('64')
  })
  it.concurrent('for files is no more than its pod may use, or without a limit what all pods may', async () => {
    const volumes = [{ name: 'v', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } }]
    const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
    const script = 'df -k /v | tail -1 | tr -s " " | cut -d " " -f 2'
    const limited = { ...mount, resources: { limits: { memory: '32Mi' } } }
    expect(await outputOf('memory-volume-pod', script, limited, { volumes })).toBe(String(32 * 1024))
    const any = [{ name: 'v', emptyDir: { medium: 'Memory' } }]
    const { allocatable } = (await node.client.get(Node, { name: node.nodeName })).status
    expect(`${await outputOf('memory-volume-any', script, mount, { volumes: any })}Ki`).toBe(allocatable!['memory'])
  })
})

describe('a hostPath', () => {
  const mounted = (type: string, path: string) => ({
    volumes: [{ name: 'v', hostPath: { path, type } }],
    containers: [{ ...node.container(), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
  })
  it.concurrent('is what its type says, or is made', async () => {
    const path = (name: string) => join(node.folder.path, name)
    const socket = createServer()
    await new Promise<void>(resolve => socket.listen(path('socket'), resolve))
    await node.run('path-file', mounted('FileOrCreate', path('made')))
    await node.run('path-socket', mounted('Socket', path('socket')))
    await node.run('path-device', mounted('CharDevice', '/dev/null'))
    for (const name of ['path-file', 'path-socket', 'path-device']) await node.ready(name)
    expect(readFileSync(path('made'), 'utf8')).toBe('')
    socket.close()
  })
  it.concurrent.each([
    ['Directory', '/etc/hostname', 'a directory'],
    ['File', '/etc', 'a file'],
    ['Socket', '/etc', 'a socket file'],
    ['CharDevice', '/etc', 'a character device'],
    ['BlockDevice', '/dev/null', 'a block device'],
    ['File', '/nowhere', 'a file'],
  ])('of type %s that is not (%s) is told', async (type, path, what) => {
    const name = `path-not-${type.toLowerCase()}-${path === '/nowhere' ? 'there' : 'right'}`
    await node.run(name, mounted(type, path))
    await eventually(async () => {
      const message = `MountVolume.SetUp failed for volume "v" : hostPath type check failed: ${path} is not ${what}`
      expect(await eventsOf(name, 'FailedMount')).toContain(message)
    })
  })
})

describe('a ConfigMap that vanishes', () => {
  it.concurrent('takes nothing from a pod that runs, and is followed again when it is back', async () => {
    const metadata = { name: 'vanishes', namespace }
    await node.client.create(ConfigMap, { metadata, data: { key: 'old' } })
    await node.run('keeps', {
      volumes: [{ name: 'v', configMap: { name: 'vanishes' } }],
      containers: [{ ...node.container(), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    })
    const pod = await node.ready('keeps')
    await node.client.delete(ConfigMap, metadata)
    await eventually(async () => {
      expect(await eventsOf('keeps', 'FailedMount')).toContain(
        'MountVolume.SetUp failed for volume "v" : configmap "vanishes" not found',
      )
    })
    expect(inside(pod, 'cat', '/v/key')).toBe('old')
    await node.client.create(ConfigMap, { metadata, data: { key: 'new' } })
    await eventually(() => inside(pod, 'cat', '/v/key') === 'new', 40_000)
    expect(statusOf(await node.ready('keeps')).restartCount).toBe(0)
  })
})

describe('a sidecar', () => {
  it.concurrent(
    'starts first, and ends with the last of the others: a pod that works off something is done',
    async () => {
      const sidecar = { ...node.container(`touch /v/ready; ${STAY}`, 'side'), restartPolicy: 'Always' }
      const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
      await node.run('myjob', {
      restartPolicy: 'Never',
      volumes: [{ name: 'v', emptyDir: {} }],
      initContainers: [
        { ...sidecar, ...mount, startupProbe: { exec: { command: ['cat', '/v/ready'] }, periodSeconds: 1, timeoutSeconds: 20 } },
      ],
      containers: [{ ...node.container('cat /v/ready && echo logging > /v/log'), ...mount }],
    }) // prettier-ignore
      const pod = await node.until('myjob', ({ status }) => status.phase === 'Succeeded')
      expect(statusOf(pod).state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' })
      expect(statusOf(pod, 'side').state?.terminated).toBeDefined()
    },
  )
})

describe('logs', () => {
  it.concurrent('are those of the run before, those since a moment, and whole over rotated files', async () => {
    const lines = 40_000
    // 400 bytes a line: more than Docker keeps in one file.
    const script = `if [ -e /v/again ]; then echo second; ${STAY}; fi; touch /v/again; x=$(head -c 400 /dev/zero | tr "\\\\0" x); seq -f "%.0f $x" ${lines} 2>/dev/null || for i in $(seq ${lines}); do echo "$i $x"; done`
    await node.run('logs', {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ ...node.container(script), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    })
    const pod = await node.until('logs', p => statusOf(p)?.restartCount === 1 && isReady(p))
    await eventually(async () => (await logsOf('logs')) === 'second\n')
    const previous = (await logsOf('logs', 'previous=true')).trimEnd().split('\n')
    expect(previous).toHaveLength(lines)
    expect(previous.map(line => Number(line.split(' ')[0]))).toEqual(Array.from({ length: lines }, (_, i) => i + 1))
    const startedAt = Date.parse(statusOf(pod).state!.running!.startedAt!)
    const at = (ms: number) => `sinceTime=${new Date(ms).toISOString()}`
    expect(await logsOf('logs', at(startedAt - 60_000))).toBe('second\n')
    expect(await logsOf('logs', at(startedAt + 3_600_000))).toBe('')
  })
})
