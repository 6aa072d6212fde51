// Reads a request's body whole, within the limit.
import type { Readable } from 'node:stream'
import { systemClock } from '../../../shared/machinery/clock.ts'
import { SharedTimer } from '../../../shared/machinery/shared-timer.ts'
import { ApiError, tooManyRequests } from '../../../shared/machinery/status.ts'
import type { HeldBytes } from './shared-bytes.ts'

export const MAX_BODY_BYTES = 3 * 1024 * 1024

export const tooLarge = (maxBytes = MAX_BODY_BYTES) =>
  new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${maxBytes}`)

/** Within the time that a request has; a client that trickles holds its memory no longer. */
export const usualBodyTimer = new SharedTimer(systemClock, 55_000)

export const bodyLate = () => new ApiError(408, 'Timeout', 'the request body did not come in time')
export const bodyGone = () => new ApiError(400, 'BadRequest', 'the client went away before its body was read')

/** Whether the client went before. Over HTTP/2 the rest of its body then looks like the end. */
export const isGone = (stream: Readable): boolean =>
  stream.readableAborted || ('aborted' in stream && stream.aborted === true)

/** How much of a body that is too large is read all the same, so that a client that only writes gets to its answer. */
const DISCARD_BYTES = 16 * 1024 * 1024
const DISCARD_MS = 2_000

/** Reads and drops the rest of the body, within limits. @throws ApiError 413, always */
function discard(stream: Readable, maxBytes: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    let bytes = 0
    const timer = setTimeout(() => finish(), DISCARD_MS)
    const finish = () => {
      clearTimeout(timer)
      stream.off('data', count)
      for (const event of ['end', 'error', 'close']) stream.off(event, finish)
      reject(tooLarge(maxBytes))
    }
    const count = (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > DISCARD_BYTES) finish()
    }
    stream.on('data', count)
    for (const event of ['end', 'error', 'close']) stream.on(event, finish)
  })
}

const tooMuchHeld = () =>
  tooManyRequests('the bodies of this user’s requests take too much of the server’s memory, please try again later', 1)

/**
 * @param declared the Content-Length, when there is one
 * @param hold accounts for what is read; its function is called where the rest must not be read
 * @throws ApiError 400, 408, 413, 429
 */
export function readBody(
  stream: Readable,
  declared: number | undefined,
  {
    maxBytes = MAX_BODY_BYTES,
    timer = usualBodyTimer,
    hold,
  }: { maxBytes?: number; timer?: SharedTimer; hold?: ((refuse: () => void) => HeldBytes) | undefined } = {},
): Promise<Buffer> {
  if (isGone(stream)) return Promise.reject(bodyGone())
  if (declared !== undefined && declared > maxBytes) return discard(stream, maxBytes)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let held: HeldBytes | undefined
    const cancel = timer.after(() => fail(bodyLate()))
    const finish = (settle: () => void) => {
      cancel()
      stream.off('data', onData)
      stream.off('end', onEnd)
      stream.off('error', onGone)
      stream.off('close', onGone)
      settle()
    }
    const fail = (error: ApiError) => {
      held?.release()
      finish(() => reject(error))
    }
    const onData = (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes) {
        held?.release()
        return finish(() => void discard(stream, maxBytes).catch(reject))
      }
      chunks.push(chunk)
      held ??= hold?.(() => fail(tooMuchHeld()))
      held?.grow(chunk.length)
    }
    const onEnd = () => {
      held?.keep()
      finish(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, bytes)))
    }
    const onGone = () => fail(bodyGone())
    stream.on('data', onData)
    stream.on('end', onEnd)
    stream.on('error', onGone)
    stream.on('close', onGone)
  })
}
