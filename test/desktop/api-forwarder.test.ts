// Requests of a window on their way to a real API server, over TLS.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ApiForwarder, createApiForwarder } from '../../src/main/desktop/api-forwarder.ts'
import { type AccessSource, type ClusterAccess, contextAccess } from '../../src/main/desktop/clusters/access.ts'
import { readKubeconfig } from '../../src/main/data-folder/kubeconfig-file.ts'
import { Namespace } from '../../src/shared/api/core/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { startTestApiServer, type TestApiServer } from '../support/api-server.ts'

let cluster: TestApiServer
let folder = ''
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-forwarder-'))
  cluster = await startTestApiServer()
})
afterEach(async () => {
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** As the certificate of its kubeconfig lets in. */
function admin(): AccessSource {
  const { server, ca, cert, key } = readKubeconfig(cluster.kubeconfig)
  const access: ClusterAccess = { server, tls: { ca, cert, key, rejectUnauthorized: true }, headers: {} }
  return { get: () => Promise.resolve(access), refused: () => false }
}

describe('createApiForwarder()', () => {
  const watchNamespaces = async (forwarder: ApiForwarder, resourceVersion: string) => {
    const path = `/api/v1/namespaces?watch=1&resourceVersion=${resourceVersion}`
    const { body } = await forwarder.forward(path, new Request('app://flotilla/'))
    if (!body) throw new Error('it has no body')
    return body
  }
  const revision = async (forwarder: ApiForwarder) => {
    const answer = await forwarder.forward('/api/v1/namespaces', new Request('app://flotilla/'))
    const { metadata } = (await answer.json()) as { metadata: { resourceVersion: string } }
    return metadata.resourceVersion
  }
  const textOf = (body: ReadableStream<Uint8Array>) => new Response(body).text()

  it('ends a watch in which nothing is said for long, without a fault, so that it is begun anew', async () => {
    const clock = new ManualClock()
    await using forwarder = createApiForwarder(admin(), clock)
    const from = await revision(forwarder)
    await cluster.clientAs().create(Namespace, { metadata: { name: 'shop' }, spec: {} })
    const reader = (await watchNamespaces(forwarder, from)).getReader()
    const first = await reader.read()
    expect(new TextDecoder().decode(first.value)).toContain('"name":"shop"')
    const next = reader.read()
    await clock.advance(100_000)
    await cluster.clientAs().create(Namespace, { metadata: { name: 'later' }, spec: {} })
    expect(new TextDecoder().decode((await next).value), 'something was said').toContain('"name":"later"')
    const last = reader.read()
    await clock.advance(100_000)
    await clock.advance(100_000)
    expect(await last).toMatchObject({ done: true })
  })

  it('ends all watches at once when it is told to, and leaves other answers alone', async () => {
    await using forwarder = createApiForwarder(admin())
    const from = await revision(forwarder)
    const watches = await Promise.all([watchNamespaces(forwarder, from), watchNamespaces(forwarder, from)])
    const list = await forwarder.forward('/api/v1/namespaces', new Request('app://flotilla/'))
    const ends = watches.map(textOf)
    forwarder.endWatches()
    expect(await Promise.all(ends)).toEqual(['', ''])
    expect(await list.json()).toMatchObject({ kind: 'NamespaceList' })
  })

  it('gets new credentials once for all requests that were refused together, and loses none of them', async () => {
    const { server, ca, cert, key } = readKubeconfig(cluster.kubeconfig)
    const reply = (status: object) =>
      JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })
    writeFileSync(join(folder, 'first'), reply({ token: 'no-longer-good' }))
    writeFileSync(join(folder, 'later'), reply({ clientCertificateData: cert, clientKeyData: key }))
    const script = `#!/bin/sh
cd '${folder}'
if [ -f runs ]; then cat later; else cat first; fi
echo run >> runs
`
    writeFileSync(join(folder, 'plugin'), script, { mode: 0o755 })
    const config = {
      clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
      users: [{ name: 'u', user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin' } } }],
      contexts: [{ name: 'one', context: { cluster: 'c', user: 'u' } }],
    }
    const path = join(folder, 'config')
    writeFileSync(path, JSON.stringify(config))
    const confirm = () => Promise.resolve(true)
    await using forwarder = createApiForwarder(contextAccess({ path, context: 'one', clock: systemClock, confirm }))
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => forwarder.forward('/api/v1/namespaces', new Request('app://flotilla/'))),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\nrun\n')
  })
})
