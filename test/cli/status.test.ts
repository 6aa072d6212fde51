// `flotilla status` of servers that are not of its version.
import { writeFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { status } from '../../src/main/cli/status.ts'
import { dataDirLayout } from '../../src/main/data-folder/data-dir.ts'
import { startTestApiServer } from '../support/api-server.ts'

afterEach(() => void vi.restoreAllMocks())

test('a server that was started before an upgrade and does not tell why its machine is no node has a status', async () => {
  await using server = await startTestApiServer()
  const running = { pid: process.pid, url: server.url, startedAt: '' }
  writeFileSync(dataDirLayout(server.dataDir).runtime, JSON.stringify(running))
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation(line => void lines.push(String(line)))
  await status(server.dataDir, false)
  expect(lines.join('\n')).toMatch(/^running +https:.+\n.+\nnode +none$/)
})
