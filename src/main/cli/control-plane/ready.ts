// `flotilla control-plane ready`: waits on a server until the API server of its data folder is ready, and stays so.
import { delay } from '../../../shared/machinery/clock.ts'
import { dataDirLayout } from '../../data-folder/data-dir.ts'
import { readKubeconfig } from '../../data-folder/kubeconfig-file.ts'
import { patientClock } from '../patient-clock.ts'
import { CommandError, UsageError } from '../../process/usage-error.ts'
import { isReady } from './api-call.ts'

const POLL_MS = 100
/** One that ends soon after it began is not. */
const STAYS_MS = 3_000

/** @throws CommandError when it is not within that many seconds */
export async function ready({ dataDir, within }: { readonly dataDir: string; readonly within: string }): Promise<void> {
  if (!/^\d{1,5}$/.test(within)) throw new UsageError(`--within wants seconds, not "${within}"`)
  const identity = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  const end = { identity, name: 'the control plane', url: identity.server }
  const startedMs = patientClock.monotonic()
  let sinceMs: number | undefined
  for (;;) {
    const nowMs = patientClock.monotonic()
    sinceMs = (await isReady(end)) ? (sinceMs ?? nowMs) : undefined
    if (sinceMs !== undefined && nowMs - sinceMs >= STAYS_MS) return
    if (nowMs - startedMs > Number(within) * 1000)
      throw new CommandError(`the control plane is not ready within ${within} s`)
    await delay(patientClock, POLL_MS)
  }
}
