// The app's control plane moves away and comes back, while the app goes on.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ApiEnd, beginMove, commitMove, isReady } from '../../src/main/cli/control-plane/api-call.ts'
import { startControlPlane } from '../../src/main/control-plane.ts'
import { ControlPlaneHost, withSignpost } from '../../src/main/desktop/control-plane-host.ts'
import { desktopOptions } from '../../src/main/desktop/options.ts'
import { removeMark } from '../../src/main/move/mark.ts'
import type { ControlPlaneStatus } from '../../src/preload/channels.ts'
import { eventually } from '../support/eventually.ts'

const MOVE = { id: '00000000-0000-4000-8000-000000000001', to: 'root@box', servers: ['https://10.0.0.7:6443'] }
/** A control plane starts three times. */
const LONG_MS = 60_000
let dataDir: string
let host: ControlPlaneHost

function makeHost(): ControlPlaneHost {
  const options = desktopOptions(['--data-dir', dataDir, '--listen', '127.0.0.1:0', '--no-local-node'], {})
  return new ControlPlaneHost(
    async given => withSignpost(await startControlPlane(given), given),
    { canRemember: false, find: () => Promise.resolve(undefined), remember: () => Promise.resolve() },
    options,
    { onStatus: (_status: ControlPlaneStatus) => undefined, onMoved: () => undefined, log: () => undefined },
  )
}
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'flotilla-app-'))
  host = makeHost()
})
afterEach(async () => {
  await host[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
})

async function moveAway(): Promise<ApiEnd> {
  const { identity } = host
  if (!identity) throw new Error('it does not run')
  const end = { identity, name: 'the app', url: identity.server }
  const held = await beginMove(end, MOVE)
  for await (const _event of held.events);
  await commitMove(end, MOVE)
  held.release()
  await eventually(() => expect(host.status).toMatchObject({ state: 'failed', problem: { kind: 'moved' } }))
  return end
}

test(
  'while its control plane is elsewhere the old address says where, and it goes on by itself when that is back',
  async () => {
    await host.start()
    const end = await moveAway()
    await expect(beginMove(end, MOVE)).rejects.toThrow(/has moved to root@box \(https:\/\/10\.0\.0\.7:6443\)/)
    await removeMark(dataDir)
    await eventually(() => expect(host.status.state).toBe('running'))
    const { identity } = host
    expect(identity && (await isReady({ identity, name: 'the app', url: identity.server }))).toBe(true)
  },
  LONG_MS,
)

test(
  'an app that is started meanwhile goes on by itself, too; one that ends waits for nothing',
  async () => {
    await host.start()
    await moveAway()
    await host[Symbol.asyncDispose]()
    host = makeHost()
    expect(await host.start()).toMatchObject({ state: 'failed', problem: { kind: 'moved' } })
    await removeMark(dataDir)
    await eventually(() => expect(host.status.state).toBe('running'))
  },
  LONG_MS,
)
