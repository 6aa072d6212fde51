// Where log collectors find what containers write: as on any other node.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LogLinks } from '../../src/agent/kubelet/log-links.ts'
import type { PodOutline } from '../../src/agent/kubelet/runtime/contract.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { eventually } from '../support/eventually.ts'
import { docker, temporaryFolder } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

const pod = { uid: 'uid-1', name: 'web', namespace: 'shop' }
const one = { id: 'aaa', name: 'app', attempt: 0, state: 'running' as const }
const two = { id: 'bbb', name: 'app', attempt: 1, state: 'running' as const }
const outline = (...containers: PodOutline['containers']): PodOutline[] => [{ ...pod, sandboxes: [], containers }]

describe('links', () => {
  let base: ReturnType<typeof temporaryFolder>
  let folder: string
  let engineFolder: string
  let links: LogLinks
  const file = (id: string) => join(engineFolder, 'containers', id, `${id}-json.log`)
  const write = (id: string) => {
    mkdirSync(join(engineFolder, 'containers', id), { recursive: true })
    writeFileSync(file(id), `${id} says\n`)
  }
  /** What a pod that has the folder as its /var/log sees. */
  const read = (name: string) => {
    const target = realpathSync.native(join(folder, name))
    return readFileSync(target, 'utf8')
  }
  const places = () =>
    existsSync(join(folder, 'pods'))
      ? readdirSync(join(folder, 'pods'), { recursive: true, withFileTypes: true })
          .filter(entry => !entry.isDirectory())
          .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
          .sort()
      : []
  const shown = () => (existsSync(join(folder, 'containers')) ? readdirSync(join(folder, 'containers')).sort() : [])
  const make = () => new LogLinks({ folder, engineFolder, log: silentLog })

  beforeEach(() => {
    base = temporaryFolder()
    folder = join(base.path, 'log')
    engineFolder = join(base.path, 'docker')
    for (const id of ['aaa', 'bbb']) write(id)
    links = make()
  })
  afterEach(() => base.remove())

  test('lead by pod, container and number of restarts, and by names that tell all of it', async () => {
    links.add(pod, one)
    links.add(pod, two)
    await links.settled()
    expect(places()).toEqual(['pods/shop_web_uid-1/app/0.log', 'pods/shop_web_uid-1/app/1.log'])
    expect(read('pods/shop_web_uid-1/app/1.log')).toBe('bbb says\n')
    expect(shown()).toEqual(['web_shop_app-aaa.log', 'web_shop_app-bbb.log'])
  })
  test('are there for containers that an agent finds, and again when somebody removed them', async () => {
    links.sync(outline(one))
    await links.settled()
    expect(read('pods/shop_web_uid-1/app/0.log')).toBe('aaa says\n')
    rmSync(folder, { recursive: true })
    const next = make()
    next.sync(outline(one))
    await next.settled()
    expect(places()).toHaveLength(1)
  })
  test('go with their container, not before the engine was asked twice', async () => {
    links.add(pod, one)
    links.add(pod, two)
    links.sync(outline(two))
    await links.settled()
    expect(places()).toHaveLength(2)
    links.sync(outline(two))
    await links.settled()
    expect(places()).toEqual(['pods/shop_web_uid-1/app/1.log'])
    expect(shown()).toEqual(['web_shop_app-bbb.log'])
    links.sync([])
    links.sync([])
    await links.settled()
    expect([readdirSync(join(folder, 'pods')), shown()]).toEqual([[], []])
  })
  test('of containers that went while no agent ran are removed; what others made stays', async () => {
    links.add(pod, one)
    await links.settled()
    rmSync(join(engineFolder, 'containers', 'aaa'), { recursive: true })
    const theirs = join(folder, 'pods', 'other_pod_uid', 'app')
    mkdirSync(theirs, { recursive: true })
    writeFileSync(join(theirs, '0.log'), 'theirs')
    symlinkSync('/nowhere/file', join(theirs, '1.log'))
    symlinkSync('/var/log/pods/other_pod_uid/app/0.log', join(folder, 'containers', 'other.log'))
    const next = make()
    next.sync(outline(two))
    await next.settled()
    expect(places()).toEqual([
      'pods/other_pod_uid/app/0.log',
      'pods/other_pod_uid/app/1.log',
      'pods/shop_web_uid-1/app/1.log',
    ])
    expect(shown()).toEqual(['other.log', 'web_shop_app-bbb.log'])
  })
  test('leave nothing when the node is cleaned, not even the folders', async () => {
    links.add(pod, one)
    await links.settled()
    rmSync(join(engineFolder, 'containers', 'aaa'), { recursive: true })
    await make().clear()
    expect(readdirSync(folder)).toEqual([])
  })
  test('have names that a file system takes', async () => {
    const long = { ...pod, name: 'n'.repeat(180), namespace: 's'.repeat(60) }
    links.add(long, { ...one, id: 'a'.repeat(64) })
    // Its folder would have too long a name.
    links.add({ ...long, name: 'n'.repeat(250) }, two)
    links.add(pod, one)
    await links.settled()
    expect(shown().map(name => name.length)).toEqual([255, 'web_shop_app-aaa.log'.length])
    expect(shown()[0]).toMatch(/^n{180}_s{60}_app-a+\.log$/)
  })
  test('that lost what tells containers apart lead to the newest, and stay when an older one goes', async () => {
    const long = { ...pod, name: 'n'.repeat(186), namespace: 's'.repeat(60) }
    const longOutline = (...containers: PodOutline['containers']) => [{ ...long, sandboxes: [], containers }]
    links.add(long, one)
    links.add(long, two)
    links.sync(longOutline(two))
    links.sync(longOutline(two))
    await links.settled()
    expect(shown()).toHaveLength(1)
    expect(readlinkSync(join(folder, 'containers', shown()[0]!))).toMatch(/app\/1\.log$/)
  })
})

describe('on a node', () => {
  let node: TestNode
  beforeAll(async () => {
    node = await TestNode.start()
  })
  afterAll(() => node?.[Symbol.asyncDispose]())

  test('a collector reads the logs of other pods where it does everywhere', async () => {
    await node.run('talker', { containers: [node.container('echo hello; exec sleep 100000')] })
    const { metadata, status } = await node.ready('talker')
    const id = statusOf({ metadata, status } as never).containerID!.replace('docker://', '')
    const engine = docker('info', '--format', '{{.DockerRootDir}}')
    await node.run('collector', {
      volumes: [
        { name: 'logs', hostPath: { path: '/var/log' } },
        { name: 'engine', hostPath: { path: `${engine}/containers` } },
      ],
      containers: [
        {
          ...node.container('exec sleep 100000'),
          volumeMounts: [
            { name: 'logs', mountPath: '/var/log', readOnly: true },
            { name: 'engine', mountPath: `${engine}/containers`, readOnly: true },
          ],
        },
      ],
    })
    const collector = statusOf(await node.ready('collector')).containerID!.replace('docker://', '')
    const read = (path: string) => docker('exec', collector, 'cat', path)
    for (const path of [
      `/var/log/containers/talker_default_main-${id}.log`,
      `/var/log/pods/default_talker_${metadata.uid}/main/0.log`,
    ])
      await eventually(() => read(path).includes('"log":"hello\\n"'))
    // This node is not the machine: its folder is its own.
    expect(existsSync(`/var/log/pods/default_talker_${metadata.uid}`)).toBe(false)
  })
})
