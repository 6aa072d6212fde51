// A command in a container, or its main process, over `v5.channel.k8s.io`: one byte of channel, then the data.
// @see https://kubernetes.io/docs/reference/ "Streaming: remotecommand subprotocol v5", KEP-4006
import { connection } from '../api/connection.ts'
import { t } from '../i18n/i18n.ts'

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const ERROR = 3
const RESIZE = 4
const CLOSE = 255

export interface ExecTarget {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

export interface ExecStreams {
  readonly stdin: boolean
  readonly tty: boolean
}

export interface ExecListener {
  onOpen(): void
  onOutput(data: Uint8Array, isError: boolean): void
  /** @param message how it ended: the command's exit status, or why the connection broke */
  onEnd(message: string, exitCode: number | undefined): void
}

export interface ExecSession {
  /** What comes before the session is open is sent once it is. Resolves when there is room for more. */
  write(data: Uint8Array): Promise<void>
  resize(columns: number, rows: number): void
  close(): void
}

interface ExitStatus {
  readonly status?: string
  readonly message?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] }
}

/** The last message of a session is a Status with the exit code among its causes. */
export function readExitStatus(text: string): { message: string; exitCode: number | undefined } {
  let status: ExitStatus
  try {
    status = JSON.parse(text) as ExitStatus
  } catch {
    return { message: text, exitCode: undefined }
  }
  if (status.status === 'Success') return { message: t('The shell ended.'), exitCode: 0 }
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  return {
    message: status.message ?? t('The command failed.'),
    exitCode: cause === undefined ? undefined : Number(cause),
  }
}

export const frame = (channel: number, data: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(data.length + 1)
  bytes[0] = channel
  bytes.set(data, 1)
  return bytes
}

/** @param command its words; undefined = the main process of the container */
export function openSession(
  { namespace, pod, container }: ExecTarget,
  command: readonly string[] | undefined,
  { stdin, tty }: ExecStreams,
  listener: ExecListener,
): ExecSession {
  const query = new URLSearchParams({ container, stdin: `${stdin}`, stdout: 'true', stderr: `${!tty}`, tty: `${tty}` })
  for (const word of command ?? []) query.append('command', word)
  const verb = command ? 'exec' : 'attach'
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/${verb}?${query.toString()}`
  const socket = connection.openStream(path, ['v5.channel.k8s.io', 'v4.channel.k8s.io'])
  let ended = false
  const end = (message: string, exitCode: number | undefined) => {
    if (ended) return
    ended = true
    listener.onEnd(message, exitCode)
  }
  let early: Uint8Array[] | undefined = []
  socket.onopen = () => {
    const typed = early ?? []
    early = undefined
    listener.onOpen()
    for (const data of typed) void socket.send(data)
  }
  socket.onmessage = data => {
    const channel = data[0]
    const payload = data.subarray(1)
    if (channel === STDOUT || channel === STDERR) listener.onOutput(payload, channel === STDERR)
    else if (channel === ERROR) {
      // Before v5 an empty frame on every channel says that the session is open.
      if (payload.length === 0) return
      const { message, exitCode } = readExitStatus(new TextDecoder().decode(payload))
      end(message, exitCode)
    } else if (channel !== CLOSE && channel !== STDIN && channel !== RESIZE)
      end(`unexpected channel ${String(channel)}`, undefined)
  }
  socket.onclose = (code, reason) =>
    end(reason || (code === 1000 ? t('The session ended.') : t('The connection broke ({code}).', { code })), undefined)
  return {
    write(data) {
      if (!early) return socket.send(frame(STDIN, data))
      early.push(frame(STDIN, data))
      return Promise.resolve()
    },
    resize: (columns, rows) =>
      void socket.send(frame(RESIZE, new TextEncoder().encode(JSON.stringify({ Width: columns, Height: rows })))),
    close: () => socket.close(),
  }
}
