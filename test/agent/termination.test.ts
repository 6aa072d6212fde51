// How the containers of a pod end: hooks, order, signals and time, as the documentation's page on the life of pods says.
// @see https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
import { expect, it } from 'vitest'
import type { KubeletParts } from '../../src/agent/kubelet/parts.ts'
import type { RuntimePod } from '../../src/agent/kubelet/runtime/contract.ts'
import { hasten, killPod } from '../../src/agent/kubelet/sync/kill.ts'
import type { Container, Pod } from '../../src/shared/api/core/v1.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const sleep = (seconds: number) => ({ lifecycle: { preStop: { sleep: { seconds } } } })
const sidecar = (name: string, more: object = {}) => ({ name, restartPolicy: 'Always', ...more })

/** What is left of containers that end so many seconds after their signal, at the latest when their time is over. */
function start(
  spec: { initContainers?: object[]; containers: object[]; ephemeralContainers?: object[] },
  takes: Readonly<Record<string, number>>,
) {
  const clock = new ManualClock()
  const told: string[] = []
  const { initContainers = [], containers: apps, ephemeralContainers = [] } = spec
  const all = [...initContainers, ...apps, ...ephemeralContainers] as Container[]
  const alive = new Map<string, (() => void) | undefined>(all.map(({ name }) => [name, undefined]))
  const say = (what: string) => told.push(`${clock.monotonic() / 1000} ${what}`)
  const die = (name: string) => {
    if (!alive.has(name)) return
    const done = alive.get(name)
    alive.delete(name)
    say(`${name} is dead`)
    done?.()
  }
  const parts = {
    clock,
    recorder: { event: () => undefined },
    runtime: {
      pod: () => Promise.resolve({ containers: [...alive.keys()].map(id => ({ id, state: 'running' })) }),
      stop: (id: string, graceSeconds: number) =>
        new Promise<void>(resolve => {
          if (!alive.has(id)) return resolve()
          const before = alive.get(id)
          alive.set(id, () => (before?.(), resolve()))
          if (graceSeconds <= 0) return die(id)
          say(`${id} is told, and has ${graceSeconds}`)
          clock.after(Math.min(takes[id] ?? Number.POSITIVE_INFINITY, graceSeconds) * 1000, () => die(id))
        }),
    },
  } as unknown as KubeletParts
  const pod = { metadata: { name: 'web', namespace: 'shop', uid: 'u' }, spec } as unknown as Pod
  const containers = all.map(({ name }) => ({ id: name, name, state: 'running' }))
  const runtime = { uid: 'u', containers, sandboxes: [] } as unknown as RuntimePod
  const cut = new AbortController()
  let over = false
  const end = (graceSeconds: number) =>
    void killPod(parts, pod, runtime, { graceSeconds, podIP: '', cut: cut.signal }).then(() => (over = true))
  return { clock, told, end, isOver: () => over, hasten: (seconds: number) => hasten(parts, pod, seconds, cut) }
}

it('hooks of all containers begin at once; sidecars are told when the others have ended, the last one first', async () => {
  const { clock, told, end } = start(
    { initContainers: [sidecar('log'), sidecar('proxy', sleep(3))], containers: [{ name: 'app', ...sleep(2) }] },
    { app: 5, proxy: 1, log: 1 },
  )
  end(30)
  await clock.advance(30_000)
  expect(told).toEqual([
    '2 app is told, and has 28',
    '7 app is dead',
    '7 proxy is told, and has 23',
    '8 proxy is dead',
    '8 log is told, and has 22',
    '9 log is dead',
  ])
})

it('with no time left all sidecars are told together, and each has a moment still', async () => {
  const { clock, told, end } = start(
    { initContainers: [sidecar('log'), sidecar('proxy')], containers: [{ name: 'app' }] },
    { proxy: 1, log: 1 },
  )
  end(10)
  await clock.advance(9_000)
  expect(told).toEqual(['0 app is told, and has 10'])
  await clock.advance(3_000)
  expect(told.slice(1)).toEqual([
    '10 app is dead',
    '10 proxy is told, and has 2',
    '10 log is told, and has 2',
    '11 proxy is dead',
    '11 log is dead',
  ])
})

it('sidecars do not wait for containers that somebody debugs with', async () => {
  const { clock, told, end } = start(
    {
      initContainers: [sidecar('log')],
      containers: [{ name: 'app' }],
      ephemeralContainers: [{ name: 'debug' }],
    },
    { app: 1, log: 1 },
  )
  end(20)
  await clock.advance(3_000)
  expect(told).toContain('2 log is dead')
})

it('a hook that takes all the time leaves a moment for the signal', async () => {
  const { clock, told, end } = start({ containers: [{ name: 'app', ...sleep(60) }] }, { app: 1 })
  end(5)
  await clock.advance(60_000)
  expect(told).toEqual(['5 app is told, and has 2', '6 app is dead'])
})

it('a pod that is ended at once gets its signal, and a moment', async () => {
  const { clock, told, end } = start({ containers: [{ name: 'app' }] }, { app: 1 })
  end(0)
  await clock.advance(2_000)
  expect(told).toEqual(['0 app is told, and has 2', '1 app is dead'])
})

it('a shorter grace period given later cuts off hooks, and the wait of sidecars', async () => {
  const {
    clock,
    told,
    end,
    hasten: hurry,
    isOver,
  } = start({ initContainers: [sidecar('log')], containers: [{ name: 'app', ...sleep(200) }] }, {})
  end(300)
  await clock.advance(10_000)
  hurry(5)
  await clock.advance(5_000)
  await settle()
  expect(told.filter(line => line.includes('dead'))).toEqual(['15 log is dead', '15 app is dead'])
  expect(isOver()).toBe(true)
})
