// What is done about a pod's containers, and which phase it is in, in the situations that upstream's node tests make
// (test/e2e_node: container_lifecycle, pod_status): decided from what is seen alone, so that none of it takes time.
import { describe, expect, it } from 'vitest'
import type { RuntimeContainer, RuntimePod } from '../../src/agent/kubelet/runtime/contract.ts'
import { specHashOf } from '../../src/agent/kubelet/spec/containers.ts'
import { phaseOf } from '../../src/agent/kubelet/status/phase.ts'
import { computeActions } from '../../src/agent/kubelet/sync/actions.ts'
import type { Container, ContainerStatus, Pod, PodSpec } from '../../src/shared/api/core/v1.ts'

const pod = (spec: Partial<PodSpec>): Pod =>
  ({ metadata: { name: 'web', namespace: 'shop', uid: 'u' }, spec: { containers: [], ...spec }, status: {} }) as unknown as Pod // prettier-ignore
const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'i:1', ...more })
const sidecar = (name: string, more: Partial<Container> = {}) => container(name, { restartPolicy: 'Always', ...more })
const seen = ({ name, image }: Container, state: RuntimeContainer['state'], exitCode = 0): RuntimeContainer =>
  ({
    id: `${name}-id`, name, state, exitCode, startError: '', attempt: 0, createdAt: '2026-01-01T00:00:06Z',
    specHash: specHashOf({ name, ...(image === undefined ? {} : { image }) }),
  }) as RuntimeContainer // prettier-ignore

/** What is decided, by names. @param failed ids of containers whose liveness failed */
function decide(spec: Partial<PodSpec>, containers: readonly RuntimeContainer[], failed: readonly string[] = []) {
  const sandbox = { id: 'sandbox', name: '', state: 'running', attempt: 0, createdAt: '2026-01-01T00:00:05Z' }
  const runtime = {
    uid: 'u',
    name: 'web',
    namespace: 'shop',
    sandboxes: [sandbox],
    containers,
  } as unknown as RuntimePod
  const probes = {
    failed: (id: string) => (failed.includes(id) ? ('liveness' as const) : undefined),
    started: () => undefined,
  }
  const { start, kill, endPod } = computeActions(pod(spec), runtime, probes, 'sandbox')
  return { start: start.map(({ name }) => name), kill: kill.map(({ message }) => message), endPod }
}
const main = container('main')
const policies = ['Always', 'OnFailure', 'Never']

describe('an image that is changed', () => {
  const newer = container('main', { image: 'i:2' })
  it.each(policies)('replaces the running container, also where the pod is restarted %s', restartPolicy => {
    expect(decide({ restartPolicy, containers: [newer] }, [seen(main, 'running')])).toEqual({
      start: ['main'],
      kill: ['Container main definition changed, will be restarted'],
      endPod: false,
    })
  })
  it('does not start again what has ended for good', () => {
    expect(decide({ restartPolicy: 'Never', containers: [newer] }, [seen(main, 'exited')])).toMatchObject({
      start: [],
      endPod: true,
    })
  })
  it('replaces a sidecar that runs, and lets an init container that runs end', () => {
    const log = sidecar('log')
    const spec = { initContainers: [sidecar('log', { image: 'i:2' })], containers: [main] }
    expect(decide(spec, [seen(log, 'running'), seen(main, 'running')]).kill).toEqual([
      'Init container log definition changed, will be restarted',
    ])
    const init = { initContainers: [container('init', { image: 'i:2' })], containers: [main] }
    expect(decide(init, [seen(container('init'), 'running')])).toEqual({ start: [], kill: [], endPod: false })
  })
  it('of an init container that has ended starts nothing', () => {
    const init = { initContainers: [container('init', { image: 'i:2' })], containers: [main] }
    expect(decide(init, [seen(container('init'), 'exited'), seen(main, 'running')])).toEqual({
      start: [],
      kill: [],
      endPod: false,
    })
  })
})

describe('a container whose liveness fails', () => {
  it.each([
    ['Always', undefined, true],
    ['OnFailure', undefined, true],
    ['Never', undefined, false],
    ['Never', 'OnFailure', true],
    ['Always', 'Never', false],
  ])('in a pod that is restarted %s, its own policy being %s: comes back: %s', (restartPolicy, own, comesBack) => {
    const spec = { restartPolicy, containers: [container('main', own === undefined ? {} : { restartPolicy: own })] }
    // Whatever code it ends with: it is not asked.
    expect(decide(spec, [seen(main, 'running')], ['main-id'])).toEqual({
      start: comesBack ? ['main'] : [],
      kill: [`Container main failed liveness probe${comesBack ? ', will be restarted' : ''}`],
      endPod: false,
    })
  })
})

describe('init containers', () => {
  const init = container('init')
  it.each(policies)('run one after the other before the others, restarted %s', restartPolicy => {
    const spec = { restartPolicy, initContainers: [init, container('next')], containers: [main] }
    expect(decide(spec, []).start).toEqual(['init'])
    expect(decide(spec, [seen(init, 'running')]).start).toEqual([])
    expect(decide(spec, [seen(init, 'exited')]).start).toEqual(['next'])
    expect(decide(spec, [seen(init, 'exited'), seen(container('next'), 'exited')]).start).toEqual(['main'])
  })
  it.each([
    ['Always', undefined, false],
    ['OnFailure', undefined, false],
    ['Never', undefined, true],
    ['Never', 'OnFailure', false],
  ])('that fail, pod restarted %s, own policy %s: end the pod: %s', (restartPolicy, own, endPod) => {
    const failing = container('init', own === undefined ? {} : { restartPolicy: own })
    const spec = { restartPolicy, initContainers: [failing], containers: [main] }
    expect(decide(spec, [seen(init, 'exited', 1)])).toEqual({ start: endPod ? [] : ['init'], kill: [], endPod })
    const statuses = new Map([['init', ended('init', 1)], ['main', waiting('main')]]) // prettier-ignore
    expect(phaseOf(pod(spec), statuses, false)).toBe(endPod ? 'Failed' : 'Pending')
  })
  it('are not run again when their containers are gone while the others run', () => {
    expect(decide({ initContainers: [init], containers: [main] }, [seen(main, 'running')]).start).toEqual([])
  })
  it('run again in another sandbox, as after a reboot; the pod is pending meanwhile', () => {
    const spec = { initContainers: [init], containers: [main] }
    const before = { ...seen(main, 'exited', 137), createdAt: '2026-01-01T00:00:01Z' }
    expect(decide(spec, [before]).start).toEqual(['init'])
    const statuses = new Map([['init', running('init')], ['main', ended('main', 137)]]) // prettier-ignore
    expect(phaseOf(pod(spec), statuses, false)).toBe('Pending')
  })
})

describe('sidecars', () => {
  const log = sidecar('log')
  it.each(policies)('come back when they end, before and after the others started, restarted %s', restartPolicy => {
    const spec = { restartPolicy, initContainers: [log], containers: [main] }
    expect(decide(spec, [seen(log, 'exited', 1)]).start).toEqual(['log'])
    expect(decide(spec, [seen(log, 'exited'), seen(main, 'running')]).start).toEqual(['log'])
  })
  it('that fail their liveness are killed, and hold up no other', () => {
    const spec = { initContainers: [log, container('init')], containers: [main] }
    expect(decide(spec, [seen(log, 'running')], ['log-id'])).toEqual({
      start: ['init'],
      kill: ['Init container log failed liveness probe, will be restarted'],
      endPod: false,
    })
  })
  it('do not keep a pod from ending, nor decide how it ended', () => {
    const spec = { restartPolicy: 'Never', initContainers: [log], containers: [main] }
    expect(decide(spec, [seen(log, 'running'), seen(main, 'exited')]).endPod).toBe(true)
    const statuses = new Map([['log', ended('log', 137)], ['main', ended('main', 0)]]) // prettier-ignore
    expect(phaseOf(pod(spec), statuses, true)).toBe('Succeeded')
  })
})

describe('the phase of a pod that is deleted', () => {
  it.each(policies)('is that of its ends, restarted %s', restartPolicy => {
    const spec = { restartPolicy, containers: [main, container('other')] }
    const phase = (...codes: [number, number]) =>
      phaseOf(pod(spec), new Map([['main', ended('main', codes[0])], ['other', ended('other', codes[1])]]), true) // prettier-ignore
    expect(phase(0, 0)).toBe('Succeeded')
    expect(phase(0, 137)).toBe('Failed')
  })
})

const status = (name: string, state: ContainerStatus['state']): ContainerStatus =>
  ({ name, state, ready: false, started: state?.running !== undefined, image: '', imageID: '', restartCount: 0 }) as ContainerStatus // prettier-ignore
const running = (name: string) => status(name, { running: { startedAt: '2026-01-01T00:00:06Z' } })
const waiting = (name: string) => status(name, { waiting: { reason: 'PodInitializing' } })
const ended = (name: string, exitCode: number) => status(name, { terminated: { exitCode } as never })
