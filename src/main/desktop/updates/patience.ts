// Electron's network waits without end for what does not come any more.
import { CancellationToken } from 'builder-util-runtime'

export const PATIENCE_MS = 60_000

/**
 * @param patienceMs after which the work is cancelled, from its start or from when it last told that something came
 * @throws Error when nothing came, or what the work throws
 */
export async function whileItMoves<T>(
  patienceMs: number,
  work: (token: CancellationToken, moved: () => void) => Promise<T>,
): Promise<T> {
  const token = new CancellationToken()
  const timer = setTimeout(() => token.cancel(), patienceMs)
  try {
    return await work(token, () => void timer.refresh())
  } catch (error) {
    throw token.cancelled ? new Error('the update feed does not answer any more') : error
  } finally {
    clearTimeout(timer)
  }
}
