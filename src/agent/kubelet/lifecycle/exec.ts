// Runs a command in a container and collects a bounded part of its output.
import type { ContainerRuntime } from '../runtime/contract.ts'

export interface CommandResult {
  readonly exitCode: number
  readonly output: string
}

const MAX_OUTPUT_BYTES = 10 * 1024

/** @throws Error when it does not end in time: then it is ended */
export async function runCommand(
  runtime: ContainerRuntime,
  containerId: string,
  command: readonly string[],
  timeoutMs: number,
): Promise<CommandResult> {
  const session = await runtime.exec(containerId, { command, stdin: false, tty: false })
  const chunks: Buffer[] = []
  let size = 0
  for (const stream of [session.stdout, session.stderr])
    stream.on('data', (chunk: Buffer) => {
      if (size < MAX_OUTPUT_BYTES) chunks.push(chunk)
      size += chunk.length
    })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      // One that hangs would be one more each time that it is asked.
      session.kill().catch(() => undefined) // it ended meanwhile, with its container or by itself
      reject(new Error(`command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s`))
    }, timeoutMs)
  })
  try {
    const exitCode = await Promise.race([session.exitCode(), late])
    return { exitCode, output: Buffer.concat(chunks).subarray(0, MAX_OUTPUT_BYTES).toString() }
  } finally {
    clearTimeout(timer)
    session.close()
  }
}
