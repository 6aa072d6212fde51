// Runs one command in a container to its end: bytes in, bytes out.
import { type ExecTarget, openSession } from '../dock/exec-session.ts'

/** Where commands run, and what stands before each of them. */
export interface CommandTarget extends ExecTarget {
  readonly within?: readonly string[]
}

export interface CommandOptions {
  readonly signal: AbortSignal
  readonly onOutput: (data: Uint8Array) => void
  /** Fed to the command as it takes them. */
  readonly input?: AsyncIterable<Uint8Array>
}

export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly exitCode: number | undefined

  constructor(message: string, exitCode: number | undefined) {
    super(message)
    this.exitCode = exitCode
  }
}

/** What a command complains of is shown to people: not more than they read. */
const MOST_COMPLAINT_BYTES = 2_000

/** @throws CommandFailed when it does not end with 0, with what it printed to its error output */
export function runCommand(
  target: CommandTarget,
  command: readonly string[],
  { signal, onOutput, input }: CommandOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    let complaint = ''
    const decoder = new TextDecoder()
    const finish = (message: string, exitCode: number | undefined) => {
      signal.removeEventListener('abort', stop)
      session.close()
      if (exitCode === 0) resolve()
      else reject(new CommandFailed(complaint.trim() || message, exitCode))
    }
    const feed = async () => {
      for await (const chunk of input ?? []) {
        if (signal.aborted) return
        await session.write(chunk)
      }
    }
    const session = openSession(
      target,
      [...(target.within ?? []), ...command],
      { stdin: input !== undefined, tty: false },
      {
        onOpen: () => void feed().catch((error: unknown) => finish(String(error), undefined)),
        onOutput(data, isError) {
          if (!isError) onOutput(data)
          else if (complaint.length < MOST_COMPLAINT_BYTES) complaint += decoder.decode(data, { stream: true })
        },
        onEnd: finish,
      },
    )
    const stop = () => {
      session.close()
      reject(new DOMException('stopped', 'AbortError'))
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}
