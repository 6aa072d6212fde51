// What the documentation's pages on the life of pods and on debugging them show: events, states and messages word by word.
// @see https://kubernetes.io/docs/concepts/workloads/pods/ and /docs/tasks/debug/debug-application/
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Event, type Pod } from '../../src/shared/api/core/v1.ts'
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
const conditionOf = (pod: Pod, type: string) => pod.status.conditions?.find(condition => condition.type === type)
const isOver = ({ status }: Pod) => status.phase === 'Succeeded' || status.phase === 'Failed'
/** In the order in which they came first. */
const eventsOf = async (name: string) =>
  (await node.client.list(Event, { namespace })).items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .toSorted((a, b) => (a.firstTimestamp ?? '').localeCompare(b.firstTimestamp ?? ''))
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`)

describe('the reason of a failure', () => {
  const terminated = async (name: string, container: string) =>
    statusOf(await node.until(name, isOver), container).state!.terminated!

  it.concurrent('is what the container wrote to its termination log', async () => {
    const container = node.container('sleep 1 && echo Sleep expired > /dev/termination-log', 'termination-demo')
    await node.run('termination-demo', { restartPolicy: 'Never', containers: [container] })
    expect(await terminated('termination-demo', 'termination-demo')).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
      message: 'Sleep expired\n',
    })
  })
  it.concurrent('is the end of a long one: 4096 bytes', async () => {
    const script =
      'head -c 3000 /dev/zero | tr "\\0" a > /tmp/my-log; head -c 4000 /dev/zero | tr "\\0" b >> /tmp/my-log; exit 3'
    const container = { ...node.container(script), terminationMessagePath: '/tmp/my-log' }
    await node.run('long-message', { restartPolicy: 'Never', containers: [container] })
    const { exitCode, reason, message } = await terminated('long-message', 'main')
    expect({ exitCode, reason, message }).toEqual({ exitCode: 3, reason: 'Error', message: 'a'.repeat(96) + 'b'.repeat(4000) }) // prettier-ignore
  })
  it.concurrent('is the end of the log where the container says so: 80 lines, or 2048 bytes', async () => {
    const failing = (script: string, name: string) => ({
      ...node.container(`${script}; exit 1`, name),
      terminationMessagePolicy: 'FallbackToLogsOnError',
    })
    await node.run('fallback', {
      restartPolicy: 'Never',
      containers: [
        failing('for i in $(seq 100); do echo $i; done', 'lines'),
        failing('head -c 3000 /dev/zero | tr "\\0" x', 'bytes'),
        failing('echo logged; printf written > /dev/termination-log', 'file'),
      ],
    })
    const messageOf = async (container: string) => (await terminated('fallback', container)).message
    expect(await messageOf('lines')).toBe(Array.from({ length: 80 }, (_, i) => `${i + 21}\n`).join(''))
    expect(await messageOf('bytes')).toBe('x'.repeat(2048))
    expect(await messageOf('file')).toBe('written')
  })
  it.concurrent('is shared by the containers of a pod: 12 KiB for all', async () => {
    const names = Array.from({ length: 6 }, (_, i) => `c${i}`)
    const script = 'head -c 4096 /dev/zero | tr "\\0" m > /dev/termination-log'
    await node.run('crowd', { restartPolicy: 'Never', containers: names.map(name => node.container(script, name)) })
    for (const name of names) expect((await terminated('crowd', name)).message).toBe('m'.repeat(2048))
  })
})

describe('events', () => {
  it.concurrent('tell how a pod began', async () => {
    await node.run('begins')
    await node.ready('begins')
    const here = `Container image "${node.image}" already present on machine and can be accessed by the pod`
    await eventually(async () =>
      expect(await eventsOf('begins')).toEqual([
        `Normal Pulled: ${here}`,
        'Normal Created: Container created',
        'Normal Started: Container started',
      ]),
    )
  })
  it.concurrent('tell that it ends, and of hooks that fail not what they said', async () => {
    const exec = (command: string) => ({ exec: { command: ['sh', '-c', command] } })
    await node.run('ends', {
      containers: [{ ...node.container(), lifecycle: { preStop: exec('echo secret; exit 1') } }],
    })
    await node.run('hooked', {
      restartPolicy: 'Never',
      containers: [{ ...node.container(), lifecycle: { postStart: exec('echo secret; exit 1') } }],
    })
    await node.ready('ends')
    await node.remove('ends')
    await eventually(async () =>
      expect((await eventsOf('ends')).slice(3)).toEqual([
        'Normal Killing: Stopping container main',
        'Warning FailedPreStopHook: PreStopHook failed',
      ]),
    )
    await eventually(async () =>
      expect((await eventsOf('hooked')).slice(3)).toEqual([
        'Warning FailedPostStartHook: PostStartHook failed',
        'Normal Killing: FailedPostStartHook',
      ]),
    )
  })
  it.concurrent('tell of a container that crashes, and so does its state', async () => {
    await node.run('crashes', { containers: [node.container('exit 1')] })
    const pod = await node.until('crashes', now => statusOf(now)?.state?.waiting?.reason === 'CrashLoopBackOff')
    const what = (separator: string, place: string) =>
      `failed container${separator}main ${place}crashes_default(${pod.metadata.uid})`
    expect(statusOf(pod).state?.waiting?.message).toBe(`back-off 10s restarting ${what('=', 'pod=')}`)
    await eventually(async () =>
      expect(await eventsOf('crashes')).toContain(`Warning BackOff: Back-off restarting ${what(' ', 'in pod ')}`),
    )
  })
  it.concurrent('tell of an image that is not here, or is none, by the name of the failure', async () => {
    const of = (image: string) => ({ ...node.container(), image, imagePullPolicy: 'Never' })
    await node.run('not-here', { containers: [of('not-here:1')] })
    await node.run('no-image', { containers: [of('Not/An:image:1')] })
    await node.until('not-here', pod => statusOf(pod)?.state?.waiting?.reason === 'ErrImageNeverPull')
    await node.until('no-image', pod => statusOf(pod)?.state?.waiting?.reason === 'InvalidImageName')
    await eventually(async () =>
      expect(await eventsOf('not-here')).toEqual(
        expect.arrayContaining([
          'Warning ErrImageNeverPull: Container image "not-here:1" is not present with pull policy of Never',
          'Warning Failed: Error: ErrImageNeverPull',
        ]),
      ),
    )
    await eventually(async () =>
      expect(await eventsOf('no-image')).toEqual(
        expect.arrayContaining([
          'Warning InspectFailed: Failed to apply default image tag "Not/An:image:1": couldn\'t parse image name "Not/An:image:1": invalid reference format',
          'Warning Failed: Error: InvalidImageName',
        ]),
      ),
    )
  })
})

describe('init containers', () => {
  it.concurrent('run one after the other, which the pod says meanwhile', async () => {
    const wait = (file: string) => `until [ -e /v/${file} ]; do sleep 0.1; done`
    const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
    await node.run('myapp-pod', {
      volumes: [{ name: 'v', emptyDir: {} }],
      initContainers: [
        { ...node.container(wait('myservice'), 'init-myservice'), ...mount },
        { ...node.container(wait('mydb'), 'init-mydb'), ...mount },
      ],
      containers: [{ ...node.container(`echo The app is running!; ${STAY}`, 'myapp-container'), ...mount }],
    })
    const first = await node.until('myapp-pod', pod => statusOf(pod, 'init-myservice')?.state?.running !== undefined)
    expect(first.status.phase).toBe('Pending')
    expect(conditionOf(first, 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [init-myservice init-mydb]',
    })
    for (const name of ['init-mydb', 'myapp-container'])
      expect(statusOf(first, name).state).toEqual({ waiting: { reason: 'PodInitializing' } })
    docker('exec', idOf(first, 'init-myservice'), 'touch', '/v/myservice')
    const second = await node.until('myapp-pod', pod => statusOf(pod, 'init-mydb')?.state?.running !== undefined)
    expect(statusOf(second, 'init-myservice')).toMatchObject({ ready: true, state: { terminated: { reason: 'Completed' } } }) // prettier-ignore
    expect(conditionOf(second, 'Initialized')?.message).toBe('containers with incomplete status: [init-mydb]')
    docker('exec', idOf(second, 'init-mydb'), 'touch', '/v/mydb')
    const pod = await node.ready('myapp-pod')
    expect(conditionOf(pod, 'Initialized')).toMatchObject({ status: 'True' })
    expect(docker('logs', idOf(pod, 'myapp-container'))).toBe('The app is running!')
  })
})

describe('a probe', () => {
  const probed = (probe: object) => [{ ...node.container(), livenessProbe: { periodSeconds: 1, failureThreshold: 1, ...probe } }] // prettier-ignore

  it.concurrent(
    'that cannot be made says nothing about the container: it is told, and nothing is restarted',
    async () => {
      await node.run('no-program', {
        containers: probed({ exec: { command: ['/no/such/program'] }, timeoutSeconds: 60 }),
      })
      await node.run('no-port', { containers: probed({ httpGet: { port: 'nowhere' } }) })
      for (const name of ['no-program', 'no-port'])
        await eventually(async () => {
          const { items } = await node.client.list(Event, { namespace })
          const errored = items.find(({ involvedObject, message }) => involvedObject.name === name && message?.startsWith('Liveness probe errored and resulted in unknown state: ')) // prettier-ignore
          expect(errored?.count ?? 0).toBeGreaterThanOrEqual(3)
        }, 60_000)
      for (const name of ['no-program', 'no-port']) expect(statusOf(await node.get(name)).restartCount).toBe(0)
      expect((await eventsOf('no-program')).join('\n')).toContain('OCI runtime exec failed: ')
    },
  )
  it.concurrent('that takes too long, or whose command fails, is told with what it was, and restarts', async () => {
    await node.run('late', { containers: probed({ exec: { command: ['sleep', '10'] } }) })
    await node.run('fails', {
      containers: probed({ exec: { command: ['sh', '-c', 'echo not well; exit 127'] }, timeoutSeconds: 60 }),
    })
    for (const name of ['late', 'fails']) await node.until(name, pod => statusOf(pod).restartCount >= 1)
    const message = async (name: string) => (await eventsOf(name)).filter(text => text.startsWith('Warning Unhealthy'))
    await eventually(
      async () =>
      expect(await message('late')).toEqual(['Warning Unhealthy: Liveness probe failed: command timed out: "sleep 10" timed out after 1s']), // prettier-ignore
    )
    await eventually(async () => expect(await message('fails')).toEqual(['Warning Unhealthy: Liveness probe failed: not well\n'])) // prettier-ignore
    await eventually(async () =>
      expect(await eventsOf('fails')).toContain(
        'Normal Killing: Container main failed liveness probe, will be restarted',
      ),
    )
  })
  it.concurrent('that hangs is ended when its time is over: it leaves nothing behind', async () => {
    const exec = { command: ['sleep', '4711'] }
    await node.run('probe-hangs', {
      containers: [
        { ...node.container(), readinessProbe: { exec, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 } },
      ],
    })
    const failures = async () =>
      (await node.client.list(Event, { namespace })).items
        .filter(({ involvedObject, reason }) => involvedObject.name === 'probe-hangs' && reason === 'Unhealthy')
        .reduce((sum, { count = 1 }) => sum + count, 0)
    await eventually(async () => (await failures()) >= 4, 60_000)
    const id = statusOf(await node.get('probe-hangs')).containerID!.replace('docker://', '')
    const hanging = () =>
      docker('top', id, '-o', 'pid,args')
        .split('\n')
        .filter(line => line.endsWith('sleep 4711'))
    // One may be on its way out while the next one starts: left behind, they would grow in number.
    await eventually(() => hanging().length <= 1)
  })
  it.concurrent('knows the variables of its container that are given by value', async () => {
    const container = {
      ...node.container(`echo yes > /tmp/well; ${STAY}`),
      env: [{ name: 'FILE', value: '/tmp/well' }],
      readinessProbe: { exec: { command: ['grep', 'yes', '$(FILE)'] }, periodSeconds: 1, timeoutSeconds: 60 },
    }
    await node.run('expands', { containers: [container] })
    expect(isReady(await node.ready('expands'))).toBe(true)
  })
})
