// Local clusters as the window asks for them, where nothing can be made. What can is in test/e2e/window.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LocalClusterDesk } from '../../src/main/desktop/local-clusters.ts'
import { type LocalClusterState, writeState } from '../../src/main/local-cluster/state.ts'
import { processStart } from '../../src/main/process/process-start.ts'
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

describe('after a start of the machine', () => {
  const cluster = (name: string, facts: Partial<LocalClusterState>) => {
    mkdirSync(join(folder, name, 'control-plane'), { recursive: true })
    writeState(folder, { name, subnet: '172.18.0.0/16', gateway: '172.18.0.1', port: 6444, nodes: [], ...facts })
  }
  /** What was started, once the app has looked. */
  async function startedAgain(): Promise<(readonly string[])[]> {
    const started: (readonly string[])[] = []
    const serve = (args: readonly string[]) => (started.push(args), Promise.resolve({ ended: new Promise<string>(() => undefined) })) // prettier-ignore
    const windows = { openFile: () => undefined, forgetFile: () => undefined }
    await new LocalClusterDesk({ folder, windows, serve, onChange: () => undefined }).startAgain()
    return started
  }

  it('control planes that are processes are started again, without a Docker that answers yet', async () => {
    cluster('wanted', { isApart: true })
    cluster('stopped', { isApart: true, isStopped: true })
    cluster('contained', {})
    cluster('running', { isApart: true })
    const own = { pid: process.pid, processStart: processStart(process.pid) }
    writeFileSync(join(folder, 'running', 'control-plane', 'runtime.json'), JSON.stringify(own))
    const [args, ...others] = await startedAgain()
    expect(others).toEqual([])
    expect(args).toEqual([
      'serve', '--data-dir', join(folder, 'wanted', 'control-plane'), '--listen', '127.0.0.1:6444',
      '--advertise', '172.18.0.1', '--loopback-node-ports', '--local-cluster', join(folder, 'wanted'),
    ]) // prettier-ignore
  })
  it('nothing is done where there never was one', async () => {
    rmSync(folder, { recursive: true })
    expect(await startedAgain()).toEqual([])
    mkdirSync(folder)
  })
})
