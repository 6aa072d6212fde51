// Whose logs whoever asks for those of a container gets, and what they are told where the engine has none.
import type { ServerResponse } from 'node:http'
import { expect, it } from 'vitest'
import type { ApiContext } from '../../src/agent/api/contract.ts'
import { serveLogs } from '../../src/agent/api/logs.ts'
import type { ContainerState, Pod } from '../../src/shared/api/core/v1.ts'

const status = (name: string, state: ContainerState) => ({ name, state }) as never
const pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u' },
  spec: {
    initContainers: [{ name: 'init' }],
    containers: [{ name: 'new' }, { name: 'failing' }, { name: 'missing' }, { name: 'gone' }],
  },
  status: {
    initContainerStatuses: [status('init', { waiting: { reason: 'PodInitializing' } })],
    containerStatuses: [
      status('failing', { waiting: { reason: 'ImagePullBackOff' } }),
      status('missing', { waiting: { reason: 'ErrImagePull' } }),
      status('gone', { terminated: { exitCode: 137, containerID: 'docker://abc' } }),
    ],
  },
} as unknown as Pod
const context = {
  kubelet: { pod: () => pod },
  runtime: { pod: () => Promise.resolve({ containers: [], sandboxes: [] }) },
  clock: { now: () => 0 },
} as unknown as ApiContext

it.each([
  ['new', '', 'container "new" in pod "web" is waiting to start: ContainerCreating'],
  ['init', '', 'container "init" in pod "web" is waiting to start: PodInitializing'],
  ['failing', '', 'container "failing" in pod "web" is waiting to start: trying and failing to pull image'],
  ['missing', '', 'container "missing" in pod "web" is waiting to start: image can\'t be pulled'],
  ['gone', '', 'unable to retrieve container logs for docker://abc'],
  ['gone', 'previous=true', 'previous terminated container "gone" in pod "web" not found'],
])('%s %s', async (name, query, message) => {
  const asked = serveLogs(context, ['shop', 'web', name], new URLSearchParams(query), {} as ServerResponse)
  await expect(asked).rejects.toMatchObject({ code: 400, message })
})

it.each([
  ['running', { running: {} }, '', 'second'],
  ['running', { running: {} }, 'previous=true', 'first'],
  ['waits for its next start', { waiting: { reason: 'CrashLoopBackOff' } }, '', 'second'],
  ['waits for its next start', { waiting: { reason: 'CrashLoopBackOff' } }, 'previous=true', 'second'],
  ['has ended', { terminated: { exitCode: 1 } }, 'previous=true', 'first'],
])('of a container that %s (%j) %s the logs are those of its %s run', async (_what, state, query, run) => {
  const crashing = { ...pod, status: { containerStatuses: [status('main', state as ContainerState)] } }
  const runs = ['second', 'first'].map(id => ({ id, name: 'main', state: 'exited' }))
  const asked = serveLogs(
    {
      ...context,
      kubelet: { pod: () => crashing },
      runtime: {
        pod: () => Promise.resolve({ containers: runs, sandboxes: [] }),
        logs: (id: string) => Promise.reject(new Error(`the logs of ${id}`)),
      },
    } as unknown as ApiContext,
    ['shop', 'web', 'main'],
    new URLSearchParams(query),
    { on: () => undefined } as unknown as ServerResponse,
  )
  await expect(asked).rejects.toThrow(`the logs of ${run}`)
})
