// The real kubectl against the real server.
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'

const run = promisify(execFile)
let server: TestApiServer
let home: string
beforeAll(async () => {
  server = await startTestApiServer()
  home = await mkdtemp(join(tmpdir(), 'flotilla-kubectl-'))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

const environment = () => ({ PATH: process.env.PATH, HOME: home, KUBECONFIG: server.kubeconfig })
async function kubectl(...args: string[]): Promise<string> {
  const { stdout } = await run('kubectl', args, { env: environment(), timeout: 20_000 })
  return stdout
}
const failing = (...args: string[]): Promise<string> =>
  kubectl(...args).then(
    () => Promise.reject(new Error(`kubectl ${args.join(' ')} should have failed`)),
    (error: { stderr?: string }) => error.stderr ?? '',
  )

const MANIFEST = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: web}}
data: {colour: blue}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "example.test/web:1", ports: [{containerPort: 80}]}]}
`

test('apply creates, then configures, then changes nothing', async () => {
  const file = join(home, 'web.yaml')
  await writeFile(file, MANIFEST)
  expect(await kubectl('apply', '-f', file)).toBe('configmap/settings created\ndeployment.apps/web created\n')
  expect(await kubectl('apply', '-f', file)).toBe('configmap/settings unchanged\ndeployment.apps/web unchanged\n')
  await writeFile(file, MANIFEST.replace('blue', 'red').replace('replicas: 3', 'replicas: 2'))
  expect(await kubectl('apply', '-f', file)).toBe('configmap/settings configured\ndeployment.apps/web configured\n')
  expect(await kubectl('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}')).toBe('red')
})

test('get prints the tables of the kinds', async () => {
  const table = await kubectl('get', 'deployments', '-o', 'wide')
  expect(table.split('\n')[0]!.split(/\s{2,}/)).toEqual([
    'NAME',
    'READY',
    'UP-TO-DATE',
    'AVAILABLE',
    'AGE',
    'CONTAINERS',
    'IMAGES',
    'SELECTOR',
  ])
  expect(table).toMatch(/web\s+0\/2\s+0\s+0\s+\S+\s+web\s+example\.test\/web:1\s+app=web/)
  expect(await kubectl('get', 'configmaps', '-l', 'app=web', '-o', 'name')).toBe('configmap/settings\n')
})

test('scale, label, annotate, patch and set image write', async () => {
  expect(await kubectl('scale', 'deployment/web', '--replicas=5')).toContain('scaled')
  expect(await kubectl('label', 'deployment/web', 'tier=front')).toContain('labeled')
  expect(await kubectl('annotate', 'deployment/web', 'note=hello')).toContain('annotated')
  expect(await kubectl('set', 'image', 'deployment/web', 'web=example.test/web:2')).toContain('image updated')
  const shown = await kubectl('get', 'deployment', 'web', '-o', 'json')
  expect(JSON.parse(shown)).toMatchObject({
    metadata: { labels: { tier: 'front' }, annotations: { note: 'hello' } },
    spec: { replicas: 5, template: { spec: { containers: [{ image: 'example.test/web:2' }] } } },
  })
})

test('explain, api-resources and api-versions know the kinds', async () => {
  expect(await kubectl('explain', 'deployment.spec.replicas')).toContain('FIELD: replicas <integer>')
  expect(await kubectl('api-resources', '--api-group=apps')).toMatch(
    /deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/,
  )
  expect(await kubectl('api-versions')).toContain('rbac.authorization.k8s.io/v1')
})

test('apply --server-side owns its fields: another manager gets a conflict, and --force-conflicts takes over', async () => {
  const file = join(home, 'owned.yaml')
  const manifest = (value: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned}\ndata: {a: "${value}"}\n`
  const apply = ['apply', '--server-side', '-f', file, '--field-manager']
  await writeFile(file, manifest('1'))
  expect(await kubectl(...apply, 'one')).toContain('configmap/owned serverside-applied')
  await writeFile(file, manifest('2'))
  expect(await failing(...apply, 'two')).toContain('conflict with "one": .data.a')
  expect(await kubectl(...apply, 'two', '--force-conflicts')).toContain('serverside-applied')
  const shown = await kubectl('get', 'configmap', 'owned', '-o', 'json', '--show-managed-fields')
  const { data, metadata } = JSON.parse(shown) as { data: unknown; metadata: { managedFields: { manager: string }[] } }
  expect(data).toEqual({ a: '2' })
  expect(metadata.managedFields.map(({ manager }) => manager)).toEqual(['two'])
})

test('errors reach the user in upstream words', async () => {
  const file = join(home, 'bad.yaml')
  await writeFile(file, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\nspecc: {}\n')
  expect(await failing('apply', '-f', file)).toContain('unknown field "specc"')
  expect(await failing('get', 'configmap', 'absent')).toContain(
    'Error from server (NotFound): configmaps "absent" not found',
  )
  expect(await failing('patch', 'deployment', 'web', '-p', '{"metadata":{"labels":"odd"}}')).toContain(
    'patch: Invalid value: "map[metadata:map[labels:odd]]": cannot restore map from string',
  )
  expect(await failing('patch', 'deployment', 'web', '--type=merge', '-p', '{"metadata":{"labels":"odd"}}')).toContain(
    'json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map[string]string',
  )
  await writeFile(file, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Bad_Name}\n')
  expect(await failing('create', '-f', file)).toContain(
    'The ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value',
  )
})

test('version tells both versions whole', async () => {
  const { clientVersion, serverVersion } = JSON.parse(await kubectl('version', '-o', 'json')) as Record<string, object>
  const parts = ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform'] // prettier-ignore
  for (const version of [clientVersion!, serverVersion!])
    expect(Object.keys(version)).toEqual(expect.arrayContaining(parts))
  expect(serverVersion).toMatchObject({ major: '1', minor: expect.stringMatching(/^\d+$/) })
})

describe('a ReplicationController', () => {
  const CONTROLLER = `apiVersion: v1
kind: ReplicationController
metadata: {name: primary, labels: {app: primary}}
spec:
  replicas: 1
  template:
    metadata: {labels: {app: primary}}
    spec: {containers: [{name: main, image: "example.test/app:1", ports: [{name: server, containerPort: 6379}]}]}
`
  beforeAll(async () => {
    const file = join(home, 'controller.yaml')
    await writeFile(file, CONTROLLER)
    await kubectl('create', '-f', file)
  })

  test('is exposed, and its Service exposed again under another port', async () => {
    const ports = '{.spec.ports[0].port} {.spec.ports[0].targetPort} {.spec.selector.app}'
    await kubectl('expose', 'rc', 'primary', '--name=first', '--port=1234', '--target-port=6379')
    expect(await kubectl('get', 'service', 'first', '-o', `jsonpath=${ports}`)).toBe('1234 6379 primary')
    await kubectl('expose', 'service', 'first', '--name=second', '--port=2345', '--target-port=6379')
    expect(await kubectl('get', 'service', 'second', '-o', `jsonpath=${ports}`)).toBe('2345 6379 primary')
  })

  test('is described, with its pods and its Service', async () => {
    const pod = `apiVersion: v1\nkind: Pod\nmetadata: {name: primary-1, labels: {app: primary}}\nspec: {containers: [{name: main, image: "example.test/app:1"}]}\n` // prettier-ignore
    await writeFile(join(home, 'pod.yaml'), pod)
    await kubectl('create', '-f', join(home, 'pod.yaml'))
    expect(await kubectl('describe', 'rc', 'primary')).toMatch(
      /Name: +primary[^]*Namespace: +default[^]*Selector: +app=primary[^]*Labels: +app=primary[^]*Replicas: [^]*Pods Status: +0 Running[^]*Image: +example\.test\/app:1/,
    )
    expect(await kubectl('describe', 'pod', 'primary-1')).toMatch(
      /Name: +primary-1[^]*Labels: +app=primary[^]*Status: +Pending/,
    )
    expect(await kubectl('describe', 'service', 'first')).toMatch(/Selector: +app=primary[^]*Port: [^]*1234\/TCP[^]*TargetPort: +6379\/TCP/) // prettier-ignore
  })

  test('has its pods annotated by a patch, labelled, found by the label, and given another image on a dry run', async () => {
    await kubectl('patch', 'pod', 'primary-1', '-p', '{"metadata":{"annotations":{"x":"y"}}}')
    expect(await kubectl('get', 'pods', '-l', 'app=primary', '-o', 'jsonpath={.items[*].metadata.annotations.x}')).toBe(
      'y',
    )
    await kubectl('label', 'pod', 'primary-1', 'testing-label=value')
    expect(await kubectl('get', 'pods', '-l', 'testing-label=value', '-o', 'name')).toBe('pod/primary-1\n')
    await kubectl('label', 'pod', 'primary-1', 'testing-label-')
    expect(await kubectl('get', 'pods', '-l', 'testing-label=value', '-o', 'name')).toBe('')
    const image = '{"spec":{"containers":[{"name":"main","image":"example.test/app:2"}]}}'
    expect(await kubectl('patch', 'pod', 'primary-1', '-p', image, '--dry-run=server', '-o', 'jsonpath={..image}')).toBe('example.test/app:2') // prettier-ignore
    expect(await kubectl('get', 'pod', 'primary-1', '-o', 'jsonpath={..image}')).toBe('example.test/app:1')
  })

  test('scales down and up', async () => {
    for (const replicas of ['2', '1', '2']) {
      await kubectl('scale', 'rc', 'primary', `--replicas=${replicas}`)
      expect(await kubectl('get', 'rc', 'primary', '-o', 'jsonpath={.spec.replicas}')).toBe(replicas)
    }
  })
})

test('diff shows the other image of a Deployment', async () => {
  const file = join(home, 'other.yaml')
  await writeFile(file, MANIFEST.replace('web:1', 'busybox:1').replaceAll('name: web', 'name: compared'))
  await kubectl('apply', '-f', file)
  await writeFile(file, MANIFEST.replace('web:1', 'agnhost:1').replaceAll('name: web', 'name: compared'))
  const { code, stdout } = await kubectl('diff', '-f', file).then(
    () => ({ code: 0, stdout: '' }),
    (error: { code: number; stdout: string }) => error,
  )
  expect(code).toBe(1)
  const lines = stdout.split('\n').filter(line => line.includes('image:'))
  expect(lines.map(line => line.replaceAll(' ', ''))).toEqual([
    '--image:example.test/busybox:1',
    '+-image:example.test/agnhost:1',
  ])
})

test('replace gives a pod another image', async () => {
  await kubectl('run', 'replaced', '--image=example.test/app:1', '--restart=Never')
  const [container] = JSON.parse(
    await kubectl('get', 'pod', 'replaced', '-o', 'jsonpath={.spec.containers}'),
  ) as object[]
  expect(container).toMatchObject({ name: 'replaced', image: 'example.test/app:1' })
  const text = await kubectl('get', 'pod', 'replaced', '-o', 'json')
  await writeFile(join(home, 'replaced.json'), text.replaceAll('example.test/app:1', 'example.test/app:2'))
  await kubectl('replace', '-f', join(home, 'replaced.json'))
  expect(await kubectl('get', 'pod', 'replaced', '-o', 'jsonpath={..image}')).toBe('example.test/app:2')
})

describe('proxy serves the API', () => {
  test.each(['a port that it chooses', 'a socket of a path'])('at %s', async where => {
    const socketPath = join(home, 'proxy.sock')
    const asked = where.includes('socket') ? `--unix-socket=${socketPath}` : '--port=0'
    const child = spawn('kubectl', ['proxy', asked], { env: environment() })
    try {
      const line = await new Promise<string>(resolve =>
        child.stdout.once('data', (data: Buffer) => resolve(data.toString())),
      )
      const at = where.includes('socket') ? { socketPath } : { port: /:(\d+)/.exec(line)![1] }
      const text = await new Promise<string>((resolve, reject) =>
        get({ ...at, host: '127.0.0.1', path: '/api/' }, answer => {
          let body = ''
          answer.on('data', (data: Buffer) => (body += data.toString())).on('end', () => resolve(body))
        }).on('error', reject),
      )
      expect(JSON.parse(text)).toMatchObject({ kind: 'APIVersions', versions: ['v1'] })
    } finally {
      child.kill()
    }
  })
})

test('a watch shows changes as they happen', async () => {
  const child = spawn('kubectl', ['get', 'configmaps', '--watch', '-o', 'name'], { env: environment() })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', text => (output += text))
  try {
    await eventually(() => expect(output).toContain('configmap/settings'))
    const file = join(home, 'live.yaml')
    await writeFile(file, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: live}\n')
    await kubectl('create', '-f', file)
    await eventually(() => expect(output).toContain('configmap/live'))
  } finally {
    child.kill()
    await new Promise(resolve => child.once('close', resolve))
  }
})

test('delete removes, and waits until it is gone', async () => {
  expect(await kubectl('delete', 'deployment/web', 'configmap/settings')).toContain('deployment.apps "web" deleted')
  expect(await failing('get', 'deployment', 'web')).toContain('not found')
})
