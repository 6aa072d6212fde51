import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  mergeKubeconfig,
  readKubeconfig,
  unmergeKubeconfig,
  userKubeconfigPath,
} from '../../src/main/data-folder/kubeconfig-file.ts'
import { targetsOf } from '../../src/main/cli/connect/connect.ts'
import { renderKubeconfig } from '../../src/shared/machinery/kubeconfig.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const ours = `apiVersion: v1
kind: Config
clusters: [{ name: x, cluster: { server: 'https://127.0.0.1:6443', certificate-authority-data: ${base64('CA')} } }]
users: [{ name: x, user: { client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')} } }]
contexts: [{ name: x, context: { cluster: x, user: x } }]
current-context: x
`
const withAddresses = (...others: string[]) =>
  renderKubeconfig({
    server: 'https://127.0.0.1:6443',
    others,
    kubernetesServiceIP: '10.20.0.1',
    caPem: 'CA',
    certPem: 'CERT',
    keyPem: 'KEY',
    name: 'flotilla',
    user: 'kubernetes-admin',
  })
const theirs = `# my clusters
apiVersion: v1
kind: Config
clusters:
  - name: work # the big one
    cluster: { server: https://work.example }
users:
  - name: me
    user: { token: abc }
contexts:
  - name: work
    context: { cluster: work, user: me }
current-context: work
`
const base = mkdtempSync(join(tmpdir(), 'flotilla-kubeconfig-'))
afterAll(() => rmSync(base, { recursive: true }))
const folder = () => mkdtempSync(join(base, 'own-'))
const file = (text: string) => {
  const path = join(folder(), 'config')
  writeFileSync(path, text, { mode: 0o640 })
  return path
}

describe('readKubeconfig()', () => {
  it('takes the cluster and the user of the current context', () => {
    const path = file(theirs)
    mergeKubeconfig(path, 'flotilla', ours)
    expect(readKubeconfig(path)).toMatchObject({ server: 'https://127.0.0.1:6443', cert: 'CERT' })
  })
  it.each([
    ['says nothing', '', /is not a kubeconfig with a cluster and a user/],
    ['is a text', 'hello', /is not a kubeconfig with a cluster and a user/],
    ['names a cluster that is not there', ours.replace('cluster: x,', 'cluster: y,'), /is not a kubeconfig with/],
    ['has a token and no certificate', theirs, /has no certificate-authority-data for its current context/],
    ['names files', ours.replace('client-key-data', 'client-key'), /has no client-key-data for its current context/],
  ])('refuses a file that %s, in a sentence', (_what, text, message) => {
    expect(() => readKubeconfig(file(text))).toThrow(message)
  })
})

describe('mergeKubeconfig()', () => {
  it('creates the file, private, when there is none', () => {
    const path = join(folder(), 'deep', 'config')
    mergeKubeconfig(path, 'flotilla', ours)
    expect(readKubeconfig(path)).toEqual({
      server: 'https://127.0.0.1:6443',
      others: [],
      ca: 'CA',
      cert: 'CERT',
      key: 'KEY',
    })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })
  it('keeps other clusters, comments and the file mode, and makes ours current', () => {
    const path = file(theirs)
    mergeKubeconfig(path, 'flotilla', ours)
    const text = readFileSync(path, 'utf8')
    expect(text).toContain('# my clusters')
    expect(text).toContain('# the big one')
    expect(parse(text)).toMatchObject({
      'current-context': 'flotilla',
      clusters: [{ name: 'work' }, { name: 'flotilla' }],
      users: [{ name: 'me' }, { name: 'flotilla' }],
    })
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })
  it('replaces our own entries instead of adding them twice', () => {
    const path = file(theirs)
    mergeKubeconfig(path, 'flotilla', ours)
    mergeKubeconfig(path, 'flotilla', ours.replace('6443', '7443'))
    const { clusters } = parse(readFileSync(path, 'utf8')) as {
      clusters: { name: string; cluster: { server: string } }[]
    }
    expect(clusters.filter(({ name }) => name === 'flotilla')).toHaveLength(1)
    expect(clusters[1]?.cluster.server).toBe('https://127.0.0.1:7443')
  })
  it('brings every address of the cluster, and takes along those that it has left', () => {
    const path = file(theirs)
    const named = (file: string) => {
      const { clusters, contexts, users } = parse(readFileSync(file, 'utf8')) as Record<string, { name: string }[]>
      return [clusters, contexts, users].map(list => (list ?? []).map(({ name }) => name).slice(1))
    }
    mergeKubeconfig(path, 'flotilla', withAddresses('https://10.0.0.5:6443', 'https://box.lan:6443'))
    const all = ['flotilla', 'flotilla@10.0.0.5:6443', 'flotilla@box.lan:6443']
    expect(named(path)).toEqual([all, all, ['flotilla']])
    expect(readKubeconfig(path)).toMatchObject({
      server: 'https://127.0.0.1:6443',
      others: ['https://10.0.0.5:6443', 'https://box.lan:6443'],
      kubernetesServiceIP: '10.20.0.1',
    })
    mergeKubeconfig(path, 'flotilla', withAddresses('https://10.0.0.6:6443'))
    expect(named(path)[1]).toEqual(['flotilla', 'flotilla@10.0.0.6:6443'])
    expect(unmergeKubeconfig(path, 'flotilla')).toBe(true)
    expect(parse(readFileSync(path, 'utf8'))).toEqual(parse(theirs))
  })
  it('leaves another cluster alone whose name only looks like one of ours', () => {
    const path = file(theirs.replaceAll('work', 'flotilla@work'))
    mergeKubeconfig(path, 'flotilla', withAddresses())
    expect(unmergeKubeconfig(path, 'flotilla')).toBe(true)
    expect(parse(readFileSync(path, 'utf8'))).toMatchObject({ clusters: [{ name: 'flotilla@work' }] })
  })
  it('follows a symbolic link and leaves it a link', () => {
    const target = file(theirs)
    const link = join(folder(), 'link')
    symlinkSync(target, link)
    mergeKubeconfig(link, 'flotilla', ours)
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(target, 'utf8')).toContain('flotilla')
  })
  it.each([
    ['broken YAML', 'clusters: [', /not valid YAML.*nothing was changed/],
    ['a list', '- a\n- b\n', /not a kubeconfig; nothing was changed/],
  ])('refuses %s and changes nothing', (_what, text, message) => {
    const path = file(text)
    expect(() => mergeKubeconfig(path, 'flotilla', ours)).toThrow(message)
    expect(readFileSync(path, 'utf8')).toBe(text)
  })
})

describe('flotilla connect', () => {
  it('tries every address of the kubeconfig from the host, its loopback, and the address that nodes lead to', () => {
    const identity = readKubeconfig(file(withAddresses('https://10.0.0.5:6443', 'https://[fd00::5]:7443')))
    expect(targetsOf(identity, ['https://box.lan:6443']).map(({ host, port }) => `${host} ${port}`)).toEqual([
      'box.lan 6443',
      '10.0.0.5 6443',
      'fd00::5 7443',
      '127.0.0.1 6443',
      '127.0.0.1 7443',
      '10.20.0.1 443',
    ])
  })
})

describe('unmergeKubeconfig()', () => {
  it('takes our entries out and makes another context current', () => {
    const path = file(theirs)
    mergeKubeconfig(path, 'flotilla', ours)
    expect(unmergeKubeconfig(path, 'flotilla')).toBe(true)
    expect(parse(readFileSync(path, 'utf8'))).toEqual(parse(theirs))
  })
  it('leaves a file without our entries untouched to the byte', () => {
    const path = file(theirs)
    expect(unmergeKubeconfig(path, 'flotilla')).toBe(false)
    expect(readFileSync(path, 'utf8')).toBe(theirs)
  })
  it('has nothing to do where there is no file', () => {
    expect(unmergeKubeconfig(join(folder(), 'none'), 'flotilla')).toBe(false)
  })
})

describe('userKubeconfigPath()', () => {
  it('takes the first file of KUBECONFIG', () => {
    expect(userKubeconfigPath({ KUBECONFIG: ':/a/config:/b/config' })).toBe('/a/config')
  })
  it('is ~/.kube/config otherwise', () => {
    expect(userKubeconfigPath({})).toMatch(/\.kube.config$/)
  })
})
