// Local clusters as the window asks for them, where nothing can be made. What can is in test/e2e/window.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { LocalClusterDesk } from '../../src/main/desktop/local-clusters.ts'
import type { LocalClusters } from '../../src/preload/channels.ts'

let folder: string
let told: LocalClusters[]
let desk: LocalClusterDesk
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-local-desk-'))
  vi.stubEnv('DOCKER_HOST', `unix://${folder}/none.sock`)
  told = []
  const windows = { openFile: () => expect.fail('opened'), forgetFile: () => undefined }
  desk = new LocalClusterDesk({ folder, windows, onChange: clusters => told.push(clusters) })
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

it('a machine without Docker says what it lacks, and has no clusters', async () => {
  expect(await desk.list()).toEqual({ clusters: [], problem: expect.stringContaining('Docker is not running here') })
})

it.each([
  ['delete', '../../etc', 0, 'a name has small letters'],
  ['create', 'Local', 1, 'a name has small letters'],
  ['create', 'local', 0, '1 to 20 nodes'],
  ['create', 'local', 1.5, '1 to 20 nodes'],
] as const)('%s of %j with %d nodes is refused before anything is done', async (wish, name, nodes, problem) => {
  await expect(desk.run(wish, name, nodes)).rejects.toThrow(problem)
  expect(told).toEqual([])
})

it('what fails is told, and is being done no longer', async () => {
  await expect(desk.run('create', 'local', 1)).rejects.toThrow('Docker is not running here')
  await expect(desk.run('start', 'local', 0)).rejects.toThrow('Docker is not running here')
  expect(told.at(-1)).toMatchObject({ clusters: [] })
})
