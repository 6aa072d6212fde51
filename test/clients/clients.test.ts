// Clients that others wrote, unchanged, against a real cluster: client-go, Helm, the Python client and kubectl.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientImage } from '../e2e/support/client-image.ts'
import { repository, until } from '../e2e/support/cluster.ts'
import { Clients } from './support.ts'

const here = join(repository, 'test/clients')
const scratch = mkdtempSync(join(tmpdir(), 'flotilla-clients-work-'))
const helmPath = process.env.FLOTILLA_HELM
const hasGo = spawnSync('go', ['version']).status === 0

let clients: Clients
let image: string

beforeAll(async () => {
  image = clientImage()
  clients = await Clients.start()
})
afterAll(async () => {
  await clients[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true, force: true })
})

describe.skipIf(!hasGo)('a client-go program', () => {
  const NAMES =
    'protobuf everykind conflict pager watch informer apply elect events discovery metadata exec logs portforward'.split(
      ' ',
    )
  let output = ''
  beforeAll(async () => {
    const program = join(scratch, 'program')
    const built = spawnSync('go', ['build', '-o', program, '.'], { cwd: join(here, 'go'), encoding: 'utf8' })
    expect(built.stderr.replace(/^go: downloading.*\n/gm, '')).toBe('')
    await clients.webPod('go', image)
    const samples = join(repository, 'test/conformance/peer/samples.yaml')
    output = (await clients.run(program, ['go', 'web'], { SAMPLES: samples })).stdout
  })
  it.each(NAMES)('works: %s', name => {
    expect(output.split('\n').find(line => / (\w+)/.exec(line)?.[1] === name)).toBe(`ok ${name}`)
  })
})

describe.skipIf(!helmPath)('Helm', () => {
  const helm = (...args: string[]) => {
    const home = { HELM_CACHE_HOME: scratch, HELM_CONFIG_HOME: scratch, HELM_DATA_HOME: scratch }
    return clients.must(helmPath ?? '', [...args, '-n', 'helm'], home)
  }
  const text = () =>
    clients.must('kubectl', ['get', 'configmap', 'app-cm', '-n', 'helm', '-o', 'jsonpath={.data.text}'])
  /** Of a kind that the chart brings with it. */
  const note = () => clients.must('kubectl', ['get', 'note', 'app-note', '-n', 'helm', '-o', 'jsonpath={.spec.text}'])
  const wait = ['--wait', '--timeout', '60s']

  it('renders against the server, and installs a chart with hooks, waiting until it is ready', async () => {
    const set = ['--set', `image=${image}`]
    const chart = join(here, 'chart')
    await clients.must('kubectl', ['create', 'namespace', 'helm'])
    expect(await helm('lint', chart)).toContain('0 chart(s) failed')
    // Kinds that the chart brings are not there yet when it is only rendered.
    const rendered = await helm('template', 'app', chart, ...set, '--set', 'notes=false', '--dry-run=server')
    expect(rendered).toContain('name: app-secret')
    expect(await helm('install', 'app', chart, ...set, ...wait)).toContain('STATUS: deployed')
    expect([await text(), await note()]).toEqual(['one', 'one'])
    expect(
      await clients.must('kubectl', [
        'get',
        'deployment',
        'app',
        '-n',
        'helm',
        '-o',
        'jsonpath={.status.readyReplicas}',
      ]),
    ).toBe('1')
  })

  it('upgrades, rolls back, tells the history and tests the release', async () => {
    await helm('upgrade', 'app', join(here, 'chart'), '--set', `image=${image},text=two,replicas=2`, ...wait)
    expect([await text(), await note()]).toEqual(['two', 'two'])
    await helm('rollback', 'app', '1', ...wait)
    expect(await text()).toBe('one')
    expect(await helm('history', 'app')).toMatch(/3\s.*deployed.*Rollback to 1/)
    expect(await helm('get', 'manifest', 'app')).toContain('kind: RoleBinding')
    expect(await helm('test', 'app', '--timeout', '60s')).toMatch(/Phase:\s+Succeeded/)
  })

  it('uninstalls', async () => {
    expect(await helm('uninstall', 'app', ...wait)).toContain('uninstalled')
    const left = await clients.must('kubectl', ['get', 'deployment,service,secret,role', '-n', 'helm', '-o', 'name'])
    expect(left).toBe('')
    // A kind stays, with what others have made of it.
    expect(await clients.must('kubectl', ['get', 'notes', '-n', 'helm', '-o', 'name'])).toBe('')
  })
})

describe('the Python client', () => {
  it('creates, lists, watches, patches, runs commands and deletes', async () => {
    await clients.webPod('python', image)
    const { code, stdout, stderr } = await clients.run('/usr/bin/python3', [join(here, 'program.py'), 'python', 'web'])
    expect({ code, stderr, stdout }).toMatchObject({ code: 0, stdout: 'ok\n' })
  })
})

describe.each([
  ["the machine's kubectl", 'kubectl'],
  ['the newest kubectl', process.env.FLOTILLA_KUBECTL_NEWEST ?? 'kubectl'],
])('%s', (name, kubectl) => {
  const namespace = name.includes('newest') ? 'k-newest' : 'k-own'
  const k = (...args: string[]) => clients.run(kubectl, ['-n', namespace, ...args])

  it('logs -p names the container that never ended', async () => {
    await clients.webPod(namespace, image)
    expect((await k('logs', 'web', '-p')).stderr).toBe(
      'Error from server (BadRequest): previous terminated container "web" in pod "web" not found\n',
    )
  })

  it('copies to and from a container', async () => {
    const copy = join(scratch, namespace)
    expect(await k('cp', '/etc/hostname', 'web:/tmp/name')).toMatchObject({ code: 0 })
    expect(await k('cp', 'web:/tmp/name', copy)).toMatchObject({ code: 0 })
    expect((await clients.run('cmp', ['/etc/hostname', copy])).code).toBe(0)
  })

  it('tells the use of nodes and pods, and who it is', async () => {
    await until('metrics of the node', async () => /^\S+\s+\d+m\s+/m.test((await k('top', 'nodes')).stdout))
    expect((await k('top', 'pods', '-A')).stderr).not.toContain('error')
    expect((await k('auth', 'whoami')).stdout).toContain('system:masters')
  })

  it('creates one of each kind that it has a command for', async () => {
    for (const command of [
      ['configmap', 'c', '--from-literal=a=b'],
      ['secret', 'generic', 's', '--from-literal=a=b'],
      ['serviceaccount', 'sa'],
      ['role', 'r', '--verb=get', '--resource=pods'],
      ['rolebinding', 'rb', '--role=r', '--serviceaccount=x:sa'],
      ['quota', 'q', '--hard=pods=9'],
      ['poddisruptionbudget', 'p', '--selector=a=b', '--min-available=1'],
      ['ingress', 'i', '--rule=h.example/x=s:80'],
      ['service', 'nodeport', 'np', '--tcp=80:80'],
      ['cronjob', 'cj', `--image=${image}`, '--schedule=0 0 1 1 *', '--', 'true'],
    ])
      expect(await k('create', ...command)).toMatchObject({ code: 0, stderr: '' })
    expect((await k('create', 'token', 'sa')).stdout.trim().split('.')).toHaveLength(3)
  })
})
