// Ways into pods and nodes: the objects that are made for it, and when a container can be entered.
import { describe, expect, it } from 'vitest'
import { Node } from '../../src/shared/api/core/v1.ts'
import { readinessOf } from '@/dock/await-container.ts'
import { debugContainer, imagesOn, nodeDebugPod } from '@/dock/debug.ts'
import { make, makePod } from './support/objects.ts'

describe('readinessOf', () => {
  const withDebugger = (state: object, status: object = {}) =>
    makePod('p', {
      spec: { ephemeralContainers: [{ name: 'd' }] },
      status: { phase: 'Running', ephemeralContainerStatuses: [{ name: 'd', state }], ...status },
    })

  it('tells what a container waits for, until it runs', () => {
    expect(readinessOf(withDebugger({ waiting: { reason: 'ErrImagePull', message: 'no such image' } }), 'd')).toEqual({
      is: 'waiting',
      why: 'ErrImagePull: no such image',
    })
    expect(readinessOf(withDebugger({ running: {} }), 'd')).toEqual({ is: 'running' })
  })
  it('gives up on one that has ended, and on a pod that will never run', () => {
    expect(readinessOf(withDebugger({ terminated: { exitCode: 127 } }), 'd')).toEqual({
      is: 'over',
      why: 'It ended with exit code 127.',
    })
    const refused = withDebugger({}, { phase: 'Failed', message: 'Node had no room' })
    expect(readinessOf(refused, 'd')).toEqual({ is: 'over', why: 'Node had no room' })
  })
  it('gives up on a pod that is gone, and on another one of its name that knows no such container', () => {
    expect(readinessOf(undefined, 'd')).toEqual({ is: 'over', why: 'The pod is gone.' })
    const another = readinessOf(makePod('p', { status: { phase: 'Running' } }), 'd')
    expect(another).toEqual({ is: 'over', why: 'The pod has no container d any more.' })
  })
})

describe('what is made for debugging', () => {
  it('is a container with a terminal beside the processes of another', () => {
    const made = debugContainer('d', 'busybox', 'web')
    expect(made).toMatchObject({ targetContainerName: 'web', stdin: true, tty: true, image: 'busybox' })
    expect(debugContainer('d', 'busybox', '')).not.toHaveProperty('targetContainerName')
  })
  it('is a pod on just that node, whatever its taints, that ends by itself and holds no token', () => {
    const { spec } = nodeDebugPod('n1', 'busybox', 'x')
    expect(spec).toMatchObject({
      nodeName: 'n1',
      tolerations: [{ operator: 'Exists' }],
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
    })
    expect(spec?.activeDeadlineSeconds).toBeGreaterThan(0)
    expect(spec?.containers?.[0]?.securityContext).toBeUndefined()
  })
  it('offers the images that a node has, by name', () => {
    const node = make(Node, 'n1', {
      status: { images: [{ names: ['x@sha256:1', 'long/image:1'] }, { names: ['b:1'] }, { names: ['x@sha256:2'] }] },
    })
    expect(imagesOn(node)).toEqual(['b:1', 'long/image:1'])
  })
})
