// A pod's first container, made while its sandbox starts: what becomes of it when something goes wrong in between.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { KubeletParts } from '../../src/agent/kubelet/parts.ts'
import type { RuntimePod } from '../../src/agent/kubelet/runtime/contract.ts'
import { ContainerAhead } from '../../src/agent/kubelet/sync/container-ahead.ts'
import type { Volumes } from '../../src/agent/kubelet/volumes/volumes.ts'
import type { Pod, PodStatus } from '../../src/shared/api/core/v1.ts'
import { settle } from '../support/manual-clock.ts'

let dataDir = ''
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'ahead-'))))
afterEach(() => rmSync(dataDir, { recursive: true }))

const pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u' },
  spec: { containers: [{ name: 'c', image: 'i' }] },
  status: {},
} as unknown as Pod
const runtime: RuntimePod = { uid: 'u', name: 'web', namespace: 'shop', sandboxes: [], containers: [] }

/** An engine that has every image once `pulled` resolves, and remembers which containers it holds. */
function start(pulled: Promise<void> = Promise.resolve()) {
  const containers = new Set<string>()
  const parts = {
    dataDir,
    runtime: {
      createContainer: ({ name, attempt }: { name: string; attempt: number }) => {
        containers.add(`${name}-${attempt}`)
        return Promise.resolve(`${name}-${attempt}`)
      },
      remove: (id: string) => Promise.resolve(void containers.delete(id)),
    },
    images: {
      ensure: (_pod: Pod, _container: unknown, signal: AbortSignal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
          void pulled.then(() => resolve({ id: 'sha256:1', user: '' }))
        }),
    },
    node: { nodeName: 'n', nodeIP: '10.0.0.1' },
    cgroups: { parentOf: () => undefined },
    devices: { beforeStart: () => Promise.resolve([]) },
    claims: { cdiDevices: () => [] },
    logLinks: { add: () => undefined },
    recorder: { event: () => undefined },
    services: () => [],
    allocatable: {},
    handlers: [],
  } as unknown as KubeletParts
  const ahead = new ContainerAhead(parts, new AbortController().signal)
  const begin = (ready: Promise<Volumes | undefined> = Promise.resolve(new Map()), status: PodStatus = {}) =>
    ahead.begin({ pod, runtime, status, sandboxId: 's', ready })
  return { ahead, containers, begin }
}

it('is given to who starts it, once', async () => {
  const { ahead, containers, begin } = start()
  begin()
  expect(await ahead.take('c')).toBe('c-0')
  expect(ahead.take('c')).toBeUndefined()
  await ahead.drop()
  expect([...containers]).toEqual(['c-0'])
})

it('is removed when nobody takes it, and not made again', async () => {
  const { ahead, containers, begin } = start()
  begin()
  await ahead.drop()
  expect([...containers]).toEqual([])
  begin()
  expect(ahead.take('c')).toBeUndefined()
})

it('waits for no image when it is given up', async () => {
  const { ahead, containers, begin } = start(new Promise(() => undefined))
  begin()
  await settle() // the pull has begun
  await ahead.drop()
  expect([...containers]).toEqual([])
})

it.each([
  ['are not there', () => Promise.resolve(undefined)],
  ['cannot be known', () => Promise.reject(new Error('the API server is away'))],
])('is left to who starts it when volumes %s', async (_what, ready) => {
  const { ahead, containers, begin } = start()
  begin(ready())
  expect(await ahead.take('c')).toBeUndefined()
  expect([...containers]).toEqual([])
})

it('is none of a pod whose containers somebody removed: their restarts count on', () => {
  const { ahead, begin } = start()
  const status = { name: 'c', containerID: 'docker://gone', restartCount: 3 }
  begin(undefined, { containerStatuses: [status as NonNullable<PodStatus['containerStatuses']>[number]] })
  expect(ahead.take('c')).toBeUndefined()
})
