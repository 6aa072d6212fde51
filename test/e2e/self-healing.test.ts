// What happens when things break: containers, pods, the control plane itself.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientImage } from './support/client-image.ts'
import { Cluster, until } from './support/cluster.ts'

let cluster: Cluster

const manifest = (image: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: sleeper }
spec:
  replicas: 2
  selector: { matchLabels: { app: sleeper } }
  template:
    metadata: { labels: { app: sleeper } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{ name: main, image: '${image}', imagePullPolicy: Never, command: [sleep, '100000'] }]
`
interface PodView {
  metadata: { name: string; uid: string; deletionTimestamp?: string }
  status: { phase: string; containerStatuses?: { restartCount: number; ready: boolean; containerID: string }[] }
}
const pods = async () =>
  (JSON.parse(await cluster.kubectl('get', 'pods', '-l', 'app=sleeper', '-o', 'json')) as { items: PodView[] }).items
const ready = (pod: PodView) => pod.status.containerStatuses?.[0]?.ready === true && !pod.metadata.deletionTimestamp
const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim()
const idOf = (pod: PodView) => (pod.status.containerStatuses?.[0]?.containerID ?? '').replace('docker://', '')
const twoReady = () => until('two ready pods', async () => (await pods()).filter(ready).length === 2 && (await pods()))

beforeAll(async () => {
  cluster = await Cluster.start()
  await cluster.nodeReady()
  await cluster.apply(manifest(clientImage()))
  await twoReady()
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('a container that is killed', () => {
  it('is restarted, with back-off when it keeps dying', async () => {
    const [pod] = await pods()
    docker('kill', idOf(pod!))
    const restarted = await until('a restart', async () =>
      (await pods()).find(
        p => p.metadata.uid === pod!.metadata.uid && p.status.containerStatuses?.[0]?.restartCount === 1 && ready(p),
      ),
    )
    docker('kill', idOf(restarted))
    await until('back-off is shown', async () => /CrashLoopBackOff/.test(await cluster.kubectl('get', 'pods')))
    expect(await cluster.kubectl('get', 'events', '--field-selector', 'reason=BackOff')).toContain(
      'Back-off restarting failed container',
    )
  })
})

describe('a pod whose containers are all removed behind our back', () => {
  it('gets new ones', async () => {
    const pod = (await twoReady()).find(ready)!
    const all = docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${pod.metadata.uid}`)
      .split('\n')
      .filter(Boolean)
    docker('rm', '-f', ...all)
    await until('a new container', async () =>
      (await pods()).find(p => p.metadata.uid === pod.metadata.uid && ready(p) && idOf(p) !== idOf(pod)),
    )
  })
})

describe('a pod that is deleted', () => {
  it('is replaced', async () => {
    const before = await twoReady()
    await cluster.kubectl('delete', 'pod', before[0]!.metadata.name, '--wait=false')
    await until('a replacement', async () => {
      const now = (await pods()).filter(ready)
      return now.length === 2 && !now.some(pod => pod.metadata.uid === before[0]!.metadata.uid)
    })
  })
})

describe('a control plane that is killed during writes', () => {
  it('comes back with everything acknowledged, and the same containers run on', async () => {
    const before = await twoReady()
    const acknowledged: string[] = []
    let writing = true
    const writer = (async () => {
      for (let i = 0; writing; i++) {
        const { code } = await cluster.run('kubectl', ['create', 'configmap', `written-${i}`, '--from-literal=a=b'])
        if (code === 0) acknowledged.push(`written-${i}`)
        else return
      }
    })()
    await until('some writes', () => Promise.resolve(acknowledged.length >= 10))
    await cluster.kill()
    writing = false
    await writer
    for (const pod of before) expect(docker('inspect', '-f', '{{.State.Running}}', idOf(pod))).toBe('true')

    await cluster.start()
    const names = await cluster.kubectl('get', 'configmaps', '-o', 'name')
    for (const name of acknowledged) expect(names).toContain(`configmap/${name}\n`)
    await cluster.nodeReady()
    const after = await twoReady()
    expect(after.map(idOf).sort()).toEqual(before.map(idOf).sort())
    expect(after.map(pod => pod.status.containerStatuses?.[0]?.restartCount)).toEqual(
      before.map(pod => pod.status.containerStatuses?.[0]?.restartCount),
    )
  })

  it('goes on controlling afterwards', async () => {
    await cluster.kubectl('scale', 'deployment/sleeper', '--replicas=3')
    await until('three ready pods', async () => (await pods()).filter(ready).length === 3)
  })
})

describe('a control plane that stops cleanly', () => {
  it('leaves the containers running', async () => {
    const before = (await pods()).filter(ready)
    await cluster.stop()
    for (const pod of before) expect(docker('inspect', '-f', '{{.State.Running}}', idOf(pod))).toBe('true')
    await cluster.start()
    await cluster.nodeReady()
    expect((await pods()).filter(ready).map(idOf).sort()).toEqual(before.map(idOf).sort())
  })
})
