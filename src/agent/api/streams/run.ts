// Connects a client's streams to a process in a container, until one of them ends.
import { finished } from 'node:stream/promises'
import type { Readable, Writable } from 'node:stream'
import type { ExecSession, ProcessStreams } from '../../kubelet/runtime/contract.ts'
import type { SessionStreams, TerminalSize } from './contract.ts'

const success = { metadata: {}, status: 'Success' as const }

const failure = (message: string) => ({
  metadata: {},
  status: 'Failure' as const,
  message,
  reason: 'InternalError',
  details: { causes: [{ message }] },
  code: 500,
})

const nonZero = (exitCode: number) => ({
  metadata: {},
  status: 'Failure' as const,
  reason: 'NonZeroExitCode',
  message: `command terminated with non-zero exit code: exit status ${exitCode}`,
  details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
})

/** @returns when everything the process wrote is on its way, and what carries it has ended */
async function copy(from: Readable, to: Writable | undefined): Promise<void> {
  if (to) from.pipe(to)
  else from.resume()
  const done = to ? finished(to, { readable: false }) : finished(from)
  await done.catch(() => undefined) // how the process ended, its exit code tells; that the client went, `closed` does
}

/** Of the sizes that come while one is being set, the last one counts: clients send any number of them. */
function oneAtATime(set: (size: TerminalSize) => Promise<void>): (size: TerminalSize) => void {
  let next: TerminalSize | undefined
  let isBusy = false
  const go = async () => {
    isBusy = true
    for (let size = next; size; size = next) {
      next = undefined
      await set(size).catch(() => undefined) // it has ended
    }
    isBusy = false
  }
  return size => {
    next = size
    if (!isBusy) void go()
  }
}

/**
 * @param open starts or joins the process
 * @param endsInput whether the end of the client's input is the end of the process's: of one that others may join later
 *   it is not, and Docker would take the end of it for a farewell and send no more output
 */
export async function runSession(
  client: SessionStreams,
  open: () => Promise<ProcessStreams | ExecSession>,
  endsInput: boolean,
): Promise<void> {
  let process: ProcessStreams | ExecSession
  try {
    process = await open()
  } catch (error) {
    return client.finish(failure((error as Error).message))
  }
  client.closed.addEventListener('abort', () => process.close(), { once: true })
  if (client.closed.aborted) return process.close()
  client.onResize(oneAtATime(({ width, height }) => process.resize(width, height)))
  // The process sees the end of its input; its output goes on.
  client.stdin?.pipe(process.stdin, { end: false })
  if (endsInput) client.stdin?.on('end', () => process.stdin.end())
  await Promise.all([copy(process.stdout, client.stdout), copy(process.stderr, client.stderr)])
  if (client.closed.aborted) return
  try {
    const exitCode = 'exitCode' in process ? await process.exitCode() : 0
    await client.finish(exitCode === 0 ? success : nonZero(exitCode))
  } catch (error) {
    await client.finish(failure((error as Error).message))
  }
}
