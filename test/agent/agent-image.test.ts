// The image of an agent whose Docker has a machine of its own, where this machine's programs cannot be copied.
import { type Server, createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Docker from 'dockerode'
import { extract } from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureAgentImage } from '../../src/main/local-node/apart/image.ts'
import { temporaryFolder } from './support/node.ts'

const OTHER = process.arch === 'x64' ? 'aarch64' : 'x86_64'
let folder: ReturnType<typeof temporaryFolder>
let server: Server
/** What a Docker that plays along was asked to build: text by file. */
let built: Map<string, string>
let processor: string
let news: string

beforeEach(async () => {
  folder = temporaryFolder()
  built = new Map()
  processor = OTHER
  news = '{"stream":"Successfully built"}\n'
  server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (path === '/info') return void response.end(JSON.stringify({ Architecture: processor, OperatingSystem: 'Docker "Desktop"\n' })) // prettier-ignore
    if (path !== '/build') return void response.end('[]')
    const entries = extract()
    request.pipe(entries)
    void (async () => {
      for await (const entry of entries) {
        const chunks: Buffer[] = []
        for await (const chunk of entry) chunks.push(chunk as Buffer)
        built.set(entry.header.name, Buffer.concat(chunks).toString('latin1'))
      }
      response.end(news)
    })()
  })
  await new Promise<void>(resolve => server.listen(join(folder.path, 'docker.sock'), resolve))
})
afterEach(() => {
  server.close()
  folder.remove()
})
const ensure = () => ensureAgentImage(new Docker({ socketPath: join(folder.path, 'docker.sock') }))

test('is of Debian’s packages, with the Node for the other processor', async () => {
  expect(await ensure()).toMatch(/^flotilla-agent:[0-9a-f]{12}$/)
  expect(built.get('Dockerfile')).toMatch(/^FROM debian:.*\nRUN apt-get update/)
  const name = OTHER === 'aarch64' ? 'arm64' : 'x64'
  const archive = fileURLToPath(new URL(`../../out/agent/runtime/${name}/node.tar.gz`, import.meta.url))
  expect(built.get('node.tar.gz')).toHaveLength(readFileSync(archive).length)
})
test('tells what the node’s system is, in one line whatever Docker says', async () => {
  await ensure()
  expect(built.get('os-release')).toBe('PRETTY_NAME="Docker Desktop"\n')
})
test('is refused in words when Docker cannot have the packages, also when that comes late', async () => {
  news = '{"stream":"Step 1/6"}\n{"error":"lookup registry-1.docker.io: no such host"}\n'
  await expect(ensure()).rejects.toThrow(
    'the agent’s image could not be made, for which Docker needs its registry and Debian’s packages once: lookup registry-1.docker.io: no such host'.replaceAll('’', "'"),
  ) // prettier-ignore
})
test('is refused for a processor for which there is no agent', async () => {
  processor = 'riscv64'
  await expect(ensure()).rejects.toThrow("Docker's machine has a processor (riscv64) without an agent")
  expect(built.size).toBe(0)
})
