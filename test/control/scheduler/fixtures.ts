// Pods and nodes in few words.
import type { Node, Pod, PodSpec } from '../../../src/shared/api/core/v1.ts'
import { NodeInfo } from '../../../src/main/scheduler/cache/node-info.ts'
import { podInfoOf } from '../../../src/main/scheduler/cache/pod-info.ts'

let count = 0

export interface PodParts {
  readonly namespace?: string
  readonly labels?: Record<string, string>
  readonly spec?: Partial<PodSpec>
  readonly requests?: Record<string, string>
  readonly startTime?: string
}

export function makePod(
  name: string,
  { namespace = 'default', labels, spec, requests, startTime }: PodParts = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid: `uid-${++count}`, ...(labels ? { labels } : {}) },
    spec: {
      schedulerName: 'default-scheduler',
      containers: [{ name: 'c', image: 'i:1', ...(requests ? { resources: { requests } } : {}) }],
      ...spec,
    },
    status: startTime ? { startTime } : {},
  } as unknown as Pod
}

export interface NodeParts {
  readonly labels?: Record<string, string>
  readonly spec?: Node['spec']
  readonly allocatable?: Record<string, string>
  readonly images?: { names: string[]; sizeBytes: number }[]
}

export function makeNode(name: string, { labels, spec = {}, allocatable, images }: NodeParts = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-${name}`, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...allocatable }, ...(images ? { images } : {}) },
  } as unknown as Node
}

export function infoOf(node: Node, pods: readonly Pod[] = []): NodeInfo {
  const info = new NodeInfo(node.metadata.name)
  info.setNode(node)
  for (const pod of pods) info.addPod(podInfoOf({ ...pod, spec: { ...pod.spec, nodeName: node.metadata.name } }))
  return info
}
