// Every command of kubectl, in two versions, against one cluster. Each line is run by sh in a folder that holds the files of
// `kubectl/`, in a namespace of its own; it must end well and print what is told.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientImage } from '../e2e/support/client-image.ts'
import { repository, until } from '../e2e/support/cluster.ts'
import { flags } from './kubectl-flags.ts'
import * as objects from './kubectl-objects.ts'
import * as running from './kubectl-running.ts'
import { Clients } from './support.ts'

const COMMANDS = {
  'the configuration of the client': objects.config,
  'what the server has': objects.discovery,
  creating: objects.create,
  applying: objects.apply,
  changing: objects.change,
  workloads: running.workloads,
  reading: running.read,
  streams: running.streams,
  'who may what': running.auth,
  'what describes objects': running.descriptions,
  'flags of all these': flags,
  nodes: running.nodes,
  deleting: running.remove,
}

let clients: Clients
let image: string
let node: string

beforeAll(async () => {
  image = clientImage()
  clients = await Clients.start()
  node = await clients.must('kubectl', ['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}'])
})
afterAll(() => clients[Symbol.asyncDispose]())

/** A folder with the files, a kubeconfig of its own, and the version as `kubectl`. */
function workplace(kubectl: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-kubectl-'))
  cpSync(join(repository, 'test/clients/kubectl'), folder, { recursive: true })
  for (const file of readdirSync(folder).filter(name => name.endsWith('.yaml')))
    writeFileSync(join(folder, file), readFileSync(join(folder, file), 'utf8').replace('IMAGE', image))
  cpSync(clients.kubeconfig, join(folder, 'kubeconfig'))
  mkdirSync(join(folder, 'bin'))
  symlinkSync(kubectl, join(folder, 'bin/kubectl'))
  return folder
}

const own = execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim()

describe.each([
  ["the machine's kubectl", own, 'k-own', /Client Version: v1\.[3-9]\d\./],
  ['the newest kubectl', process.env.FLOTILLA_KUBECTL_NEWEST, 'k-newest', /Client Version: v1\.(3[6-9]|[4-9]\d)\./],
])('%s', (_name, kubectl, namespace, version) => {
  let folder: string
  beforeAll(async () => {
    expect(kubectl, 'FLOTILLA_KUBECTL_NEWEST is set by scripts/test.mjs').toBeTruthy()
    folder = workplace(kubectl!)
    await clients.must('kubectl', ['create', 'namespace', namespace])
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const sh = (line: string) =>
    clients.run('sh', ['-c', `cd "$WORK"; ${line}`], {
      WORK: folder,
      KUBECONFIG: join(folder, 'kubeconfig'),
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      IMAGE: image,
      NODE: node,
      NS: namespace,
      MISFITS: join(repository, 'test/clients/misfits.mjs'),
    })

  it('is of its version', async () => expect((await sh('kubectl version --client')).stdout).toMatch(version))

  describe.each(Object.entries(COMMANDS))('%s', (_group, lines) => {
    it.each(lines)('$tells', async ({ line, prints, soon }) => {
      let ran = await sh(line)
      const right = () => ran.code === 0 && prints.test(ran.stdout)
      if (soon && !right()) await until(line, async () => ((ran = await sh(line)), right()))
      expect(ran, line).toMatchObject({ code: 0, stdout: expect.stringMatching(prints) as string })
    })
  })
})
