// GET /containerLogs/{namespace}/{pod}/{container}
import type { ServerResponse } from 'node:http'
import { Transform, type TransformCallback } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ContainerState, Pod } from '../../shared/api/core/v1.ts'
import { type ApiContext, HttpError, containersNamed, findPod } from './contract.ts'

const isTrue = (text: string | null): boolean => text === 'true' || text === '1'

/** Ends the stream after so many bytes. */
class Limit extends Transform {
  #left: number
  readonly #onFull: () => void

  constructor(bytes: number, onFull: () => void) {
    super()
    this.#left = bytes
    this.#onFull = onFull
  }
  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const part = chunk.subarray(0, this.#left)
    this.#left -= part.length
    if (part.length > 0) this.push(part)
    if (this.#left === 0) {
      this.push(null)
      this.#onFull()
    }
    done()
  }
}

export async function serveLogs(
  context: ApiContext,
  [namespace = '', podName = '', containerName = '']: readonly string[],
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const pod = findPod(context, namespace, podName)
  const containers = await containersNamed(context, pod, containerName)
  const previous = isTrue(query.get('previous'))
  // While a container waits to be started again, the run before is the one that has just ended.
  const isWaiting = stateOf(pod, containerName)?.waiting !== undefined
  const container = containers[previous && !isWaiting ? 1 : 0]
  if (!container) throw missing(pod, containerName, previous)
  const stop = new AbortController()
  response.on('close', () => stop.abort())
  const tail = query.get('tailLines')
  const limit = query.get('limitBytes')
  const since = sinceSeconds(query, context.clock.now())
  const stream = await context.runtime.logs(container.id, {
    follow: isTrue(query.get('follow')) && !previous && container.state === 'running',
    timestamps: isTrue(query.get('timestamps')),
    ...(tail === null ? {} : { tailLines: Number(tail) }),
    ...(since === undefined ? {} : { sinceSeconds: since }),
    signal: stop.signal,
  })
  response.writeHead(200, { 'Content-Type': 'text/plain' })
  // The client wants to see that the stream is open before the first line comes.
  response.flushHeaders()
  try {
    if (limit === null) await pipeline(stream, response)
    else await pipeline(stream, new Limit(Number(limit), () => stop.abort()), response)
  } catch (error) {
    // The reader went away, or had enough.
    if (!stop.signal.aborted) throw error
    response.end()
  } finally {
    stream.destroy()
  }
}

function sinceSeconds(query: URLSearchParams, nowMs: number): number | undefined {
  const seconds = query.get('sinceSeconds')
  if (seconds !== null) return Math.floor(nowMs / 1000 - Number(seconds))
  const time = query.get('sinceTime')
  const parsed = time === null ? Number.NaN : Date.parse(time)
  return Number.isNaN(parsed) ? undefined : parsed / 1000
}

const OF_PULLS: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
}

const stateOf = ({ status }: Pod, name: string): ContainerState | undefined =>
  [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses]
    .flatMap(statuses => statuses ?? [])
    .find(one => one.name === name)?.state

/** The runtime has none of it: it is still to come, or has gone. */
function missing(pod: Pod, name: string, previous: boolean): HttpError {
  const which = `container "${name}" in pod "${pod.metadata.name}"`
  if (previous) return new HttpError(400, `previous terminated ${which} not found`)
  const state = stateOf(pod, name)
  if (state?.terminated)
    return new HttpError(400, `unable to retrieve container logs for ${state.terminated.containerID ?? which}`)
  const reason = state?.waiting?.reason ?? 'ContainerCreating'
  return new HttpError(400, `${which} is waiting to start: ${OF_PULLS[reason] ?? reason}`)
}
