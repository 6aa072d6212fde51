// Pods that nobody knows any more, with steps that fail: what is real of them, pod-lifecycle.test.ts removes.
import { expect, it } from 'vitest'
import { Orphans } from '../../src/agent/kubelet/orphans.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { settle } from '../support/manual-clock.ts'

const orphan = (uid: string) => ({
  uid,
  name: uid,
  namespace: 'default',
  sandboxes: [],
  containers: [{ id: `box-${uid}`, name: 'main', attempt: 0, state: 'exited' as const }],
})

function node(pods: readonly string[]) {
  const boxes = new Set(pods.map(uid => `box-${uid}`))
  const connected = new Set(pods)
  const stored = new Set(pods)
  const known = new Set<string>()
  const stuck = new Set<string>()
  const removed: string[] = []
  const orphans = new Orphans({
    runtime: {
      outlines: () => Promise.resolve(pods.filter(uid => boxes.has(`box-${uid}`)).map(orphan)),
      stop: () => Promise.resolve(),
      remove: async id => {
        removed.push(id)
        await settle()
        boxes.delete(id)
      },
    },
    cgroups: { remove: () => Promise.resolve() },
    podNetwork: {
      tearDown: uid =>
        stuck.has(uid) ? Promise.reject(new Error('DEL failed')) : Promise.resolve(void connected.delete(uid)),
    },
    removeVolumes: uid => Promise.resolve(void stored.delete(uid)),
    isKnown: uid => known.has(uid),
    signal: new AbortController().signal,
    log: silentLog,
  })
  return { orphans, boxes, connected, stored, known, stuck, removed }
}

it('a pod that cannot be disconnected is tried again, and holds up no other', async () => {
  const { orphans, boxes, connected, stored, stuck } = node(['a', 'b'])
  stuck.add('a')
  await orphans.remove()
  expect([[...boxes], [...connected], [...stored]]).toEqual([[], ['a'], ['a']])
  await orphans.remove()
  expect([...connected]).toEqual(['a'])
  stuck.delete('a')
  await orphans.remove()
  expect([[...connected], [...stored]]).toEqual([[], []])
})

it('a pod that came back meanwhile keeps what it has', async () => {
  const { orphans, connected, stored, known, stuck } = node(['a'])
  stuck.add('a')
  await orphans.remove()
  known.add('a')
  stuck.delete('a')
  await orphans.remove()
  expect([[...connected], [...stored]]).toEqual([['a'], ['a']])
})

it('a round that is asked for during another waits for it, and both are waited for', async () => {
  const { orphans, boxes, stored, removed } = node(['a', 'b'])
  void orphans.remove()
  void orphans.remove()
  await orphans.settled()
  expect([removed.sort(), [...boxes], [...stored]]).toEqual([['box-a', 'box-b'], [], []])
})
