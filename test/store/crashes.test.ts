// kill -9 and power cuts, for real: a process that writes is ended, and what it was told is stored must be there. `npm run
// torture -- crashes` does it more often.
import { expect, test } from 'vitest'
import { bundleWriter, crashes, type CrashOutcome, killed, powerCutSite } from './proof/crashes.ts'
import { tempFolder } from './temp-folder.ts'

function expectNothingLost({ faults, rounds, atPoints, acknowledged }: CrashOutcome, atLeast: number) {
  expect(faults).toEqual([])
  expect(rounds).toBe(atLeast)
  // Both kinds of end have come up: at a named point, and at any moment.
  expect(atPoints).toBeGreaterThan(rounds / 8)
  expect(acknowledged).toBeGreaterThan(10 * rounds)
}

test('80 times kill -9 under 64 writers lose nothing that was acknowledged and tear no transaction', async () => {
  await using folder = await tempFolder()
  expectNothingLost(await crashes(killed(folder.path), await bundleWriter(folder.path), 80, 1), 80)
}, 600_000)

test('20 power cuts of a real file system lose nothing that was acknowledged and tear no transaction', async context => {
  await using folder = await tempFolder()
  const site = await powerCutSite(folder.path).catch((error: Error) =>
    context.skip(`no file system can be mounted on a loop device here: ${error.message}`),
  )
  await using _unmounted = site
  expectNothingLost(await crashes(site, await bundleWriter(folder.path), 20, 1), 20)
}, 600_000)
