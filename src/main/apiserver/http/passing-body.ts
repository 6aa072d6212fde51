// A request's body on its way to something in the cluster: of any length, sent on as it comes.
import type { Readable } from 'node:stream'
import { bodyGone, bodyLate, isGone, usualBodyTimer } from './read-body.ts'

export interface PassingBody {
  readonly stream: Readable
  /** Undefined where the client does not say. */
  readonly length: number | undefined
}

/**
 * Waits until something of it is there: a body that never comes is not worth a connection.
 * @returns undefined where there is none
 * @throws ApiError 400, 408
 */
export async function passingBody(
  stream: Readable,
  length: number | undefined,
  timer = usualBodyTimer,
): Promise<PassingBody | undefined> {
  if (isGone(stream)) throw bodyGone()
  if (length === 0 || stream.readableEnded) return undefined
  return (await begins(stream, timer)) ? { stream, length } : undefined
}

function begins(stream: Readable, timer: typeof usualBodyTimer): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = timer.after(() => finish(() => reject(bodyLate())))
    const finish = (settle: () => void) => {
      cancel()
      stream.off('readable', onReadable)
      stream.off('end', onEnd)
      stream.off('error', onGone)
      stream.off('close', onGone)
      settle()
    }
    const onReadable = () => {
      if (stream.readableLength > 0) finish(() => resolve(true))
      else stream.read() // its end is told only once it is asked for
    }
    const onEnd = () => finish(() => resolve(false))
    const onGone = () => finish(() => reject(bodyGone()))
    stream.on('readable', onReadable)
    stream.on('end', onEnd)
    stream.on('error', onGone)
    stream.on('close', onGone)
  })
}
