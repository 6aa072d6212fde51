// The history as clients meet it: kubectl on a whole control plane, over each engine.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAuditPolicy } from '../../src/main/apiserver/audit/policy.ts'
import { type ControlPlane, startControlPlane } from '../../src/main/control-plane.ts'
import { eventually } from '../support/eventually.ts'
import { EtcdServer } from './etcd-server.ts'
import { tempFolder, type TempFolder } from './temp-folder.ts'

const API = '/apis/history.flotilla.dev/v1'
const AUDIT = parseAuditPolicy({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', verbs: ['create'], resources: [{ group: 'history.flotilla.dev' }] }],
})

describe.each(['nedb', 'etcd'] as const)('the history over %s', name => {
  let etcd: EtcdServer | undefined
  let folder: TempFolder
  let plane: ControlPlane
  beforeAll(async () => {
    if (name === 'etcd') etcd = await EtcdServer.start()
    folder = await tempFolder()
    plane = await startControlPlane({
      dataDir: folder.path,
      listen: { host: '127.0.0.1', port: 0 },
      store: etcd ? { engine: 'etcd', endpoints: [etcd.url] } : { engine: 'nedb' },
      localNode: false,
      apiServer: {
        audit: {
          policy: AUDIT,
          log: { path: join(folder.path, 'audit.log'), maxBytes: 1e6, maxBackups: 0, maxAgeMs: 0 },
        },
      },
    })
    await kubectl('create', 'namespace', 'team')
  })
  afterAll(async () => {
    await plane[Symbol.asyncDispose]()
    await etcd?.[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  const run = (args: readonly string[], input = '') =>
    new Promise<{ out: string; err: string }>(resolve => {
      const child = execFile('kubectl', ['--kubeconfig', plane.kubeconfigPath, '-n', 'team', ...args], (_e, out, err) =>
        resolve({ out, err }),
      )
      child.stdin?.end(input)
    })
  const kubectl = async (...args: string[]) => (await run(args)).out
  /** Actions and revisions of an object, oldest first. */
  const revisionsOf = async (resource: string, object: string) => {
    const path = `${API}/namespaces/team/revisions?fieldSelector=of.resource%3D${resource},of.name%3D${object}`
    const { items } = JSON.parse(await kubectl('get', '--raw', path)) as {
      items: { action: string; revision: string; metadata: { name: string } }[]
    }
    return items
  }
  const restore = (revision: string, ...args: string[]) =>
    run(['create', '-f', '-', '--raw', `${API}/namespaces/team/revisions/${revision}/restore`, ...args], '{}')

  test('kubectl lists what an object was, shows one revision, and the server tells the difference', async () => {
    await kubectl('create', 'configmap', 'settings', '--from-literal=color=blue')
    await kubectl('patch', 'configmap', 'settings', '-p', '{"data":{"color":"red"}}')
    await eventually(async () => expect(await revisionsOf('configmaps', 'settings')).toHaveLength(2))
    const [first, second] = await revisionsOf('configmaps', 'settings')
    expect([first!.action, second!.action]).toEqual(['Created', 'Updated'])
    const table = await kubectl('get', 'revisions', '--field-selector', 'of.kind=ConfigMap,of.name=settings')
    expect(table).toMatch(/^NAME +ACTION +REVISION +AGE\nconfigmaps:settings:\d+ +Created +\d+ +\d+s\n/)
    expect(await kubectl('get', 'rev', first!.metadata.name, '-o', 'jsonpath={.object.data.color}')).toBe('blue')
    const diff = `${API}/namespaces/team/revisions/${second!.metadata.name}/diff`
    expect(JSON.parse(await kubectl('get', '--raw', diff))).toMatchObject({
      kind: 'ObjectDiff',
      from: first!.revision,
      to: second!.revision,
      changes: [{ op: 'replace', path: '/data/color', value: 'red' }],
    })
    const back = JSON.parse(
      await kubectl(
        'get',
        '--raw',
        `${API}/namespaces/team/revisions/${first!.metadata.name}/diff?against=${second!.revision}`,
      ),
    ) as { changes: object[] }
    expect(back.changes).toEqual([{ op: 'replace', path: '/data/color', value: 'blue' }])
  })

  test('a change is undone and a deleted object comes back, each as a new revision', async () => {
    await kubectl('create', 'deployment', 'web', '--image=nginx:1', '--replicas=2')
    await kubectl('set', 'image', 'deployment/web', 'nginx=nginx:2')
    await eventually(async () => expect((await revisionsOf('deployments.apps', 'web')).length).toBeGreaterThan(1))
    const image = () => kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')
    expect(await image()).toBe('nginx:2')
    const uid = await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.metadata.uid}')
    const [first] = await revisionsOf('deployments.apps', 'web')
    expect((await restore(first!.metadata.name)).err).toBe('')
    expect(await image()).toBe('nginx:1')
    expect(await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.metadata.uid}')).toBe(uid)

    await kubectl('delete', 'deployment', 'web', '--cascade=orphan')
    await eventually(async () => expect((await revisionsOf('deployments.apps', 'web')).at(-1)!.action).toBe('Deleted'))
    const last = (await revisionsOf('deployments.apps', 'web')).at(-1)!
    expect((await restore(last.metadata.name)).err).toBe('')
    expect(await image()).toBe('nginx:1')
    expect(await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.metadata.uid}')).not.toBe(uid)
    await eventually(async () =>
      expect((await revisionsOf('deployments.apps', 'web')).at(-1)!.action).not.toBe('Deleted'),
    )
    // Who did it is on record.
    await eventually(async () => {
      const lines = (await readFile(join(folder.path, 'audit.log'), 'utf8')).split('\n').filter(Boolean)
      const restored = lines
        .map(line => JSON.parse(line) as { verb: string; user: object; objectRef?: { subresource?: string } })
        .filter(({ objectRef }) => objectRef?.subresource === 'restore')
      expect(restored.slice(0, 2)).toMatchObject(
        [first!, last].map(({ metadata: { name } }) => ({
          verb: 'create',
          user: { username: 'kubernetes-admin' },
          objectRef: { resource: 'revisions', namespace: 'team', name },
        })),
      )
    })
  })

  test('what a deletion put on an object does not come back with it', async () => {
    await kubectl('create', 'configmap', 'slow', '--from-literal=a=b')
    await kubectl('delete', 'configmap', 'slow', '--cascade=foreground')
    const names = { plural: 'shelves', singular: 'shelf', kind: 'Shelf', listKind: 'ShelfList' }
    const schema = { openAPIV3Schema: { type: 'object' } }
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'shelves.example.com' },
      spec: {
        ...{ group: 'example.com', scope: 'Namespaced', names },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    }
    await run(['create', '-f', '-'], JSON.stringify(definition))
    await kubectl('delete', 'crd', 'shelves.example.com')

    const comesBack = async (kind: string, name: string, revisions: string) => {
      const end = await eventually(async () => {
        const { items } = JSON.parse(await kubectl('get', '--raw', `${API}/${revisions}`)) as {
          items: { action: string; metadata: { name: string } }[]
        }
        const found = items.find(({ action, metadata }) => action === 'Deleted' && metadata.name.includes(`:${name}:`))
        expect(found).toBeDefined()
        return found!
      })
      const path = `${API}/${revisions}/${end.metadata.name}/restore`
      expect((await run(['create', '-f', '-', '--raw', path], '{}')).err).toBe('')
      expect(await kubectl('get', kind, name, '-o', 'jsonpath={.metadata.name} {.metadata.finalizers}')).toBe(
        `${name} `,
      )
    }
    await comesBack('configmap', 'slow', 'namespaces/team/revisions')
    await comesBack('crd', 'shelves.example.com', 'clusterrevisions')
  })

  test('reading wants get on the object, undoing wants update or create; lists leave out what one may not see', async () => {
    await kubectl('create', 'secret', 'generic', 'db', '--from-literal=password=old')
    await kubectl('create', 'role', 'see', '--verb=get,list', '--resource=configmaps')
    await kubectl('create', 'rolebinding', 'see', '--role=see', '--user=ann')
    await eventually(async () => expect(await revisionsOf('secrets', 'db')).toHaveLength(1))
    const [secret] = await revisionsOf('secrets', 'db')
    const [settings] = await revisionsOf('configmaps', 'settings')
    const as = ['--as=ann', '--as-group=system:authenticated']
    const list = await kubectl('get', 'revisions', '-o', 'name', ...as)
    expect(list).toContain('configmaps:settings:')
    expect(list).not.toContain('secrets:db')
    const refused = await run(['get', 'revisions', secret!.metadata.name, '-o', 'yaml', ...as])
    expect(refused.err).toContain('secrets "db" is forbidden: User "ann" cannot get resource "secrets"')
    expect(
      await kubectl('get', 'revisions', settings!.metadata.name, '-o', 'jsonpath={.object.data.color}', ...as),
    ).toBe('blue')
    expect((await restore(settings!.metadata.name, ...as)).err).toContain('cannot update resource "configmaps"')
    await kubectl('delete', 'configmap', 'settings')
    expect((await restore(settings!.metadata.name, ...as)).err).toContain('cannot create resource "configmaps"')
    expect((await run(['delete', '--raw', `${API}/namespaces/team/revisions`, ...as])).err).toContain('Forbidden')
  })

  test("objects of the cluster have a history of their own, and a namespace's goes with it", async () => {
    await kubectl('create', 'clusterrole', 'history-test', '--verb=get', '--resource=pods')
    const cluster = () => kubectl('get', 'clusterrevisions', '--field-selector', 'of.name=history-test', '-o', 'name')
    await eventually(async () =>
      expect(await cluster()).toContain('clusterroles.rbac.authorization.k8s.io:history-test:'),
    )
    await kubectl('create', 'namespace', 'gone')
    await kubectl('create', 'configmap', 'x', '-n', 'gone')
    const of = (namespace: string) => kubectl('get', 'revisions', '-n', namespace, '-o', 'name')
    await eventually(async () => expect(await of('gone')).toContain('configmaps:x:'))
    await kubectl('delete', 'namespace', 'gone')
    await eventually(async () => expect(await of('gone')).toBe(''))
    expect(await of('team')).not.toBe('')
    await kubectl('delete', '--raw', `${API}/namespaces/team/revisions?fieldSelector=of.name%3Dweb`)
    expect(await of('team')).not.toContain('deployments.apps:web')
    expect(await of('team')).toContain('secrets:db')
  })

  test('what is asked for wrongly is answered in words', async () => {
    for (const bad of ['nonsense', 'configmaps:settings', 'configmaps:settings:1', 'nodes:x:1'])
      expect((await run(['get', 'revisions', bad])).err).toContain('NotFound')
    expect((await run(['get', 'revisions', '--field-selector', 'spec.x=1'])).err).toContain(
      'of.resource, of.kind, of.name',
    )
    const erased = await run(['delete', '--raw', `${API}/namespaces/team/revisions/configmaps:settings:1`])
    expect(erased.err).toContain('single revisions cannot be erased')
  })
})
