// Images out of a private registry with a CA of its own; pulls that are shared, and how far they are.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PullRecords } from '../../src/agent/kubelet/images/pull-records.ts'
import { SharedPulls } from '../../src/agent/kubelet/images/shared-pulls.ts'
import { ImagePuller } from '../../src/agent/kubelet/images/image-puller.ts'
import type { PullProgress } from '../../src/agent/kubelet/runtime/contract.ts'
import { pullImage } from '../../src/agent/kubelet/runtime/docker/images.ts'
import { LayerProgress } from '../../src/agent/kubelet/runtime/docker/pull-progress.ts'
import { Event, type Pod, Secret } from '../../src/shared/api/core/v1.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { docker, temporaryFolder } from './support/node.ts'
import { PrivateRegistry } from './support/registry.ts'
import { TestNode, statusOf } from './support/test-node.ts'

const namespace = 'default'
const temporary = () => {
  const { path, remove } = temporaryFolder()
  return { path, [Symbol.dispose]: remove }
}

describe('a private registry', () => {
  let node: TestNode
  let registry: PrivateRegistry
  beforeAll(async () => {
    ;[node, registry] = await Promise.all([TestNode.start(), PrivateRegistry.start()])
  })
  afterAll(async () => {
    await node?.[Symbol.asyncDispose]()
    await registry?.[Symbol.asyncDispose]()
  })

  const secret = (name: string, dockerconfig: string) =>
    node.client.create(Secret, {
      metadata: { name, namespace },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(dockerconfig).toString('base64') },
    })
  const run = (name: string, image: string, secrets: string[] = [], imagePullPolicy = 'Always') =>
    node.run(name, {
      containers: [{ ...node.container(), image, imagePullPolicy }],
      imagePullSecrets: secrets.map(each => ({ name: each })),
    })
  const told = (name: string, what: string) =>
    eventually(async () => {
      const { items } = await node.client.list(Event, { namespace })
      return items.some(({ involvedObject, message }) => involvedObject.name === name && message?.includes(what))
    }, 20_000)

  it('is not trusted before its CA is known to Docker, and then at once', async () => {
    registry.trust()
    const image = registry.push(node.image, 'team/app:1')
    await secret('ours', registry.credentials())
    registry.distrust()
    await run('unknown-ca', image, ['ours'])
    await node.until('unknown-ca', pod => statusOf(pod).state?.waiting?.reason === 'ErrImagePull')
    await told('unknown-ca', 'certificate signed by unknown authority')
    registry.trust()
    await node.remove('unknown-ca')
    await run('known-ca', image, ['ours'])
    await node.ready('known-ca')
    await told('known-ca', `Successfully pulled image "${image}"`)
    await node.remove('known-ca')
    docker('rmi', image)
  })
  it('gives nothing to nobody, nor to a wrong password, and tells so', async () => {
    const image = `${registry.address}/team/app:1`
    await secret('wrong', registry.credentials('guessed'))
    await secret('elsewhere', registry.credentials(undefined, 'registry.example'))
    for (const [name, secrets] of [['nobody', []], ['mistaken', ['wrong']], ['foreign', ['elsewhere']]] as const) {
      await run(name, image, [...secrets])
      await told(name, `Failed to pull image "${image}"`)
      const pod = await node.until(name, now => statusOf(now).state?.waiting?.reason === 'ImagePullBackOff')
      expect(statusOf(pod).state?.waiting?.message).toMatch(`Back-off pulling image "${image}": ErrImagePull: `)
      await told(name, 'Error: ErrImagePull')
      await told(name, 'Error: ImagePullBackOff')
      await node.remove(name)
    } // prettier-ignore
  })
  it('gives to whoever has the right one of several secrets', async () => {
    const image = `${registry.address}/team/app:1`
    await run('several', image, ['elsewhere', 'wrong', 'ours'])
    await node.ready('several')
    await node.remove('several')
  })
  it('gives what is here already to those who could have pulled it, also after the agent started again', async () => {
    const image = `${registry.address}/team/app:1`
    const here = `Container image "${image}" already present on machine and can be accessed by the pod`
    await secret('same-words', registry.credentials())
    await run('nothing-shown', image, [], 'IfNotPresent')
    await told('nothing-shown', `Failed to pull image "${image}"`)
    await run('never', image, ['wrong'], 'Never')
    await told('never', `Container image "${image}" is not present with pull policy of Never`)
    await told('never', 'Error: ErrImageNeverPull')
    await node.stopAgent()
    registry.distrust() // nothing can be pulled any more
    await node.startAgent()
    for (const name of ['ours', 'same-words']) {
      await run(name, image, [name], 'IfNotPresent')
      await node.ready(name)
      await told(name, here)
    }
    await run('never-ours', image, ['ours'], 'Never')
    await node.ready('never-ours')
    for (const name of ['nothing-shown', 'never', 'ours', 'same-words', 'never-ours']) await node.remove(name)
    docker('rmi', image)
  })
})

describe('the image of sandboxes', () => {
  it('is made again when somebody has deleted it', async () => {
    await using node = await TestNode.start()
    const [name = ''] = docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', 'flotilla/pause').split('\n')
    // With another name, Docker lets go of this one although sandboxes of others are made of it.
    docker('tag', name, 'flotilla-test/pause:kept')
    try {
      docker('image', 'rm', name)
      await node.run('after-prune', { containers: [node.container()] })
      await node.ready('after-prune')
    } finally {
      docker('image', 'rm', '-f', 'flotilla-test/pause:kept')
    }
  })
})

describe('an image that is here', () => {
  const source = (name: string, hash: string) => ({ uid: `uid-${name}`, namespace: 'shop', name, hash })
  const credentials = (...sources: ReturnType<typeof source>[]) =>
    Promise.resolve(sources.map(each => ({ auth: { serveraddress: 'registry.example' }, source: each })))
  const image = 'registry.example/app:1'
  const never = () => Promise.reject(new Error('nobody has to ask'))

  it('is everybody’s where somebody else put it there, or where it was pulled without credentials', async () => {
    using folder = temporary()
    const records = new PullRecords(folder.path, silentLog)
    expect(await records.mayUse(image, 'sha256:1', never)).toBe(true)
    await records.came(image, 'sha256:1', undefined)
    expect(await records.mayUse(image, 'sha256:1', never)).toBe(true)
  })
  it('is for those with the same secret, whatever it says now, or the same words in another', async () => {
    using folder = temporary()
    await new PullRecords(folder.path, silentLog).came(image, 'sha256:1', source('one', 'a'))
    const records = new PullRecords(folder.path, silentLog)
    const may = (...sources: ReturnType<typeof source>[]) =>
      records.mayUse(image, 'sha256:1', () => credentials(...sources))
    expect(await may()).toBe(false)
    expect(await may(source('two', 'b'))).toBe(false)
    expect(await may(source('one', 'c'))).toBe(true)
    expect(await may(source('two', 'c'))).toBe(true)
    expect(await may(source('two', 'd'))).toBe(true)
    expect(await records.mayUse('registry.example/other:1', 'sha256:1', () => credentials(source('one', 'a')))).toBe(
      false,
    )
  })
  it('is nobody’s while nothing says how it came: the pull was cut off', async () => {
    using folder = temporary()
    await new PullRecords(folder.path, silentLog).begins(image)
    const records = new PullRecords(folder.path, silentLog)
    expect(await records.mayUse(image, 'sha256:1', () => credentials(source('one', 'a')))).toBe(false)
    await records.begins(image)
    await records.ended(image)
    expect(await records.mayUse(image, 'sha256:1', never)).toBe(true)
  })
  it('is everybody’s again where what was written down is damaged, and goes on from there', async () => {
    using folder = temporary()
    writeFileSync(join(folder.path, 'pull-records.json'), '{"images":{"sha256:1"')
    const records = new PullRecords(folder.path, silentLog)
    expect(await records.mayUse(image, 'sha256:1', never)).toBe(true)
    await records.came(image, 'sha256:2', source('one', 'a'))
    const later = new PullRecords(folder.path, silentLog)
    expect(await later.mayUse(image, 'sha256:2', () => credentials())).toBe(false)
  })
  it('is forgotten when it is gone', async () => {
    using folder = temporary()
    const records = new PullRecords(folder.path, silentLog)
    await records.came(image, 'sha256:1', source('one', 'a'))
    await records.came(image, 'sha256:2', source('one', 'a'))
    await records.forgetGone(() => Promise.resolve(['sha256:2']))
    expect(await records.mayUse(image, 'sha256:1', never)).toBe(true)
    expect(await records.mayUse(image, 'sha256:2', () => credentials())).toBe(false)
  })
})

describe('a pull that several pods wait for', () => {
  const never = new AbortController().signal
  it('is made once, and goes on while one of them waits', async () => {
    const pulls = new SharedPulls()
    const begun: AbortSignal[] = []
    let finish: () => void = () => undefined
    const pull = (signal: AbortSignal) => {
      begun.push(signal)
      return new Promise<void>(resolve => (finish = resolve))
    }
    const first = new AbortController()
    const leaving = pulls.join('image', pull, first.signal)
    const staying = pulls.join('image', pull, never)
    first.abort(new Error('the pod is being deleted'))
    await expect(leaving).rejects.toThrow('the pod is being deleted')
    expect(begun).toHaveLength(1)
    expect(begun[0]?.aborted).toBe(false)
    finish()
    await staying
  })
  it('is given up when the last of them goes', async () => {
    const pulls = new SharedPulls()
    const last = new AbortController()
    let given: AbortSignal | undefined
    const leaving = pulls.join('image', signal => new Promise(() => (given = signal)), last.signal)
    last.abort(new Error('gone'))
    await expect(leaving).rejects.toThrow('gone')
    expect(given?.aborted).toBe(true)
  })
  it('is made again for a pod that comes after it was given up, however long its end takes', async () => {
    const pulls = new SharedPulls()
    const last = new AbortController()
    let end: () => void = () => undefined
    const leaving = pulls.join('image', () => new Promise((_resolve, reject) => (end = () => reject(new Error('cut')))), last.signal) // prettier-ignore
    last.abort(new Error('gone'))
    await expect(leaving).rejects.toThrow('gone')
    let finish: () => void = () => undefined
    const late = pulls.join('image', () => new Promise(resolve => (finish = resolve)), never)
    end()
    const joining = pulls.join('image', () => Promise.reject(new Error('a second pull')), never)
    finish()
    await Promise.all([late, joining])
  })
})

describe('how far a pull is', () => {
  it('is the sum of its layers', () => {
    const layers = new LayerProgress()
    const line = (id: string, status: string, current = 0, total?: number) =>
      layers.add({ id, status, progressDetail: total === undefined ? {} : { current, total } })
    expect(line('a', 'Pulling fs layer')).toBeUndefined()
    expect(line('a', 'Downloading', 50, 100)).toEqual({ doneBytes: 50, totalBytes: 100 })
    expect(line('b', 'Downloading', 10, 300)).toEqual({ doneBytes: 60, totalBytes: 400 })
    expect(line('a', 'Download complete')).toEqual({ doneBytes: 110, totalBytes: 400 })
    expect(line('a', 'Extracting', 1, 100)).toBeUndefined()
  })
  it('is told by an event every 15 s', async () => {
    const clock = new ManualClock()
    using folder = temporary()
    const events: string[] = []
    let report: (progress: PullProgress) => void = () => undefined
    let finish: (() => void) | undefined
    const pulled = { id: 'sha256:1', tags: [], digests: [], sizeBytes: 1, user: '' }
    const found: (typeof pulled)[] = []
    const puller = new ImagePuller({
      runtime: {
        findImage: () => Promise.resolve(found[0]),
        pullImage: (_reference: string, _auth: undefined, _signal: AbortSignal, onProgress: typeof report) => {
          report = onProgress
          return new Promise<void>(resolve => (finish = resolve))
        },
      } as unknown as ConstructorParameters<typeof ImagePuller>[0]['runtime'],
      objects: {} as ConstructorParameters<typeof ImagePuller>[0]['objects'],
      recorder: { event: (_about, _type, reason, message) => void events.push(`${reason}: ${message}`) },
      records: new PullRecords(folder.path, silentLog),
      clock,
      onPulled: () => Promise.resolve(),
    })
    const container = { name: 'c', image: 'big:1' }
    const pod = { metadata: { name: 'p', namespace, uid: 'u' }, spec: { containers: [container] } } as unknown as Pod
    const done = puller.ensure(pod, container, new AbortController().signal)
    await eventually(() => clock.pending === 1 && finish !== undefined)
    await clock.advance(15_000)
    report({ doneBytes: 30 * 1024 ** 2, totalBytes: 120 * 1024 ** 2 })
    await clock.advance(15_000)
    found.push(pulled)
    finish?.()
    await done
    expect(events.slice(0, 3)).toEqual([
      'Pulling: Pulling image "big:1"',
      'Pulling: Pulling image "big:1": waiting for the registry',
      'Pulling: Pulling image "big:1": 25 % of 120 MiB',
    ])
    expect(clock.pending).toBe(0)
  })
})

it('a pull that Docker refuses says what Docker says, and nothing of how it was asked', async () => {
  using folder = temporary()
  const socketPath = join(folder.path, 'docker.sock')
  const message = 'Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host'
  const server = createServer((_request, response) => response.writeHead(500).end(JSON.stringify({ message })))
  await new Promise<void>(resolve => server.listen(socketPath, resolve))
  const pull = pullImage({
    engine: new Docker({ socketPath }),
    reference: 'registry.example/app:1',
    auth: undefined,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  })
  await expect(pull).rejects.toThrow(expect.objectContaining({ kind: 'failed', message }) as Error)
  server.close()
})
