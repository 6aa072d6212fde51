import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Event, Pod } from '../../src/shared/api/core/v1.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await TestNode.start()
})
afterAll(() => node?.[Symbol.asyncDispose]())

const idOf = (id = '') => id.replace('docker://', '')

describe('a pod', () => {
  it('runs its container, and reports it as the API documents', async () => {
    await node.run('simple')
    const pod = await node.ready('simple')
    expect(pod.status).toMatchObject({ phase: 'Running', podIP: expect.stringMatching(/^10\./) as string })
    expect(pod.status.conditions?.map(({ type, status }) => `${type}=${status}`).sort()).toEqual([
      'ContainersReady=True',
      'Initialized=True',
      'PodReadyToStartContainers=True',
      'PodScheduled=True',
      'Ready=True',
    ])
    const status = statusOf(pod)
    expect(status).toMatchObject({ ready: true, started: true, restartCount: 0, image: node.image })
    expect(docker('inspect', '-f', '{{.State.Running}}', idOf(status.containerID))).toBe('true')
  })

  it('tells its conditions without the reasons that they had before, and as kubelet', async () => {
    const late = {
      ...node.container(),
      readinessProbe: { exec: { command: ['test', '-f', '/ready'] }, periodSeconds: 1 },
    }
    await node.run('late', { containers: [late] })
    await node.until('late', ({ status }) => conditionOf(status.conditions, 'Ready')?.reason === 'ContainersNotReady')
    const { containerID } = statusOf(await node.until('late', pod => statusOf(pod)?.state?.running !== undefined))
    docker('exec', idOf(containerID), 'touch', '/ready')
    const pod = await node.ready('late')
    for (const type of ['Ready', 'ContainersReady']) {
      const { reason, message } = conditionOf(pod.status.conditions, type)!
      expect([type, reason, message]).toEqual([type, undefined, undefined])
    }
    expect(pod.metadata.managedFields?.find(({ subresource }) => subresource === 'status')?.manager).toBe('kubelet')
    await node.remove('late')
  })

  it('puts right what others write about it, as the node controller does when it hears nothing', async () => {
    await node.run('marked')
    const { status } = await node.ready('marked')
    const marked = status.conditions!.map(condition =>
      condition.type === 'Ready' ? { ...condition, status: 'False' } : condition,
    )
    const ref = { namespace: 'default', name: 'marked' }
    const { conditions } = (await node.client.patch(Pod, ref, { status: { conditions: marked } }, { subresource: 'status' })).status // prettier-ignore
    expect(conditionOf(conditions, 'Ready')?.status).toBe('False')
    await node.ready('marked')
    await node.remove('marked')
  })

  it('whose sandbox cannot start is told so, and leaves no container', async () => {
    const sysctls = [{ name: 'net.ipv4.ping_group_range', value: 'not a range' }]
    const { metadata } = await node.run('unstartable', { securityContext: { sysctls } })
    await eventually(async () => {
      const { items } = await node.client.list(Event, { namespace: 'default' })
      const failures = items.filter(
        ({ involvedObject, reason }) => involvedObject.uid === metadata.uid && reason === 'FailedCreatePodSandBox',
      )
      return failures.reduce((times, { count = 1 }) => times + count, 0) >= 2 // the first attempt is over
    }, 60_000)
    const ofPod = `label=io.kubernetes.pod.uid=${metadata.uid}`
    expect(docker('ps', '-aq', '--filter', ofPod, '--filter', 'label=dev.flotilla.kind=container')).toBe('')
    await node.remove('unstartable')
    expect(docker('ps', '-aq', '--filter', ofPod)).toBe('')
  })

  it('disappears from the node and the API when it is deleted', async () => {
    await node.remove('simple')
    await eventually(() => node.agent.kubelet.pods.length === 0)
  })
})
