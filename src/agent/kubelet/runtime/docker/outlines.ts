// Pods as Docker's list of containers tells of them.
import type Docker from 'dockerode'
import type { PodOutline, RuntimeContainer } from '../contract.ts'
import { LABEL } from './labels.ts'

type Listed = Pick<Docker.ContainerInfo, 'Id' | 'State' | 'Labels'>

const RUNNING = ['running', 'paused', 'restarting']

const stateOf = (state: string): RuntimeContainer['state'] =>
  RUNNING.includes(state) ? 'running' : state === 'created' ? 'created' : 'exited'

export function outlinesOf(listed: readonly Listed[]): PodOutline[] {
  const byUid = new Map<string, Listed[]>()
  for (const one of listed) {
    const uid = one.Labels[LABEL.podUid] ?? ''
    byUid.set(uid, [...(byUid.get(uid) ?? []), one])
  }
  return [...byUid].map(([uid, own]) => {
    const ofKind = (kind: string) =>
      own
        .filter(({ Labels }) => Labels[LABEL.kind] === kind)
        .map(({ Id, State, Labels }) => ({
          id: Id,
          name: Labels[LABEL.containerName] ?? '',
          attempt: Number(Labels[LABEL.attempt] ?? 0),
          state: stateOf(State),
        }))
    const labels = own[0]?.Labels
    return {
      uid,
      name: labels?.[LABEL.podName] ?? '',
      namespace: labels?.[LABEL.podNamespace] ?? '',
      sandboxes: ofKind('sandbox'),
      containers: ofKind('container'),
    }
  })
}
