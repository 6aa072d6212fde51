// Requests of a window on their way to a real API server, over TLS.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApiForwarder } from '../../src/main/desktop/api-forwarder.ts'
import { contextAccess } from '../../src/main/desktop/clusters/access.ts'
import { readKubeconfig } from '../../src/main/data-folder/kubeconfig-file.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
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

describe('createApiForwarder()', () => {
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
