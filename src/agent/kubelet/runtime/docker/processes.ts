// exec, attach and logs: byte streams in and out of containers.
import { readFile, readlink } from 'node:fs/promises'
import { PassThrough, type Duplex, Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type Docker from 'dockerode'
import type { ExecQuery, ExecSession, LogQuery, ProcessStreams } from '../contract.ts'
import { MergedOutput, splitOutput, type SplitOutput } from './demultiplex.ts'
import { docker } from './errors.ts'

function outputOf(stream: Duplex, tty: boolean): SplitOutput {
  if (!tty) return splitOutput(stream)
  const stdout = new PassThrough()
  stream.pipe(stdout)
  stream.on('close', () => stdout.end()).on('error', () => stdout.end())
  return { stdout, stderr: Readable.from([]) }
}

export async function execIn(engine: Docker, id: string, query: ExecQuery): Promise<ExecSession> {
  const exec = await docker(() =>
    engine.getContainer(id).exec({
      Cmd: [...query.command],
      AttachStdin: query.stdin,
      AttachStdout: true,
      AttachStderr: true,
      Tty: query.tty,
    }),
  )
  const stream = await docker(() => exec.start({ hijack: true, stdin: query.stdin, Tty: query.tty }))
  const { stdout, stderr } = outputOf(stream, query.tty)
  const ended = finished(stream, { writable: false }).catch(() => undefined) // how it ended, `exitCode` tells
  return {
    stdin: stream,
    stdout,
    stderr,
    resize: (width, height) => docker(() => exec.resize({ w: width, h: height })).then(() => undefined),
    close: () => stream.destroy(),
    async exitCode() {
      await ended
      for (;;) {
        const { Running, ExitCode } = await docker(() => exec.inspect())
        if (!Running) return ExitCode ?? 0
        // The output of a process that handed its streams to a child ends before it: rare, and short.
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
    async kill() {
      stream.destroy()
      const { Running, Pid } = await docker(() => exec.inspect())
      if (!Running) return
      const { State } = await docker(() => engine.getContainer(id).inspect())
      if (await isInContainer(Pid, { id, pid: State.Pid })) process.kill(Pid, 'SIGKILL')
    },
  }
}

/**
 * Docker has no call that ends it, and numbers of processes are given out again. Where containers have no cgroups of
 * their own, they may still have mounts.
 */
async function isInContainer(pid: number, container: { readonly id: string; readonly pid: number }): Promise<boolean> {
  const mounts = (of: number | string) => readlink(`/proc/${of}/ns/mnt`)
  try {
    if ((await readFile(`/proc/${pid}/cgroup`, 'utf8')).includes(container.id)) return true
    const [theirs, itsOwn, ours] = await Promise.all([mounts(pid), mounts(container.pid), mounts('self')])
    return theirs === itsOwn && theirs !== ours
  } catch {
    return false // one of them has ended
  }
}

export async function attachTo(
  engine: Docker,
  id: string,
  query: { readonly stdin: boolean; readonly tty: boolean },
): Promise<ProcessStreams> {
  const container = engine.getContainer(id)
  const stream = (await docker(() =>
    container.attach({ stream: true, hijack: true, stdin: query.stdin, stdout: true, stderr: true }),
  )) as unknown as Duplex
  // Of one that has ended meanwhile, Docker would wait for the next start.
  const { State } = await docker(() => container.inspect())
  if (!State.Running) {
    stream.destroy()
    throw new Error('the container has ended')
  }
  return {
    stdin: stream,
    ...outputOf(stream, query.tty),
    resize: (width, height) => docker(() => container.resize({ w: width, h: height })).then(() => undefined),
    close: () => stream.destroy(),
  }
}

/** What is not followed, the engine's client would collect as a whole, and take for an object where it looks like one. */
function streamLogs(engine: Docker, id: string, query: LogQuery): Promise<Readable> {
  const { modem } = engine as unknown as { readonly modem: Modem }
  const options = {
    stdout: true,
    stderr: true,
    follow: query.follow,
    timestamps: query.timestamps,
    ...(query.tailLines === undefined ? {} : { tail: query.tailLines }),
    ...(query.sinceSeconds === undefined ? {} : { since: query.sinceSeconds }),
  }
  const request = {
    path: `/containers/${id}/logs?`,
    method: 'GET',
    isStream: true,
    statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
    options,
    ...(query.signal ? { abortSignal: query.signal } : {}),
  }
  return new Promise((resolve, reject) =>
    modem.dial(request, (error, answer) => (error ? reject(error) : resolve(answer as Readable))),
  )
}

interface Modem {
  dial(request: object, callback: (error: Error | null, answer: unknown) => void): void
}

export async function logsOf(engine: Docker, id: string, query: LogQuery): Promise<Readable> {
  const container = engine.getContainer(id)
  const { Config } = await docker(() => container.inspect())
  const raw = await docker(() => streamLogs(engine, id, query))
  if (Config.Tty) return raw
  const merged = new MergedOutput(query.timestamps)
  raw.on('error', error => merged.destroy(error))
  merged.on('close', () => raw.destroy())
  return raw.pipe(merged)
}
