// The streams of an exec or attach session, whatever protocol carries them.
import type { Readable, Writable } from 'node:stream'

export interface TerminalSize {
  readonly width: number
  readonly height: number
}

export interface SessionStreams {
  /** Ends when the client closes its standard input. Undefined when none was asked for. */
  readonly stdin: Readable | undefined
  readonly stdout: Writable | undefined
  readonly stderr: Writable | undefined
  /** Calls back for each size that the client sends, the first one included. */
  onResize(listener: (size: TerminalSize) => void): void
  /** Sends the outcome and ends the session. @param status a metav1 Status */
  finish(status: { status: 'Success' | 'Failure'; message?: string }): Promise<void>
  /** Aborted when the client goes away. */
  readonly closed: AbortSignal
}

export interface StreamRequest {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** How long a client may take, after the end of a session, to read what is still on its way to it. */
export const CLOSING_TIMEOUT_MS = 5 * 60_000
